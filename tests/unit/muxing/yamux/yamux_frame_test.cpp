// SPDX-License-Identifier: MIT OR Apache-2.0
#include "muxing/yamux/yamux_frame.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string_view>

namespace libp2p::yamux {
namespace {

std::uint8_t nibble(char c) {
    return static_cast<std::uint8_t>(c <= '9' ? c - '0' : c - 'a' + 10);
}

std::array<std::uint8_t, kHeaderSize> from_hex(std::string_view hex) {
    std::array<std::uint8_t, kHeaderSize> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<std::uint8_t>(nibble(hex[2 * i]) << 4U | nibble(hex[2 * i + 1]));
    }
    return bytes;
}

FrameHeader header(FrameType type, Flags flags, std::uint32_t stream, std::uint32_t length) {
    FrameHeader made;
    made.type = type;
    made.flags = flags;
    made.stream.value = stream;
    made.length = length;
    return made;
}

struct Vector {
    std::string_view hex;
    FrameHeader header;
};

const Vector kVectors[] = {
    {"000100010000000100000000", header(FrameType::window_update, Flags::syn, 1, 0)},
    {"000100020000000100000000", header(FrameType::window_update, Flags::ack, 1, 0)},
    {"000000010000000300000005", header(FrameType::data, Flags::syn, 3, 5)},
    {"00000000000000010000fff4", header(FrameType::data, Flags::none, 1, 65'524)},
    {"000100000000000200020000", header(FrameType::window_update, Flags::none, 2, 128 * 1024)},
    {"000000040000000100000000", header(FrameType::data, Flags::fin, 1, 0)},
    {"000100040000000100000000", header(FrameType::window_update, Flags::fin, 1, 0)},
    {"000100080000000100000000", header(FrameType::window_update, Flags::rst, 1, 0)},
    {"000100080000000100001007", header(FrameType::window_update, Flags::rst, 1, 0x1007)},
    {"0002000100000000deadbeef", header(FrameType::ping, Flags::syn, 0, 0xdeadbeef)},
    {"0002000200000000deadbeef", header(FrameType::ping, Flags::ack, 0, 0xdeadbeef)},
    {"000300000000000000000000", header(FrameType::go_away, Flags::none, 0, kGoAwayNormal)},
    {"000300000000000000000001", header(FrameType::go_away, Flags::none, 0, kGoAwayProtocolError)},
    {"000300000000000000000002", header(FrameType::go_away, Flags::none, 0, kGoAwayInternalError)},
};

TEST(YamuxFrame, DecodesTheVectors) {
    for (const auto& vector : kVectors) {
        auto decoded = decode(from_hex(vector.hex));
        ASSERT_TRUE(decoded) << vector.hex;
        EXPECT_EQ(*decoded, vector.header) << vector.hex;
    }
}

TEST(YamuxFrame, EncodesTheVectors) {
    for (const auto& vector : kVectors) {
        std::array<std::uint8_t, kHeaderSize> bytes{};
        encode(vector.header, bytes);
        EXPECT_EQ(bytes, from_hex(vector.hex)) << vector.hex;
    }
}

TEST(YamuxFrame, EveryNumberSurvivesAtItsEnds) {
    constexpr auto kMax = std::numeric_limits<std::uint32_t>::max();
    for (std::uint32_t stream : {0U, 1U, 2U, kMax - 1, kMax}) {
        for (std::uint32_t length : {0U, 1U, kMax - 1, kMax}) {
            for (std::uint32_t flags : {0U, 1U, 15U, 16U, 0xffffU}) {
                auto sent = header(FrameType::window_update, static_cast<Flags>(flags), stream, length);
                std::array<std::uint8_t, kHeaderSize> bytes{};
                encode(sent, bytes);
                auto decoded = decode(bytes);
                ASSERT_TRUE(decoded);
                EXPECT_EQ(*decoded, sent);
            }
        }
    }
}

TEST(YamuxFrame, RefusesEveryOtherVersion) {
    for (int version = 1; version < 256; ++version) {
        auto bytes = from_hex("000000000000000100000000");
        bytes[0] = static_cast<std::uint8_t>(version);
        auto decoded = decode(bytes);
        ASSERT_FALSE(decoded) << version;
        EXPECT_EQ(decoded.error(), Errc::protocol_violation);
    }
}

TEST(YamuxFrame, RefusesEveryUnknownType) {
    for (int type = 4; type < 256; ++type) {
        auto bytes = from_hex("000000000000000100000000");
        bytes[1] = static_cast<std::uint8_t>(type);
        auto decoded = decode(bytes);
        ASSERT_FALSE(decoded) << type;
        EXPECT_EQ(decoded.error(), Errc::protocol_violation);
    }
}

TEST(YamuxFrame, FlagsCombine) {
    auto flags = Flags::syn | Flags::fin;
    EXPECT_TRUE(has(flags, Flags::syn));
    EXPECT_TRUE(has(flags, Flags::fin));
    EXPECT_FALSE(has(flags, Flags::ack));
    EXPECT_FALSE(has(flags, Flags::rst));
}

}  // namespace
}  // namespace libp2p::yamux
