// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/conformance/provider_name.hpp>
#include <libp2p/muxer.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

/// Tests for a stream multiplexer, over a channel of memory:
///
///     #include <libp2p/conformance/muxer_suite.hpp>
///
///     libp2p::conformance::MuxerProvider mine() {
///         libp2p::conformance::MuxerProvider provider;
///         provider.name = "mine";
///         provider.make = [](const libp2p::Limits& limits, const libp2p::Timeouts& timeouts) {
///             return std::make_unique<MyMuxer>(limits, timeouts);
///         };
///         return provider;
///     }
///
///     INSTANTIATE_TEST_SUITE_P(Mine, MuxerSuite, testing::Values(mine()), libp2p::conformance::name_of);
///
/// Link with libp2p::conformance and GTest::gtest_main.
namespace libp2p::conformance {

struct MuxerProvider {
    std::string name;
    std::function<std::unique_ptr<Muxer>(const Limits& limits, const Timeouts& timeouts)> make;

    friend std::ostream& operator<<(std::ostream& out, const MuxerProvider& provider) { return out << provider.name; }
};

class MuxerSuite : public testing::TestWithParam<MuxerProvider> {
public:
    MuxerSuite();
    ~MuxerSuite() override;

protected:
    void TearDown() override;

    class Bench;
    std::unique_ptr<Bench> bench_;
};

bool link_muxer_suite() noexcept;

namespace {
// Without it the linker would leave the tests in the library.
[[maybe_unused]] const bool muxer_suite_is_linked = link_muxer_suite();
}  // namespace

}  // namespace libp2p::conformance

using libp2p::conformance::MuxerSuite;  // INSTANTIATE_TEST_SUITE_P takes no qualified name
