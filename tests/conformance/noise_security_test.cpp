// SPDX-License-Identifier: MIT OR Apache-2.0
#include <libp2p/conformance/security_suite.hpp>
#include <libp2p/security_protocols.hpp>

namespace {

libp2p::conformance::SecurityProvider noise() {
    libp2p::conformance::SecurityProvider provider;
    provider.name = "noise";
    provider.make = libp2p::make_noise;
    return provider;
}

INSTANTIATE_TEST_SUITE_P(Noise, SecuritySuite, testing::Values(noise()), libp2p::conformance::name_of);

}  // namespace
