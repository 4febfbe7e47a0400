// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/conformance/provider_name.hpp>
#include <libp2p/keys.hpp>
#include <libp2p/security.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

/// Tests for a security protocol, over a wire of memory that can be cut, bent and listened to:
///
///     #include <libp2p/conformance/security_suite.hpp>
///
///     libp2p::conformance::SecurityProvider mine() {
///         libp2p::conformance::SecurityProvider provider;
///         provider.name = "mine";
///         provider.make = [](libp2p::Identity identity) { return std::make_unique<MySecurity>(std::move(identity)); };
///         return provider;
///     }
///
///     INSTANTIATE_TEST_SUITE_P(Mine, SecuritySuite, testing::Values(mine()), libp2p::conformance::name_of);
///
/// Link with libp2p::conformance and GTest::gtest_main.
namespace libp2p::conformance {

struct SecurityProvider {
    std::string name;
    std::function<std::unique_ptr<SecurityProtocol>(Identity identity)> make;
    bool has_early_muxer = true;  ///< agrees on a muxer inside the handshake
    bool has_prologue = true;     ///< mixes `SecurityOptions::prologue` in

    friend std::ostream& operator<<(std::ostream& out, const SecurityProvider& provider) {
        return out << provider.name;
    }
};

class SecuritySuite : public testing::TestWithParam<SecurityProvider> {
public:
    SecuritySuite();
    ~SecuritySuite() override;

protected:
    class Bench;
    std::unique_ptr<Bench> bench_;
};

bool link_security_suite() noexcept;

namespace {
// Without it the linker would leave the tests in the library.
[[maybe_unused]] const bool security_suite_is_linked = link_security_suite();
}  // namespace

}  // namespace libp2p::conformance

using libp2p::conformance::SecuritySuite;  // INSTANTIATE_TEST_SUITE_P takes no qualified name
