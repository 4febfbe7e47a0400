// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/varint.hpp"

#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace libp2p::proto {
namespace {

using tests::hex;
using tests::unhex;

constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();

struct Sample {
    std::uint64_t value;
    std::string_view octets;
};

constexpr Sample kSamples[] = {
    {0, "00"},
    {1, "01"},
    {127, "7f"},
    {128, "8001"},
    {129, "8101"},
    {255, "ff01"},
    {300, "ac02"},
    {16383, "ff7f"},
    {16384, "808001"},
    {(std::uint64_t{1} << 56) - 1, "ffffffffffffff7f"},
    {std::uint64_t{1} << 56, "808080808080808001"},
    {kMaxVarint - 1, "feffffffffffffff7f"},
    {kMaxVarint, "ffffffffffffffff7f"},
};

TEST(Varint, EncodesAndDecodesTheSamples) {
    for (const auto& sample : kSamples) {
        Bytes out{0xaa};
        append_varint(out, sample.value);
        EXPECT_EQ(hex(out), "aa" + std::string(sample.octets));
        EXPECT_EQ(varint_size(sample.value), sample.octets.size() / 2);
        const auto in = unhex(sample.octets);
        const auto read = decode_varint(in);
        ASSERT_TRUE(read) << sample.octets;
        EXPECT_EQ(read->value, sample.value);
        EXPECT_EQ(read->size, in.size());
    }
}

TEST(Varint, LeavesWhatStandsBehindIt) {
    const auto read = decode_varint(unhex("ac02ffff"));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->value, 300U);
    EXPECT_EQ(read->size, 2U);
}

TEST(Varint, AsksForMoreAfterEveryBeginningOfARightOne) {
    for (const auto& sample : kSamples) {
        const auto in = unhex(sample.octets);
        for (std::size_t size = 0; size < in.size(); ++size) {
            EXPECT_EQ(decode_varint(ByteView(in).first(size)).error(), DecodeErrc::need_more);
        }
    }
}

TEST(Varint, RefusesALongerFormThanNeeded) {
    for (const auto* text : {"8000", "808000", "ff00", "808080808080808000"}) {
        EXPECT_EQ(decode_varint(unhex(text)).error(), DecodeErrc::not_minimal) << text;
    }
}

TEST(Varint, RefusesMoreThan63Bits) {
    for (const auto* text :
         {"80808080808080808001", "ffffffffffffffffff01", "808080808080808080", "ffffffffffffffffffff"}) {
        EXPECT_EQ(decode_varint(unhex(text)).error(), DecodeErrc::out_of_range) << text;
    }
}

TEST(ProtobufVarint, ToleratesLongFormsAndReads64Bits) {
    const std::pair<const char*, std::uint64_t> samples[] = {
        {"00", 0}, {"8000", 0}, {"80808080808080808000", 0}, {"ac02", 300}, {"ffffffffffffffffff01", kAll}
    };
    for (const auto& [text, value] : samples) {
        const auto in = unhex(text);
        const auto read = decode_protobuf_varint(in);
        ASSERT_TRUE(read) << text;
        EXPECT_EQ(read->value, value);
        EXPECT_EQ(read->size, in.size());
    }
}

TEST(ProtobufVarint, RefusesElevenOctetsAndAsksForMoreBefore) {
    EXPECT_EQ(decode_protobuf_varint(unhex("8080808080808080808001")).error(), DecodeErrc::out_of_range);
    EXPECT_EQ(decode_protobuf_varint(unhex("808080808080808080")).error(), DecodeErrc::need_more);
    EXPECT_EQ(decode_protobuf_varint({}).error(), DecodeErrc::need_more);
}

TEST(LengthPrefixed, GivesTheOctetsAndSaysHowFarItGot) {
    const auto in = unhex("03aabbccdd");
    const auto read = decode_length_prefixed(in, 3);
    ASSERT_TRUE(read);
    EXPECT_EQ(hex(read->value), "aabbcc");
    EXPECT_EQ(read->size, 4U);
    const auto empty = decode_length_prefixed(unhex("00"), 0);
    ASSERT_TRUE(empty);
    EXPECT_EQ(empty->size, 1U);
}

TEST(LengthPrefixed, RefusesALengthPastTheLimitWhateverIsThere) {
    EXPECT_EQ(decode_length_prefixed(unhex("03aabbcc"), 2).error(), DecodeErrc::too_long);
    EXPECT_EQ(decode_length_prefixed(unhex("03"), 2).error(), DecodeErrc::too_long);
    EXPECT_EQ(decode_length_prefixed(unhex("ffffffffffffffff7f"), 1 << 20).error(), DecodeErrc::too_long);
}

TEST(LengthPrefixed, AsksForMoreWhenOctetsAreMissing) {
    EXPECT_EQ(decode_length_prefixed(unhex("03aabb"), 3).error(), DecodeErrc::need_more);
    EXPECT_EQ(decode_length_prefixed(unhex("80"), 3).error(), DecodeErrc::need_more);
    EXPECT_EQ(
        decode_length_prefixed(unhex("ffffffffffffffff7f"), std::numeric_limits<std::size_t>::max()).error(),
        DecodeErrc::need_more
    );
}

TEST(LengthPrefixed, IsReadBackAsWritten) {
    Bytes out;
    append_length_prefixed(out, Bytes(200, 7));
    const auto read = decode_length_prefixed(out, 200);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->size, 202U);
    EXPECT_EQ(Bytes(read->value.begin(), read->value.end()), Bytes(200, 7));
}

}  // namespace
}  // namespace libp2p::proto
