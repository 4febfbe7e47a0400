// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/early_datagrams.hpp"

#include "transports/webrtc/private/private_endpoint.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace libp2p::webrtc {
namespace {

TEST(EarlyDatagrams, KeepsTheFirstInTheirOrder) {
    EarlyDatagrams early;
    early.keep(Bytes{1});
    early.keep(Bytes{2, 2});
    const auto taken = early.take();
    ASSERT_EQ(taken.size(), 2U);
    EXPECT_EQ(taken[0], Bytes{1});
    EXPECT_EQ(taken[1], (Bytes{2, 2}));
    EXPECT_TRUE(early.take().empty());
}

TEST(EarlyDatagrams, AFloodOfThemIsDroppedPastTheBounds) {
    EarlyDatagrams early;
    for (std::size_t i = 0; i < 100'000; ++i) {
        const Bytes datagram(i % 2 == 0 ? EarlyDatagrams::kMaxSize : EarlyDatagrams::kMaxSize + 1 + i % 1000);
        early.keep(datagram);
    }
    std::size_t octets = 0;
    const auto taken = early.take();
    for (const auto& datagram : taken) {
        octets += datagram.size();
    }
    EXPECT_EQ(taken.size(), EarlyDatagrams::kMaxCount);
    EXPECT_EQ(octets, EarlyDatagrams::kMaxCount * EarlyDatagrams::kMaxSize);
    EXPECT_LE(octets, PrivateEndpoint::kAgentMemory) << "what an agent is charged for pays for them";
}

}  // namespace
}  // namespace libp2p::webrtc
