// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/protobuf_scan.hpp"

#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

namespace libp2p::proto {
namespace {

using tests::unhex;

TEST(CountFields, CountsOneFieldAmongAllKindsOfOthers) {
    // 1: number, 2: fixed64, 3: octets, 5: fixed32
    const auto message = unhex(
        "08ac02"
        "110102030405060708"
        "1a02aabb"
        "2d01020304"
        "1a00"
        "0801"
    );
    EXPECT_EQ(count_fields(message, 1).value(), 2U);
    EXPECT_EQ(count_fields(message, 2).value(), 1U);
    EXPECT_EQ(count_fields(message, 3).value(), 2U);
    EXPECT_EQ(count_fields(message, 4).value(), 0U);
    EXPECT_EQ(count_fields(message, 5).value(), 1U);
    EXPECT_EQ(count_fields({}, 1).value(), 0U);
}

TEST(CountFields, DoesNotLookIntoMessages) {
    EXPECT_EQ(count_fields(unhex("0a021a00"), 3).value(), 0U);
}

TEST(CountFields, RefusesWhatIsNoMessage) {
    for (const auto* text :
         {"08",
          "0880",
          "1a",
          "1a01",
          "1a02aa",
          "1affffffffffffffffff01",
          "11010203",
          "2d010203",
          "0b",
          "0c",
          "0e",
          "0f",
          "00",
          "0000",
          "80",
          "1a8080808080808080808001"}) {
        const auto counted = count_fields(unhex(text), 1);
        EXPECT_FALSE(counted) << text;
        EXPECT_EQ(counted.error(), DecodeErrc::malformed) << text;
    }
}

}  // namespace
}  // namespace libp2p::proto
