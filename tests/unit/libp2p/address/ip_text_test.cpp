// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/address/ip_text.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>

namespace libp2p::address {
namespace {

/// What becomes of `text` when it is read and printed.
std::string normal(const char* text) {
    std::array<std::uint8_t, 16> octets;
    EXPECT_EQ(::inet_pton(AF_INET6, text, octets.data()), 1) << text;
    return ip6_to_text(octets);
}

TEST(Ip6Text, IsThatOfRfc5952) {
    EXPECT_EQ(normal("::"), "::");
    EXPECT_EQ(normal("::1"), "::1");
    EXPECT_EQ(normal("1::"), "1::");
    EXPECT_EQ(normal("2001:0db8::0001"), "2001:db8::1");
    EXPECT_EQ(normal("2001:db8:0:0:0:0:2:1"), "2001:db8::2:1");
    EXPECT_EQ(normal("2001:db8:0:1:1:1:1:1"), "2001:db8:0:1:1:1:1:1");  // one zero is written out
    EXPECT_EQ(normal("2001:0:0:1:0:0:0:1"), "2001:0:0:1::1");           // the longest run
    EXPECT_EQ(normal("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");     // of equal ones the first
    EXPECT_EQ(normal("0:1:2:3:4:5:6:7"), "0:1:2:3:4:5:6:7");
    EXPECT_EQ(normal("1:2:3:4:5:6:7:0"), "1:2:3:4:5:6:7:0");
    EXPECT_EQ(normal("0:0:1:2:3:4:5:6"), "::1:2:3:4:5:6");
    EXPECT_EQ(normal("1:2:3:4:5:6:0:0"), "1:2:3:4:5:6::");
    EXPECT_EQ(normal("2001:DB8::ABCD"), "2001:db8::abcd");
    EXPECT_EQ(normal("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

TEST(Ip6Text, ShowsAnIp4AddressOnlyWhereItIsMapped) {
    EXPECT_EQ(normal("::ffff:1.2.3.4"), "::ffff:1.2.3.4");
    EXPECT_EQ(normal("::ffff:0:0"), "::ffff:0.0.0.0");
    EXPECT_EQ(normal("::1.2.3.4"), "::102:304");
    EXPECT_EQ(normal("64:ff9b::1.2.3.4"), "64:ff9b::102:304");
}

TEST(Ip4Text, IsADottedQuad) {
    constexpr std::array<std::uint8_t, 4> kOctets{0, 10, 200, 255};
    EXPECT_EQ(ip4_to_text(kOctets), "0.10.200.255");
}

}  // namespace
}  // namespace libp2p::address
