// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/error_codes.hpp"

#include <gtest/gtest.h>

#include <string>

namespace libp2p {
namespace {

TEST(ErrorCodes, HaveTheSameWordsForStreamsAndConnectionsShiftedByOne) {
    for (std::uint32_t code = 0x1001; code <= 0x1009; ++code) {
        const auto words = describe(static_cast<StreamErrorCode>(code));
        EXPECT_EQ(words, describe(static_cast<ConnectionErrorCode>(code - 1)));
        EXPECT_EQ(words.find("code 0"), std::string_view::npos);
    }
    EXPECT_EQ(describe(StreamErrorCode::none), "none");
    EXPECT_EQ(describe(ConnectionErrorCode::none), "none");
    EXPECT_EQ(describe(StreamErrorCode::gated), "gated");
    EXPECT_EQ(describe(ConnectionErrorCode::code_out_of_range), "code out of range");
}

TEST(ErrorCodes, GiveANumberTheWordCode) {
    EXPECT_EQ(describe(static_cast<StreamErrorCode>(1)), "code 1");
    EXPECT_EQ(describe(static_cast<StreamErrorCode>(0x1000)), "code 4096");
    EXPECT_EQ(describe(static_cast<StreamErrorCode>(0x100a)), "code 4106");
    EXPECT_EQ(describe(static_cast<StreamErrorCode>(0xffff'ffff)), "code 4294967295");
    EXPECT_EQ(describe(static_cast<ConnectionErrorCode>(0xfff)), "code 4095");
    EXPECT_EQ(describe(static_cast<ConnectionErrorCode>(0x1009)), "code 4105");
    EXPECT_EQ(describe(static_cast<ConnectionErrorCode>(0xffff'ffff)), "code 4294967295");
}

TEST(ErrorCodes, KeepTheWordsOfAnEarlierNumberForAWhile) {
    const auto first = describe(static_cast<StreamErrorCode>(4711));
    const auto second = describe(static_cast<ConnectionErrorCode>(815));
    EXPECT_EQ(first, "code 4711");
    EXPECT_EQ(second, "code 815");
}

}  // namespace
}  // namespace libp2p
