// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/multihash.hpp"

#include "proto/multicodec.hpp"
#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

#include <string>

namespace libp2p::proto {
namespace {

using tests::hex;
using tests::unhex;

boost::system::error_code error_of(std::string_view text) {
    const auto octets = unhex(text);
    const auto read = decode_multihash(octets);
    return read ? boost::system::error_code() : read.error();
}

TEST(Multihash, IsCodeLengthAndDigest) {
    const auto octets = unhex("12209dff3b17d74cf4d38a50d8b6383e92d181a10395a5e73a726dcccbd21bf6f0b9");
    const auto read = decode_multihash(octets);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->code, multicodec::kSha2_256);
    EXPECT_EQ(read->digest.size(), 32U);
    EXPECT_EQ(encode_multihash(*read), octets);
}

TEST(Multihash, ReadsFunctionsItDoesNotKnow) {
    const auto octets = unhex("d50110000102030405060708090a0b0c0d0e0f");
    const auto read = decode_multihash(octets);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->code, 0xd5U);
    EXPECT_EQ(encode_multihash(*read), octets);
}

TEST(Multihash, ReadsAnEmptyDigest) {
    EXPECT_EQ(error_of("0000"), boost::system::error_code());
}

TEST(Multihash, RefusesADigestThatIsCut) {
    for (const auto* text : {"", "12", "1220", "1220aa", "d5", "0001", "1280"}) {
        EXPECT_EQ(error_of(text), DecodeErrc::need_more) << text;
    }
}

TEST(Multihash, RefusesWhatStandsBehindIt) {
    EXPECT_EQ(error_of("000000"), DecodeErrc::trailing_bytes);
    EXPECT_EQ(error_of("1201aabb"), DecodeErrc::trailing_bytes);
}

TEST(Multihash, RefusesNumbersInALongForm) {
    EXPECT_EQ(error_of("920001aa"), DecodeErrc::not_minimal);
    EXPECT_EQ(error_of("128100aa"), DecodeErrc::not_minimal);
}

TEST(Multihash, BoundsTheDigest) {
    Bytes smaller = unhex("127f");
    smaller.resize(smaller.size() + kMaxDigestSize - 1, 0x55);
    EXPECT_TRUE(decode_multihash(smaller));
    Bytes largest = unhex("128001");
    largest.resize(largest.size() + kMaxDigestSize, 0x55);
    EXPECT_TRUE(decode_multihash(largest));
    Bytes larger = unhex("128101");
    larger.resize(larger.size() + kMaxDigestSize + 1, 0x55);
    EXPECT_EQ(decode_multihash(larger).error(), DecodeErrc::too_long);
    EXPECT_EQ(error_of("12ffffffffffffffff7f"), DecodeErrc::too_long);
}

}  // namespace
}  // namespace libp2p::proto
