// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/address/percent_encoding.hpp"

#include <gtest/gtest.h>

namespace libp2p::address {
namespace {

std::string decoded(std::string_view text) {
    return std::string(as_text(percent_decode(text).value()));
}

TEST(PercentEncoding, KeepsLettersDigitsAndFourMarks) {
    EXPECT_EQ(percent_encode(as_bytes("azAZ09-_.~")), "azAZ09-_.~");
    EXPECT_EQ(
        percent_encode(as_bytes("/ +%&=:@!*'(),;?#[]\xff")),
        "%2F%20%2B%25%26%3D%3A%40%21%2A%27%28%29%2C%3B%3F%23%5B%5D%FF"
    );
}

TEST(PercentEncoding, ReadsBackEveryOctet) {
    Bytes all(256);
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i] = static_cast<std::uint8_t>(i);
    }
    EXPECT_EQ(percent_decode(percent_encode(all)), all);
}

TEST(PercentEncoding, ReadsDigitsOfEitherCaseAndPlusAsSpace) {
    EXPECT_EQ(decoded("%2f%2F"), "//");
    EXPECT_EQ(decoded("a+b"), "a b");
    EXPECT_EQ(decoded(""), "");
    EXPECT_EQ(decoded("a b"), "a b");
}

TEST(PercentEncoding, RefusesAPercentSignWithoutTwoDigits) {
    for (const auto* text : {"%", "%2", "a%", "a%2", "%zz", "%2z", "%z2", "%%41", "% 41", "%-1"}) {
        EXPECT_EQ(percent_decode(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace libp2p::address
