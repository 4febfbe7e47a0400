// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/channel_ids.hpp"

#include <gtest/gtest.h>

namespace libp2p::webrtc {
namespace {

TEST(ChannelIds, TheClientsAreEvenAndTheServersOdd) {
    ChannelIds client(true);
    ChannelIds server(false);
    client.set_limit(8);
    server.set_limit(8);
    for (std::uint16_t expected : {std::uint16_t{2}, std::uint16_t{4}, std::uint16_t{6}}) {
        EXPECT_EQ(client.take(), expected) << "0 is the handshake's";
    }
    EXPECT_FALSE(client.has_free());
    EXPECT_FALSE(client.take());
    for (std::uint16_t expected : {std::uint16_t{1}, std::uint16_t{3}, std::uint16_t{5}, std::uint16_t{7}}) {
        EXPECT_EQ(server.take(), expected);
    }
    EXPECT_FALSE(server.take());
}

TEST(ChannelIds, NoneBeforeTheLimitIsKnown) {
    ChannelIds ids(true);
    EXPECT_FALSE(ids.has_free());
    EXPECT_FALSE(ids.take());
}

TEST(ChannelIds, OnesThatRestedLongestComeFirstAndFreshOnesBeforeThem) {
    ChannelIds ids(true);
    ids.set_limit(8);
    EXPECT_EQ(ids.take(), 2);
    EXPECT_EQ(ids.take(), 4);
    ids.give_back(4);
    ids.give_back(2);
    EXPECT_EQ(ids.take(), 6);
    EXPECT_TRUE(ids.has_free());
    EXPECT_EQ(ids.take(), 4);
    EXPECT_EQ(ids.take(), 2);
    EXPECT_FALSE(ids.has_free());
}

}  // namespace
}  // namespace libp2p::webrtc
