// SPDX-License-Identifier: MIT OR Apache-2.0
#include <libp2p/conformance/muxer_suite.hpp>
#include <libp2p/muxers.hpp>

namespace {

libp2p::conformance::MuxerProvider yamux() {
    libp2p::conformance::MuxerProvider provider;
    provider.name = "yamux";
    provider.make = libp2p::make_yamux;
    return provider;
}

INSTANTIATE_TEST_SUITE_P(Yamux, MuxerSuite, testing::Values(yamux()), libp2p::conformance::name_of);

}  // namespace
