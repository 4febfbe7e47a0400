// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/text.hpp"

#include <gtest/gtest.h>

namespace libp2p::tools {
namespace {

using namespace std::chrono_literals;

TEST(ParseSize, TakesDigitsAndSuffixes) {
    EXPECT_EQ(parse_size("0"), 0U);
    EXPECT_EQ(parse_size("65536"), 65536U);
    EXPECT_EQ(parse_size("64MiB"), 64U * 1024 * 1024);
    EXPECT_EQ(parse_size("64mib"), 64U * 1024 * 1024);
    EXPECT_EQ(parse_size("64Mi"), 64U * 1024 * 1024);
    EXPECT_EQ(parse_size("1k"), 1000U);
    EXPECT_EQ(parse_size("1K"), 1000U);
    EXPECT_EQ(parse_size("1kB"), 1000U);
    EXPECT_EQ(parse_size("2M"), 2'000'000U);
    EXPECT_EQ(parse_size("3G"), 3'000'000'000U);
    EXPECT_EQ(parse_size("1GiB"), 1024U * 1024 * 1024);
    EXPECT_EQ(parse_size("1T"), 1'000'000'000'000U);
    EXPECT_EQ(parse_size("7B"), 7U);
}

TEST(ParseSize, KeepsTo63Bits) {
    EXPECT_EQ(parse_size("9223372036854775807"), 9'223'372'036'854'775'807U);
    EXPECT_FALSE(parse_size("9223372036854775808"));
    EXPECT_FALSE(parse_size("18446744073709551616"));
    EXPECT_FALSE(parse_size("99999999999999999999999"));
    EXPECT_EQ(parse_size("8388607Ti"), 8'388'607ULL << 40);
    EXPECT_FALSE(parse_size("8388608Ti"));
}

TEST(ParseSize, RefusesEverythingElse) {
    for (const auto* text :
         {"", " ", "-1", "+1", "1 ", " 1", "1.5M", "x", "M", "1X", "1MM", "1iB", "1MiBs", "0x10", "1e3"}) {
        EXPECT_FALSE(parse_size(text)) << '"' << text << '"';
    }
}

TEST(ParseCount, GoesFromOneToItsLargest) {
    EXPECT_EQ(parse_count("1", 10), 1U);
    EXPECT_EQ(parse_count("10", 10), 10U);
    EXPECT_EQ(parse_count("1k", 1000), 1000U);
    for (const auto* text : {"0", "11", "-1", "", "1B", "10000000000000000000000"}) {
        EXPECT_FALSE(parse_count(text, 10)) << text;
    }
}

TEST(ParseDuration, TakesSecondsAndUnits) {
    EXPECT_EQ(parse_duration("5"), 5000ms);
    EXPECT_EQ(parse_duration("2.5"), 2500ms);
    EXPECT_EQ(parse_duration("5s"), 5000ms);
    EXPECT_EQ(parse_duration("300ms"), 300ms);
    EXPECT_EQ(parse_duration("2m"), 120'000ms);
    EXPECT_EQ(parse_duration("0.001"), 1ms);
    EXPECT_EQ(parse_duration("86400"), 86'400'000ms);
}

TEST(ParseDuration, RefusesEverythingElse) {
    for (const auto* text : {"", "0", "-1", "86401", "1h", "nan", "inf", "1e9", "s", " 1", "0.0001", "1 s"}) {
        EXPECT_FALSE(parse_duration(text)) << '"' << text << '"';
    }
}

TEST(Printable, LeavesTextAlone) {
    EXPECT_EQ(
        printable("go-libp2p/0.51 \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"),
        "go-libp2p/0.51 \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"
    );
}

TEST(Printable, DisarmsControlCharacters) {
    EXPECT_EQ(printable("a\nb\x1b[31mc\x7f\t"), "a?b?[31mc??");
    EXPECT_EQ(
        printable("\xc2\x9b"
                  "31m"),
        "?31m"
    ) << "a control character of two octets";
    EXPECT_EQ(printable(std::string_view("\0x", 2)), "?x");
}

TEST(Printable, ReplacesWhatIsNotUtf8) {
    EXPECT_EQ(printable("\xff\xfe"), "??");
    EXPECT_EQ(printable("\xc3"), "?");
    EXPECT_EQ(printable("\xe2\x82"), "??");
    EXPECT_EQ(printable("\xc0\xaf"), "??") << "an overlong form";
    EXPECT_EQ(printable("\xed\xa0\x80"), "???") << "half a surrogate pair";
    EXPECT_EQ(printable("\xf4\x90\x80\x80"), "????") << "past the last character";
}

TEST(Format, SizesRatesAndTimes) {
    EXPECT_EQ(format_size(0), "0 B");
    EXPECT_EQ(format_size(1023), "1023 B");
    EXPECT_EQ(format_size(1024), "1.0 KiB");
    EXPECT_EQ(format_size(64 * 1024 * 1024), "64.0 MiB");
    EXPECT_EQ(format_size(~std::uint64_t{0}), "16.0 EiB");
    EXPECT_EQ(format_rate(1'000'000, 1s), "1.0 MB/s");
    EXPECT_EQ(format_rate(1, 0s), "-");
    EXPECT_EQ(format_ms(213us), "0.213");
    EXPECT_EQ(to_ms(1'234'567ns), 1.235);
    EXPECT_EQ(to_seconds(1'500'000'000ns), 1.5);
}

}  // namespace
}  // namespace libp2p::tools
