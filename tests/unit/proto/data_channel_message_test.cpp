// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/data_channel_message.hpp"

#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

#include <string>

namespace libp2p::webrtc {
namespace {

using proto::DecodeErrc;
using tests::hex;
using tests::unhex;

boost::system::error_code error_of(std::string_view message) {
    const auto octets = unhex(message);
    return decode_data_channel_message(octets).error();
}

TEST(DataChannelMessage, WritesWhatRfc8832Says) {
    EXPECT_EQ(hex(kDataChannelOpen), "030000000000000000000000");
    EXPECT_EQ(hex(kDataChannelAck), "02");
}

TEST(DataChannelMessage, ReadsItsOwn) {
    EXPECT_EQ(decode_data_channel_message(kDataChannelOpen).value(), DataChannelMessage(DataChannelOpen{}));
    EXPECT_EQ(decode_data_channel_message(kDataChannelAck).value(), DataChannelMessage(DataChannelAck{}));
}

TEST(DataChannelMessage, ReadsEveryField) {
    const auto octets = unhex(
        "03820100"
        "000003e8"
        "0004"
        "0006"
        "696e6974"
        "2f612f62"
        "2f63"
    );
    const auto message = decode_data_channel_message(octets);
    ASSERT_TRUE(message.has_value());
    const auto& open = std::get<DataChannelOpen>(*message);
    EXPECT_EQ(open.channel_type, channel_type::kUnordered | channel_type::kPartialReliableTimed);
    EXPECT_FALSE(open.is_ordered());
    EXPECT_EQ(open.priority, 256);
    EXPECT_EQ(open.reliability, 1000U);
    EXPECT_EQ(open.label, "init");
    EXPECT_EQ(open.protocol, "/a/b/c");
    EXPECT_EQ(static_cast<const void*>(open.label.data()), octets.data() + 12) << "borrowed, not copied";
}

TEST(DataChannelMessage, AcceptsTheLongestTexts) {
    auto octets = unhex("0300000000000000ffffffff");
    octets.resize(octets.size() + 2 * 0xffff, 'x');
    const auto message = decode_data_channel_message(octets);
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(std::get<DataChannelOpen>(*message).label.size(), 0xffffU);
    EXPECT_EQ(std::get<DataChannelOpen>(*message).protocol.size(), 0xffffU);
}

TEST(DataChannelMessage, RefusesEveryPrefix) {
    const auto octets = unhex(
        "03000000000000000002000361626364"
        "65"
    );
    ASSERT_TRUE(decode_data_channel_message(octets).has_value());
    for (std::size_t size = 0; size < octets.size(); ++size) {
        const auto part = std::span(octets).first(size);
        EXPECT_EQ(decode_data_channel_message(part).error(), make_error_code(DecodeErrc::need_more)) << size;
    }
}

TEST(DataChannelMessage, TakesTheFourOctetsThatPionAcknowledgesWith) {
    const auto message = decode_data_channel_message(unhex("02000000"));
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(*message, DataChannelMessage(DataChannelAck{}));
}

TEST(DataChannelMessage, RefusesWhatFollows) {
    EXPECT_EQ(error_of("03000000000000000000000000"), make_error_code(DecodeErrc::trailing_bytes));
}

TEST(DataChannelMessage, KnowsTheTypes) {
    for (unsigned type = 0; type < 256; ++type) {
        auto octets = unhex("030000000000000000000000");
        octets[1] = static_cast<std::uint8_t>(type);
        const auto message = decode_data_channel_message(octets);
        EXPECT_EQ(message.has_value(), type % 128 <= 2) << type;
        octets[1] = 0;
        octets[0] = static_cast<std::uint8_t>(type);
        EXPECT_EQ(decode_data_channel_message(octets).has_value(), type == 2 || type == 3) << type;
    }
    EXPECT_EQ(
        error_of("0303000000000000"
                 "00000000"),
        make_error_code(DecodeErrc::unknown_encoding)
    );
    EXPECT_EQ(error_of("ff"), make_error_code(DecodeErrc::unknown_encoding));
}

}  // namespace
}  // namespace libp2p::webrtc
