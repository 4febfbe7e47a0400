// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/address/clean_text.hpp"

#include <gtest/gtest.h>

namespace libp2p::address {
namespace {

TEST(CleanText, IsUtf8OfEveryLength) {
    for (const auto* text :
         {"",
          "a",
          "\x7e",
          "\xc2\xa0",
          "\xdf\xbf",
          "\xe0\xa0\x80",
          "\xed\x9f\xbf",
          "\xee\x80\x80",
          "\xef\xbf\xbf",
          "\xf0\x90\x80\x80",
          "\xf4\x8f\xbf\xbf",
          "b\xc3\xbc"
          "cher.example"}) {
        EXPECT_TRUE(is_clean_text(text)) << text;
    }
}

TEST(CleanText, HasNoControlCharacters) {
    for (const auto* text : {"\x01", "a\nb", "\x1b[31m", "\x1f", "\x7f", "\xc2\x80", "\xc2\x9f"}) {
        EXPECT_FALSE(is_clean_text(text));
    }
    EXPECT_FALSE(is_clean_text(std::string_view("a\0b", 3)));
}

TEST(CleanText, HasNoBrokenOrOverlongSequences) {
    for (const auto* text :
         {"\x80",
          "\xbf",
          "\xc0\xaf",
          "\xc1\xbf",
          "\xc3",
          "\xc3\x28",
          "\xe0\x9f\xbf",
          "\xe2\x82",
          "\xe2\x28\xa1",
          "\xed\xa0\x80",
          "\xed\xbf\xbf",
          "\xf0\x8f\xbf\xbf",
          "\xf0\x9f\x98",
          "\xf4\x90\x80\x80",
          "\xf5\x80\x80\x80",
          "\xff",
          "a\xc3"}) {
        EXPECT_FALSE(is_clean_text(text));
    }
}

TEST(InQuotes, CutsLongTextAndShowsOddOctetsAsNumbers) {
    EXPECT_EQ(in_quotes(""), "''");
    EXPECT_EQ(in_quotes("plain text"), "'plain text'");
    EXPECT_EQ(in_quotes("\x1b[31m\xff\n"), "'\\x1b[31m\\xff\\x0a'");
    EXPECT_EQ(in_quotes(std::string(64, 'a')), "'" + std::string(64, 'a') + "'");
    EXPECT_EQ(in_quotes(std::string(65, 'a')), "'" + std::string(64, 'a') + "…'");
}

}  // namespace
}  // namespace libp2p::address
