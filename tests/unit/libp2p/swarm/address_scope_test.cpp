// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/swarm/address_scope.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace libp2p::swarm {
namespace {

using enum AddressScope;

Multiaddr parse(const std::string& text) {
    return Multiaddr::parse(text).value();
}

std::vector<Multiaddr> parse_all(const std::vector<std::string>& texts) {
    std::vector<Multiaddr> addresses;
    for (const auto& text : texts) {
        addresses.push_back(parse(text));
    }
    return addresses;
}

std::vector<std::string> texts_of(const std::vector<Multiaddr>& addresses) {
    std::vector<std::string> texts;
    for (const auto& address : addresses) {
        texts.push_back(address.to_string());
    }
    return texts;
}

struct Case {
    const char* host;
    AddressScope scope;
};

void expect_scopes(const std::string& head, const std::vector<Case>& cases, const std::string& tail) {
    for (const auto& [host, scope] : cases) {
        auto text = head;
        text.append(host).append(tail);
        EXPECT_EQ(scope_of(parse(text)), scope) << host;
    }
}

TEST(AddressScope, OfIp4AtTheEdgesOfEachBlock) {
    expect_scopes(
        "/ip4/",
        {{"0.0.0.0", unspecified},
         {"126.255.255.255", global},
         {"127.0.0.0", loopback},
         {"127.0.0.1", loopback},
         {"127.255.255.255", loopback},
         {"128.0.0.0", global},
         {"169.253.255.255", global},
         {"169.254.0.0", link_local},
         {"169.254.255.255", link_local},
         {"169.255.0.0", global},
         {"9.255.255.255", global},
         {"10.0.0.0", private_network},
         {"10.255.255.255", private_network},
         {"11.0.0.0", global},
         {"172.15.255.255", global},
         {"172.16.0.0", private_network},
         {"172.31.255.255", private_network},
         {"172.32.0.0", global},
         {"192.167.255.255", global},
         {"192.168.0.0", private_network},
         {"192.168.255.255", private_network},
         {"192.169.0.0", global},
         {"100.63.255.255", global},
         {"100.64.0.0", private_network},
         {"100.127.255.255", private_network},
         {"100.128.0.0", global},
         {"100.192.0.0", global}},
        "/tcp/1"
    );
}

TEST(AddressScope, OfIp6AtTheEdgesOfEachBlock) {
    expect_scopes(
        "/ip6/",
        {{"::", unspecified},
         {"::1", loopback},
         {"::2", global},
         {"fe7f:ffff::", global},
         {"fe80::", link_local},
         {"febf:ffff::1", link_local},
         {"fec0::1", private_network},
         {"fbff:ffff::", global},
         {"fc00::", private_network},
         {"fdff:ffff::1", private_network},
         {"fe00::", global},
         {"2001:db8::1", global}},
        "/udp/1/quic-v1"
    );
}

TEST(AddressScope, OfIp4InIp6IsThatOfIp4) {
    expect_scopes(
        "/ip6/::ffff:",
        {{"0.0.0.0", unspecified},
         {"127.0.0.1", loopback},
         {"169.254.1.1", link_local},
         {"10.1.1.1", private_network},
         {"8.8.8.8", global}},
        "/tcp/1"
    );
}

TEST(AddressScope, OfIp6BehindAZone) {
    EXPECT_EQ(scope_of(parse("/ip6zone/eth0/ip6/fe80::1/tcp/1")), link_local);
    EXPECT_EQ(scope_of(parse("/ip6zone/lo/ip6/::1/tcp/1")), loopback);
}

TEST(AddressScope, OfWhatHasNoIpAddress) {
    EXPECT_EQ(scope_of(parse("/memory/1")), loopback);
    EXPECT_EQ(scope_of(parse("/unix/tmp/socket")), loopback);
    EXPECT_EQ(scope_of(parse("/dns/localhost/tcp/1")), global);
    EXPECT_EQ(scope_of(parse("/dnsaddr/example.org")), global);
    EXPECT_EQ(scope_of(parse("/p2p/12D3KooWB1b3qZxWJanuhtseF3DmPggHCtG36KZ9ixkqHtdKH9fh")), global);
}

TEST(AddressScope, IsThatOfTheFirstIpAddress) {
    // An address behind a name or a port is not where the packets go first.
    EXPECT_EQ(scope_of(parse("/dns4/example.org/tcp/1/ip4/127.0.0.1")), global);
    EXPECT_EQ(scope_of(parse("/ip4/8.8.8.8/tcp/1/ip4/127.0.0.1")), global);
}

TEST(AddressScope, NearIsBeforeFar) {
    EXPECT_LT(unspecified, loopback);
    EXPECT_LT(loopback, link_local);
    EXPECT_LT(link_local, private_network);
    EXPECT_LT(private_network, global);
}

TEST(IsRelayed, WhereARelayStandsOnThePath) {
    const std::string relay = "/ip4/8.8.8.8/tcp/1/p2p/12D3KooWB1b3qZxWJanuhtseF3DmPggHCtG36KZ9ixkqHtdKH9fh";
    EXPECT_FALSE(is_relayed(parse(relay)));
    EXPECT_TRUE(is_relayed(parse(relay + "/p2p-circuit")));
    EXPECT_TRUE(is_relayed(parse(relay + "/p2p-circuit/webrtc")));
    EXPECT_TRUE(is_relayed(parse("/p2p-circuit")));
}

TEST(ExpandWildcard, KeepsWhatIsNone) {
    for (const std::string text :
         {"/ip4/127.0.0.1/tcp/1", "/ip6/::1/tcp/1", "/ip4/0.0.0.1/tcp/1", "/memory/1", "/dns/example.org/tcp/1"}) {
        EXPECT_EQ(texts_of(expand_wildcard(parse(text))), (std::vector<std::string>{text}));
    }
}

TEST(ExpandWildcard, GivesTheInterfacesOfItsFamily) {
    // Every machine that runs tests has a loopback interface with 127.0.0.1.
    auto expanded = texts_of(expand_wildcard(parse("/ip4/0.0.0.0/tcp/4001")));
    EXPECT_EQ(std::count(expanded.begin(), expanded.end(), "/ip4/127.0.0.1/tcp/4001"), 1);
    for (const auto& text : expanded) {
        EXPECT_TRUE(text.starts_with("/ip4/")) << text;
        EXPECT_TRUE(text.ends_with("/tcp/4001")) << text;
    }
    for (const auto& text : texts_of(expand_wildcard(parse("/ip6/::/tcp/4001")))) {
        EXPECT_TRUE(text.starts_with("/ip6/")) << text;
        EXPECT_TRUE(text.ends_with("/tcp/4001")) << text;
    }
}

TEST(ExpandWildcard, KeepsEverythingBehindTheAddress) {
    const std::string tail =
        "/udp/9/webrtc-direct/certhash/uEiDDq4_xNyDorZBH3TlGazyJdOWSwvo4PUo5YHFMrvDE8g"
        "/p2p/12D3KooWB1b3qZxWJanuhtseF3DmPggHCtG36KZ9ixkqHtdKH9fh";
    auto expanded = texts_of(expand_wildcard(parse("/ip4/0.0.0.0" + tail)));
    EXPECT_EQ(std::count(expanded.begin(), expanded.end(), "/ip4/127.0.0.1" + tail), 1);
    auto bare = texts_of(expand_wildcard(parse("/ip4/0.0.0.0")));
    EXPECT_EQ(std::count(bare.begin(), bare.end(), "/ip4/127.0.0.1"), 1);
}

TEST(ExpandWildcard, LeavesNothingThatCannotBeDialled) {
    for (const auto* wildcard : {"/ip4/0.0.0.0/tcp/1", "/ip6/::/tcp/1"}) {
        for (const auto& address : expand_wildcard(parse(wildcard))) {
            EXPECT_NE(scope_of(address), unspecified) << address.to_string();
            EXPECT_NE(scope_of(address), link_local) << address.to_string();
        }
    }
}

const std::string kLoopback = "/ip4/127.0.0.1/tcp/1";
const std::string kLinkLocal = "/ip6/fe80::1/tcp/1";
const std::string kPrivate = "/ip4/192.168.1.1/tcp/1";
const std::string kGlobal = "/ip4/8.8.8.8/tcp/1";
const std::vector<std::string> kAll{kGlobal, kLoopback, kPrivate, kLinkLocal, "/ip4/0.0.0.0/tcp/1"};

std::vector<std::string> shown(const std::vector<std::string>& addresses, const std::string& remote) {
    return texts_of(visible_from(parse_all(addresses), parse(remote)));
}

TEST(VisibleFrom, ALocalRemoteSeesAll) {
    EXPECT_EQ(shown(kAll, "/ip4/127.0.0.1/tcp/9"), (std::vector{kGlobal, kLoopback, kPrivate, kLinkLocal}));
    EXPECT_EQ(shown(kAll, "/memory/9"), (std::vector{kGlobal, kLoopback, kPrivate, kLinkLocal}));
}

TEST(VisibleFrom, ARemoteOnTheLinkSeesAllButLoopback) {
    EXPECT_EQ(shown(kAll, "/ip4/169.254.7.7/tcp/9"), (std::vector{kGlobal, kPrivate, kLinkLocal}));
}

TEST(VisibleFrom, ARemoteInThePrivateNetworkSeesItAndGlobalOnes) {
    EXPECT_EQ(shown(kAll, "/ip4/192.168.1.9/tcp/9"), (std::vector{kGlobal, kPrivate}));
}

TEST(VisibleFrom, AGlobalRemoteSeesGlobalOnesAlone) {
    EXPECT_EQ(shown(kAll, "/ip4/9.9.9.9/tcp/9"), (std::vector{kGlobal}));
}

TEST(VisibleFrom, AGlobalRemoteSeesPrivateOnesWhereThereIsNothingElse) {
    // Two networks may be routed to each other; nothing is lost by telling.
    EXPECT_EQ(shown({kLoopback, kPrivate, kLinkLocal}, "/ip4/9.9.9.9/tcp/9"), (std::vector{kPrivate}));
    EXPECT_TRUE(shown({kLoopback, kLinkLocal}, "/ip4/9.9.9.9/tcp/9").empty());
}

TEST(VisibleFrom, NobodySeesAnUnspecifiedAddress) {
    for (const auto* remote :
         {"/ip4/127.0.0.1/tcp/9", "/ip4/10.0.0.9/tcp/9", "/ip4/9.9.9.9/tcp/9", "/ip4/0.0.0.0/tcp/9"}) {
        EXPECT_TRUE(shown({"/ip4/0.0.0.0/tcp/1", "/ip6/::/tcp/1"}, remote).empty());
    }
}

TEST(VisibleFrom, OfNothing) {
    EXPECT_TRUE(shown({}, kGlobal).empty());
}

}  // namespace
}  // namespace libp2p::swarm
