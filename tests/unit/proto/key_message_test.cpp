// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/key_message.hpp"

#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

#if __has_include("proto/keys.pb.h")
#include "proto/keys.pb.h"
#define LIBP2P_TEST_HAS_SCHEMAS 1
#endif

#include <string>

namespace libp2p::proto {
namespace {

using tests::hex;
using tests::unhex;

boost::system::error_code error_of(std::string_view text) {
    const auto octets = unhex(text);
    const auto read = decode_key_message(octets);
    return read ? boost::system::error_code() : read.error();
}

TEST(KeyMessage, WritesTheTypeEvenWhenItIsZero) {
    EXPECT_EQ(hex(encode_key_message({0, unhex("aabb")})), "08001202aabb");
    EXPECT_EQ(hex(encode_key_message({3, {}})), "08031200");
}

TEST(KeyMessage, AgreesWithTheGeneratedCode) {
#ifdef LIBP2P_TEST_HAS_SCHEMAS
    for (std::uint64_t type = 0; type <= kMaxKeyType; ++type) {
        for (const std::size_t size : {0U, 1U, 32U, 64U, 127U, 128U, 300U, 4095U, 16383U, 16384U}) {
            const Bytes data(size, static_cast<std::uint8_t>(size));
            const auto ours = encode_key_message({type, data});
            keys::pb::PublicKey public_key;
            public_key.set_type(static_cast<keys::pb::KeyType>(type));
            public_key.set_data(data.data(), data.size());
            keys::pb::PrivateKey private_key;
            private_key.set_type(static_cast<keys::pb::KeyType>(type));
            private_key.set_data(data.data(), data.size());
            EXPECT_EQ(std::string(ours.begin(), ours.end()), public_key.SerializeAsString());
            EXPECT_EQ(std::string(ours.begin(), ours.end()), private_key.SerializeAsString());
            const auto read = decode_key_message(ours);
            ASSERT_TRUE(read);
            EXPECT_EQ(read->type, type);
            EXPECT_EQ(Bytes(read->data.begin(), read->data.end()), data);
        }
    }
#else
    GTEST_SKIP() << "the code generated from proto/keys.proto is not on the include path";
#endif
}

TEST(KeyMessage, RefusesEveryOtherEncodingOfTheSameKey) {
    EXPECT_EQ(error_of("88000112020102"), DecodeErrc::not_canonical);    // tag of the type in a long form
    EXPECT_EQ(error_of("08810012020102"), DecodeErrc::not_canonical);    // type in a long form
    EXPECT_EQ(error_of("08019200020102"), DecodeErrc::not_canonical);    // tag of the data in a long form
    EXPECT_EQ(error_of("0801180112020102"), DecodeErrc::not_canonical);  // a field that nobody knows
    EXPECT_EQ(error_of("0801080112020102"), DecodeErrc::not_canonical);  // the type twice
    EXPECT_EQ(error_of("120201020801"), DecodeErrc::not_canonical);
    EXPECT_EQ(error_of("08811202"), DecodeErrc::not_canonical);
    EXPECT_EQ(error_of("08011282000102"), DecodeErrc::not_canonical);
    EXPECT_EQ(error_of("08011801"), DecodeErrc::not_canonical);
}

TEST(KeyMessage, RefusesWhatStandsBehindTheData) {
    EXPECT_EQ(error_of("08011202010200"), DecodeErrc::trailing_bytes);
    EXPECT_EQ(error_of("0801120201020801"), DecodeErrc::trailing_bytes);
    EXPECT_EQ(error_of("08011202010212020102"), DecodeErrc::trailing_bytes);
}

TEST(KeyMessage, KnowsTypes0To3) {
    EXPECT_FALSE(error_of("08031200").failed());
    EXPECT_EQ(error_of("08041200"), DecodeErrc::unknown_encoding);
    EXPECT_EQ(error_of("087f1200"), DecodeErrc::unknown_encoding);
}

TEST(KeyMessage, RefusesEveryBeginningOfAMessage) {
    const auto whole = encode_key_message({1, Bytes(200, 9)});
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_EQ(decode_key_message(ByteView(whole).first(size)).error(), DecodeErrc::need_more) << size;
    }
    EXPECT_EQ(error_of("080112ffffffffffffffff7f"), DecodeErrc::need_more);
    EXPECT_EQ(error_of("080112ffffffffffffffffff7f"), DecodeErrc::out_of_range);
}

}  // namespace
}  // namespace libp2p::proto
