// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/swarm/dial_ranking.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <vector>

namespace libp2p::swarm {
namespace {

const std::string kRelay = "/p2p/12D3KooWB1b3qZxWJanuhtseF3DmPggHCtG36KZ9ixkqHtdKH9fh/p2p-circuit";

struct Turn {
    std::string address;
    int delay;

    friend bool operator==(const Turn&, const Turn&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Turn& turn) {
        return out << turn.address << " after " << turn.delay << " ms";
    }
};

std::vector<Multiaddr> parsed(const std::vector<std::string>& texts) {
    std::vector<Multiaddr> addresses;
    for (const auto& text : texts) {
        addresses.push_back(Multiaddr::parse(text).value());
    }
    return addresses;
}

std::vector<Turn> rank(const std::vector<std::string>& texts) {
    std::vector<Turn> turns;
    for (const auto& ranked : rank_addresses(parsed(texts))) {
        turns.push_back(Turn{ranked.address.to_string(), static_cast<int>(ranked.delay.count())});
    }
    return turns;
}

/// `rank` of every order in which `texts` can be given, which has to be `expected` each time.
void expect_ranking(std::vector<std::string> texts, const std::vector<Turn>& expected) {
    std::sort(texts.begin(), texts.end());
    do {
        ASSERT_EQ(rank(texts), expected);
    } while (std::next_permutation(texts.begin(), texts.end()));
}

TEST(DialRanking, OfNothing) {
    EXPECT_TRUE(rank({}).empty());
}

TEST(DialRanking, OneAddressGoesAtOnce) {
    for (const std::string text :
         {"/ip4/8.8.8.8/tcp/1", "/ip6/2001:db8::1/tcp/1", "/ip4/127.0.0.1/tcp/1", "/memory/7", "/dns/example.org/tcp/1"
         }) {
        EXPECT_EQ(rank({text}), (std::vector<Turn>{{text, 0}}));
    }
}

TEST(DialRanking, NearBeforeFar) {
    expect_ranking(
        {"/ip4/8.8.8.8/tcp/1", "/ip4/192.168.0.1/tcp/1", "/ip4/169.254.0.1/tcp/1", "/ip4/127.0.0.1/tcp/1"},
        {{"/ip4/127.0.0.1/tcp/1", 0},
         {"/ip4/169.254.0.1/tcp/1", 30},
         {"/ip4/192.168.0.1/tcp/1", 60},
         {"/ip4/8.8.8.8/tcp/1", 90}}
    );
}

TEST(DialRanking, FarAddressesAreAQuarterOfASecondApart) {
    expect_ranking(
        {"/ip4/8.8.8.8/tcp/1", "/ip4/8.8.8.8/tcp/2", "/ip4/8.8.8.8/tcp/3"},
        {{"/ip4/8.8.8.8/tcp/1", 0}, {"/ip4/8.8.8.8/tcp/2", 250}, {"/ip4/8.8.8.8/tcp/3", 500}}
    );
}

TEST(DialRanking, Ip6BeforeIp4WhereBothReachAsFar) {
    expect_ranking(
        {"/ip4/8.8.8.8/tcp/1", "/ip6/2606:4700::1/tcp/2"}, {{"/ip6/2606:4700::1/tcp/2", 0}, {"/ip4/8.8.8.8/tcp/1", 250}}
    );
    expect_ranking(
        {"/ip4/10.0.0.1/tcp/1", "/ip6/2606:4700::1/tcp/1"},
        {{"/ip4/10.0.0.1/tcp/1", 0}, {"/ip6/2606:4700::1/tcp/1", 30}}
    );
}

TEST(DialRanking, LowPortsFirstAndAsNumbers) {
    expect_ranking(
        {"/ip4/8.8.8.8/tcp/9", "/ip4/8.8.8.8/tcp/443", "/ip4/8.8.8.8/tcp/4001", "/ip4/8.8.8.8/udp/500/quic-v1"},
        {{"/ip4/8.8.8.8/tcp/9", 0},
         {"/ip4/8.8.8.8/tcp/443", 250},
         {"/ip4/8.8.8.8/udp/500/quic-v1", 500},
         {"/ip4/8.8.8.8/tcp/4001", 750}}
    );
}

TEST(DialRanking, RelaysWaitForHalfASecondMoreThanTheirTurn) {
    const auto near_relay = "/ip4/10.0.0.1/tcp/1" + kRelay;
    const auto far_relay = "/ip4/8.8.8.8/tcp/1" + kRelay;
    expect_ranking(
        {far_relay, near_relay, "/ip4/1.1.1.1/tcp/1"}, {{"/ip4/1.1.1.1/tcp/1", 0}, {near_relay, 750}, {far_relay, 780}}
    );
}

TEST(DialRanking, RelaysAloneGoAtOnce) {
    const auto first = "/ip4/8.8.8.8/tcp/1" + kRelay;
    const auto second = "/ip4/8.8.8.8/tcp/2" + kRelay;
    expect_ranking({first, second}, {{first, 0}, {second, 250}});
}

TEST(DialRanking, WhatIsArrangedOverARelayHasThreeSecondsBeforeWhatLeadsThroughIt) {
    const auto circuit = "/ip4/10.0.0.1/tcp/1" + kRelay;
    const auto arranged = "/ip4/8.8.8.8/tcp/1" + kRelay + "/webrtc";
    expect_ranking(
        {circuit, arranged, "/ip4/1.1.1.1/tcp/1"}, {{"/ip4/1.1.1.1/tcp/1", 0}, {arranged, 750}, {circuit, 4'000}}
    );
    expect_ranking({circuit, "/ip4/1.1.1.1/tcp/1"}, {{"/ip4/1.1.1.1/tcp/1", 0}, {circuit, 750}});
}

TEST(DialRanking, LeavesOutDuplicates) {
    EXPECT_EQ(
        rank({"/ip4/8.8.8.8/tcp/1", "/ip4/8.8.4.4/tcp/1", "/ip4/8.8.8.8/tcp/1", "/ip4/8.8.8.8/tcp/1"}),
        (std::vector<Turn>{{"/ip4/8.8.4.4/tcp/1", 0}, {"/ip4/8.8.8.8/tcp/1", 250}})
    );
}

TEST(DialRanking, LeavesOutUnspecifiedAddresses) {
    EXPECT_EQ(
        rank({"/ip4/0.0.0.0/tcp/1", "/ip6/::/tcp/1", "/ip6/::ffff:0.0.0.0/tcp/1", "/ip4/8.8.8.8/tcp/1"}),
        (std::vector<Turn>{{"/ip4/8.8.8.8/tcp/1", 0}})
    );
    EXPECT_TRUE(rank({"/ip4/0.0.0.0/tcp/1"}).empty());
}

TEST(DialRanking, KeepsAllOfMany) {
    std::vector<std::string> texts;
    for (int port = 1; port <= 1000; ++port) {
        texts.push_back("/ip4/10.1.2.3/tcp/" + std::to_string(port));
    }
    std::reverse(texts.begin(), texts.end());
    auto turns = rank(texts);
    ASSERT_EQ(turns.size(), 1000U);
    for (int i = 0; i < 1000; ++i) {
        const auto place = static_cast<std::size_t>(i);
        EXPECT_EQ(turns[place], (Turn{"/ip4/10.1.2.3/tcp/" + std::to_string(i + 1), i * 30}));
    }
}

}  // namespace
}  // namespace libp2p::swarm
