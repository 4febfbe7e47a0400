// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/protocols/internal/relay_table.hpp"

#include <libp2p/keys.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace libp2p::relay {
namespace {

using namespace std::chrono_literals;
using TimePoint = RelayTable::TimePoint;

constexpr TimePoint kStart{1h};

PeerId somebody() {
    return Identity::generate().peer_id();
}

Multiaddr at(const std::string& ip, const std::string& family = "ip4") {
    return Multiaddr::parse("/" + family + "/" + ip + "/tcp/4001").value();
}

const Multiaddr kHere = at("127.0.0.1");

/// Limits without rates: each test bounds what it is about.
RelayLimits unhurried() {
    RelayLimits limits;
    limits.reservation_rate_per_peer.count = 0;
    limits.reservation_rate_per_address.count = 0;
    limits.circuit_rate_per_peer.count = 0;
    limits.circuit_rate_per_address.count = 0;
    return limits;
}

void expect_refusal(const std::optional<Refusal>& refusal, Status status, const std::string& words) {
    ASSERT_TRUE(refusal) << words;
    EXPECT_EQ(refusal->status, status) << refusal->reason;
    EXPECT_NE(refusal->reason.find(words), std::string::npos) << refusal->reason;
}

std::optional<Refusal> open(RelayTable& table, const PeerId& source, const PeerId& destination) {
    std::uint64_t id = 0;
    return table.open(source, destination, kHere, kStart, id);
}

TEST(RelayTable, AReservationStandsUntilItsTimeIsUp) {
    auto limits = unhurried();
    limits.reservation_ttl = 60s;
    RelayTable table(limits, nullptr);
    const auto peer = somebody();
    EXPECT_FALSE(table.reserve(peer, kHere, kStart));
    EXPECT_TRUE(table.has_reservation(peer, kStart + 59s));
    EXPECT_FALSE(table.has_reservation(peer, kStart + 60s));
    EXPECT_EQ(table.next_expiry(), kStart + 60s);
    EXPECT_TRUE(table.expire(kStart + 59s).empty());
    EXPECT_EQ(table.expire(kStart + 60s), std::vector<PeerId>{peer});
    EXPECT_EQ(table.next_expiry(), TimePoint::max());
}

TEST(RelayTable, RenewingMovesTheEndAndTakesNoSecondPlace) {
    auto limits = unhurried();
    limits.reservation_ttl = 60s;
    limits.reservations = 2;
    limits.reservations_per_address = 1;
    RelayTable table(limits, nullptr);
    const auto peer = somebody();
    const auto other = somebody();
    EXPECT_FALSE(table.reserve(peer, at("192.0.2.1"), kStart));
    EXPECT_FALSE(table.reserve(other, at("192.0.2.2"), kStart + 1s));
    EXPECT_FALSE(table.reserve(peer, at("192.0.2.1"), kStart + 30s));
    EXPECT_EQ(table.next_expiry(), kStart + 61s);
    EXPECT_TRUE(table.has_reservation(peer, kStart + 89s));
    EXPECT_EQ(table.reservations().size(), 2U);
}

TEST(RelayTable, RefusesReservationsPastTheWholeLimit) {
    auto limits = unhurried();
    limits.reservations = 3;
    RelayTable table(limits, nullptr);
    for (int i = 0; i < 3; ++i) {
        EXPECT_FALSE(table.reserve(somebody(), kHere, kStart));
    }
    expect_refusal(table.reserve(somebody(), kHere, kStart), Status::resource_limit_exceeded, "(relay.reservations)");
    EXPECT_EQ(table.reservations().size(), 3U);
}

TEST(RelayTable, RefusesReservationsPastTheLimitOfAnAddressAndOfANetwork) {
    auto limits = unhurried();
    limits.reservations_per_address = 1;
    limits.reservations_per_network = 2;
    RelayTable table(limits, nullptr);
    EXPECT_FALSE(table.reserve(somebody(), at("192.0.2.1"), kStart));
    expect_refusal(
        table.reserve(somebody(), at("192.0.2.1"), kStart),
        Status::resource_limit_exceeded,
        "192.0.2.1: 1 reservations of 1 used (relay.reservations_per_address)"
    );
    EXPECT_FALSE(table.reserve(somebody(), at("192.0.2.2"), kStart));
    expect_refusal(
        table.reserve(somebody(), at("192.0.2.3"), kStart),
        Status::resource_limit_exceeded,
        "192.0.2.0/24: 2 reservations of 2 used (relay.reservations_per_network)"
    );
    EXPECT_FALSE(table.reserve(somebody(), at("192.0.3.1"), kStart));
}

TEST(RelayTable, AHouseholdWithIp6CountsAsOneAddress) {
    auto limits = unhurried();
    limits.reservations_per_address = 1;
    RelayTable table(limits, nullptr);
    EXPECT_FALSE(table.reserve(somebody(), at("2001:db8:1:1::1", "ip6"), kStart));
    expect_refusal(
        table.reserve(somebody(), at("2001:db8:1:ff::7", "ip6"), kStart),
        Status::resource_limit_exceeded,
        "2001:db8:1::/56"
    );
    EXPECT_FALSE(table.reserve(somebody(), at("2001:db8:1:100::1", "ip6"), kStart));
}

TEST(RelayTable, LoopbackCountsInNoNetwork) {
    auto limits = unhurried();
    limits.reservations_per_address = 1;
    RelayTable table(limits, nullptr);
    for (int i = 0; i < 4; ++i) {
        EXPECT_FALSE(table.reserve(somebody(), kHere, kStart));
        EXPECT_FALSE(table.reserve(somebody(), at("::1", "ip6"), kStart));
        EXPECT_FALSE(table.reserve(somebody(), Multiaddr::parse("/memory/7").value(), kStart));
    }
}

TEST(RelayTable, WhatEndsMakesRoom) {
    auto limits = unhurried();
    limits.reservations = 1;
    limits.reservations_per_address = 1;
    limits.reservations_per_network = 1;
    RelayTable table(limits, nullptr);
    const auto peer = somebody();
    EXPECT_FALSE(table.reserve(peer, at("192.0.2.1"), kStart));
    EXPECT_TRUE(table.drop(peer));
    EXPECT_FALSE(table.drop(peer));
    EXPECT_FALSE(table.reserve(somebody(), at("192.0.2.1"), kStart));
}

TEST(RelayTable, ARenewalThatIsRefusedLeavesTheReservation) {
    auto limits = unhurried();
    limits.reservations_per_address = 1;
    RelayTable table(limits, nullptr);
    const auto peer = somebody();
    EXPECT_FALSE(table.reserve(peer, at("192.0.2.1"), kStart));
    EXPECT_FALSE(table.reserve(somebody(), at("192.0.2.2"), kStart));
    expect_refusal(
        table.reserve(peer, at("192.0.2.2"), kStart), Status::resource_limit_exceeded, "reservations_per_address"
    );
    EXPECT_TRUE(table.has_reservation(peer, kStart));
    expect_refusal(
        table.reserve(somebody(), at("192.0.2.1"), kStart), Status::resource_limit_exceeded, "reservations_per_address"
    );
}

TEST(RelayTable, APeerThatReservesTooOftenIsRefused) {
    RelayLimits limits = unhurried();
    limits.reservation_rate_per_peer = {2, 10s};
    RelayTable table(limits, nullptr);
    const auto peer = somebody();
    EXPECT_FALSE(table.reserve(peer, kHere, kStart));
    EXPECT_FALSE(table.reserve(peer, kHere, kStart));
    expect_refusal(
        table.reserve(peer, kHere, kStart), Status::reservation_refused, "(relay.reservation_rate_per_peer)"
    );
    EXPECT_FALSE(table.reserve(somebody(), kHere, kStart));
    EXPECT_FALSE(table.reserve(peer, kHere, kStart + 5s));
    EXPECT_TRUE(table.reserve(peer, kHere, kStart + 5s));
}

TEST(RelayTable, AnAddressThatReservesTooOftenIsRefused) {
    RelayLimits limits = unhurried();
    limits.reservation_rate_per_address = {2, 10s};
    limits.circuit_rate_per_address = {1, 10s};
    RelayTable table(limits, nullptr);
    const auto remote = at("192.0.2.1");
    EXPECT_FALSE(table.reserve(somebody(), remote, kStart));
    EXPECT_FALSE(table.reserve(somebody(), remote, kStart));
    expect_refusal(
        table.reserve(somebody(), remote, kStart), Status::reservation_refused, "(relay.reservation_rate_per_address)"
    );
    std::uint64_t id = 0;
    const auto destination = table.reservations().front().peer;
    EXPECT_FALSE(table.open(somebody(), destination, remote, kStart, id));
    expect_refusal(
        table.open(somebody(), destination, remote, kStart, id),
        Status::resource_limit_exceeded,
        "(relay.circuit_rate_per_address)"
    );
}

TEST(RelayTable, ACircuitLeadsOnlyToWhoHasReserved) {
    RelayTable table(unhurried(), nullptr);
    const auto source = somebody();
    const auto destination = somebody();
    expect_refusal(open(table, source, destination), Status::no_reservation, destination.to_string());
    EXPECT_FALSE(table.reserve(destination, kHere, kStart));
    EXPECT_FALSE(open(table, source, destination));
    expect_refusal(open(table, destination, destination), Status::permission_denied, "to itself");
    EXPECT_EQ(table.circuit_count(), 1U);
}

TEST(RelayTable, RefusesCircuitsPastTheLimitOfEitherPeer) {
    auto limits = unhurried();
    limits.circuits_per_peer = 2;
    RelayTable table(limits, nullptr);
    const auto source = somebody();
    std::vector<PeerId> reserved;
    for (int i = 0; i < 3; ++i) {
        reserved.push_back(somebody());
        EXPECT_FALSE(table.reserve(reserved.back(), kHere, kStart));
    }
    EXPECT_FALSE(open(table, source, reserved[0]));
    EXPECT_FALSE(open(table, source, reserved[1]));
    expect_refusal(open(table, source, reserved[2]), Status::resource_limit_exceeded, "(relay.circuits_per_peer)");
    EXPECT_FALSE(open(table, somebody(), reserved[0]));
    expect_refusal(
        open(table, somebody(), reserved[0]), Status::resource_limit_exceeded, "to peer " + reserved[0].to_string()
    );
}

TEST(RelayTable, RefusesCircuitsPastTheLimitsOfAllAndOfANetwork) {
    auto limits = unhurried();
    limits.circuits = 3;
    limits.circuits_per_address = 1;
    limits.circuits_per_network = 2;
    RelayTable table(limits, nullptr);
    const auto destination = somebody();
    EXPECT_FALSE(table.reserve(destination, kHere, kStart));
    const auto from = [&](const char* ip) {
        std::uint64_t id = 0;
        return table.open(somebody(), destination, at(ip), kStart, id);
    };
    EXPECT_FALSE(from("192.0.2.1"));
    expect_refusal(from("192.0.2.1"), Status::resource_limit_exceeded, "(relay.circuits_per_address)");
    EXPECT_FALSE(from("192.0.2.2"));
    expect_refusal(from("192.0.2.3"), Status::resource_limit_exceeded, "(relay.circuits_per_network)");
    EXPECT_FALSE(from("198.51.100.1"));
    expect_refusal(from("203.0.113.1"), Status::resource_limit_exceeded, "relay: 3 circuits of 3 used");
}

TEST(RelayTable, ACircuitThatIsClosedMakesRoom) {
    auto limits = unhurried();
    limits.circuits_per_peer = 1;
    limits.circuits_per_address = 1;
    RelayTable table(limits, nullptr);
    const auto source = somebody();
    const auto destination = somebody();
    EXPECT_FALSE(table.reserve(destination, kHere, kStart));
    for (int i = 0; i < 3; ++i) {
        std::uint64_t id = 0;
        EXPECT_FALSE(table.open(source, destination, at("192.0.2.1"), kStart, id));
        EXPECT_TRUE(open(table, source, destination));
        table.close(id);
        table.close(id);
    }
    EXPECT_EQ(table.circuit_count(), 0U);
}

TEST(RelayTable, APeerThatAsksForCircuitsTooOftenIsRefused) {
    auto limits = unhurried();
    limits.circuit_rate_per_peer = {2, 10s};
    RelayTable table(limits, nullptr);
    const auto source = somebody();
    for (int i = 0; i < 2; ++i) {
        expect_refusal(open(table, source, somebody()), Status::no_reservation, "no reservation");
    }
    expect_refusal(open(table, source, somebody()), Status::resource_limit_exceeded, "(relay.circuit_rate_per_peer)");
}

TEST(RelayTable, ATableThatIsStoppedRefusesEverything) {
    RelayTable table(unhurried(), nullptr);
    const auto peer = somebody();
    EXPECT_FALSE(table.reserve(peer, kHere, kStart));
    table.stop();
    expect_refusal(table.reserve(peer, kHere, kStart), Status::reservation_refused, "about to stop");
    expect_refusal(open(table, somebody(), peer), Status::resource_limit_exceeded, "about to stop");
    EXPECT_TRUE(table.has_reservation(peer, kStart));
}

TEST(RelayTable, AFloodOfPeersIsBoundedAndCharged) {
    auto budget = Budget::make("system", "limits.system", Limits().system);
    RelayLimits limits;
    limits.reservations = 100;
    {
        RelayTable table(limits, budget);
        std::size_t most = 0;
        for (std::size_t i = 0; i < 3 * protocols::RateGate<PeerId>::kMaxEntries; ++i) {
            auto ip = "10.1." + std::to_string(i / 250 % 250);
            ip += '.';
            ip += std::to_string(i % 250);
            const auto remote = at(ip);
            std::array<std::uint8_t, 34> octets{
                0x12, 0x20, static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8)
            };
            const auto peer = PeerId::from_bytes(octets).value();
            (void)table.reserve(peer, remote, kStart);
            std::uint64_t id = 0;
            (void)table.open(peer, table.reservations().front().peer, remote, kStart, id);
            most = std::max(most, table.held());
        }
        EXPECT_LE(table.reservations().size(), 100U);
        EXPECT_GE(budget->used().memory + MemoryAccount::kFree, most);
        EXPECT_LT(most, 6 * kMiB);
    }
    EXPECT_TRUE(budget->used().is_zero());
}

TEST(RelayTable, WhereTheBudgetRefusesSoDoesTheTable) {
    auto scope = Limits().system;
    scope.memory = MemoryAccount::kStep;
    auto budget = Budget::make("system", "limits.system", scope);
    RelayTable table(unhurried(), budget);
    std::optional<Refusal> refusal;
    std::size_t granted = 0;
    while (!refusal) {
        refusal = table.reserve(somebody(), kHere, kStart);
        granted += refusal ? 0 : 1;
    }
    expect_refusal(refusal, Status::resource_limit_exceeded, "limits.system");
    EXPECT_EQ(table.reservations().size(), granted);
    EXPECT_GT(granted, 10U);
    table.clear();
    EXPECT_TRUE(budget->used().is_zero());
    EXPECT_TRUE(table.reserve(somebody(), kHere, kStart));
}

}  // namespace
}  // namespace libp2p::relay
