// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/resource_manager.hpp"

#include <libp2p/multiaddr.hpp>
#include <libp2p/peer_id.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <limits>
#include <optional>
#include <random>
#include <vector>

namespace libp2p {
namespace {

constexpr auto kMany = std::numeric_limits<std::uint32_t>::max();
constexpr auto kMuch = std::numeric_limits<std::size_t>::max();

Multiaddr address(std::string_view text) {
    return Multiaddr::parse(text).value();
}

PeerId alice() {
    return PeerId::parse("12D3KooWB1b3qZxWJanuhtseF3DmPggHCtG36KZ9ixkqHtdKH9fh").value();
}
PeerId bob() {
    return PeerId::parse("12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq").value();
}

const Multiaddr kLoopback = address("/ip4/127.0.0.1/tcp/4001");

/// Small numbers, so that every limit can be reached.
Limits small() {
    Limits limits;
    limits.system = {8, 8, 12, 100, 100, 150, 12, 10 * kMiB};
    limits.transient = {4, 4, 6, 10, 10, 15, 6, 5 * kMiB};
    limits.peer = {2, 2, 3, 20, 20, 30, 3, 4 * kMiB};
    limits.connection = {1, 1, 1, 8, 8, 12, 1, 3 * kMiB};
    limits.stream = {0, 0, 0, 1, 1, 1, 0, 1 * kMiB};
    limits.connection_memory = 1000;
    limits.stream_memory = 100;
    return limits;
}

result<ConnectionScope> inbound(ResourceManager& manager, const Multiaddr& remote = kLoopback) {
    return manager.open_connection(Direction::inbound, true, remote);
}

result<ConnectionScope> outbound(ResourceManager& manager) {
    return manager.open_connection(Direction::outbound, true, kLoopback);
}

const ScopeUsage* find(const std::vector<ScopeUsage>& scopes, std::string_view name) {
    const auto found = std::find_if(scopes.begin(), scopes.end(), [&](const auto& s) { return s.name == name; });
    return found == scopes.end() ? nullptr : &*found;
}

TEST(ResourceManager, PaysForAConnectionInTransientBeforeItsPeerIsKnown) {
    ResourceManager manager(small());
    {
        auto scope = inbound(manager);
        ASSERT_TRUE(scope);
        const auto expected = Usage::connection(Direction::inbound, 1, 1000);
        EXPECT_EQ(scope->budget()->used(), expected);
        EXPECT_EQ(manager.transient()->used(), expected);
        EXPECT_EQ(manager.system_usage(), expected);
        EXPECT_EQ(scope->direction(), Direction::inbound);
    }
    EXPECT_TRUE(manager.transient()->used().is_zero());
    EXPECT_TRUE(manager.system_usage().is_zero());
}

TEST(ResourceManager, CountsNoDescriptorWhereTheTransportTakesNone) {
    ResourceManager manager(small());
    auto scope = manager.open_connection(Direction::outbound, false, kLoopback);
    ASSERT_TRUE(scope);
    EXPECT_EQ(manager.system_usage(), Usage::connection(Direction::outbound, 0, 1000));
}

TEST(ResourceManager, MovesAProvenConnectionToItsPeer) {
    ResourceManager manager(small());
    auto scope = inbound(manager);
    ASSERT_TRUE(scope);
    auto handshake = scope->budget()->charge(Usage::octets(500));
    ASSERT_TRUE(handshake);
    ASSERT_TRUE(scope->set_peer(alice()));
    EXPECT_TRUE(manager.transient()->used().is_zero());
    EXPECT_EQ(manager.system_usage().memory, 1500u);
    const auto scopes = manager.snapshot();
    const auto* peer = find(scopes, "peer " + alice().to_string());
    ASSERT_NE(peer, nullptr);
    EXPECT_EQ(peer->used.memory, 1500u);
    EXPECT_EQ(peer->setting, "limits.peer");
    EXPECT_EQ(peer->limits.connections, 3u);
}

TEST(ResourceManager, KeepsAPeerScopeOnlyWhileSomethingIsChargedToIt) {
    ResourceManager manager(small());
    const auto name = "peer " + alice().to_string();
    auto first = inbound(manager);
    auto second = outbound(manager);
    ASSERT_TRUE(first && second);
    ASSERT_TRUE(first->set_peer(alice()));
    ASSERT_TRUE(second->set_peer(alice()));
    auto stream = first->open_stream(Direction::inbound);
    ASSERT_TRUE(stream);
    {
        auto ended = std::move(*first);
    }
    {
        auto ended = std::move(*second);
    }
    auto scopes = manager.snapshot();
    ASSERT_NE(find(scopes, name), nullptr) << "a stream outlived its connection";
    EXPECT_EQ(find(scopes, name)->used, Usage::stream(Direction::inbound, 100));
    auto third = inbound(manager);
    ASSERT_TRUE(third && third->set_peer(alice())) << "the same scope is found again";
    scopes = manager.snapshot();
    EXPECT_EQ(find(scopes, name)->used.memory, 1100u);
    stream->release();
    {
        auto ended = std::move(*third);
    }
    EXPECT_EQ(find(manager.snapshot(), name), nullptr);
    EXPECT_TRUE(manager.system_usage().is_zero());
}

TEST(ResourceManager, RefusesAPeerItsThirdInboundConnectionAndLeavesItInTransient) {
    ResourceManager manager(small());
    std::vector<ConnectionScope> kept;
    for (int i = 0; i < 3; ++i) {
        auto scope = inbound(manager);
        ASSERT_TRUE(scope);
        kept.push_back(std::move(*scope));
    }
    EXPECT_TRUE(kept[0].set_peer(alice()));
    EXPECT_TRUE(kept[1].set_peer(alice()));
    auto refused = kept[2].set_peer(alice());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), Errc::limit_exceeded);
    EXPECT_EQ(
        refused.error().detail(),
        "peer " + alice().to_string() +
            ": connections_inbound 2 of 2 used, 1 more asked "
            "(limits.peer.connections_inbound)"
    );
    EXPECT_EQ(manager.transient()->used().connections_inbound, 1u);
    EXPECT_EQ(manager.system_usage().connections_inbound, 3u);
    EXPECT_TRUE(kept[2].set_peer(bob())) << "another peer has room";
}

TEST(ResourceManager, RefusalForTheFirstConnectionOfAPeerLeavesNoPeerScopeBehind) {
    auto limits = small();
    limits.peer.connections = 0;
    ResourceManager manager(limits);
    auto scope = inbound(manager);
    ASSERT_TRUE(scope);
    EXPECT_FALSE(scope->set_peer(alice()));
    EXPECT_EQ(manager.snapshot().size(), 3u) << "system, transient and the connection";
}

TEST(ResourceManager, RefusesAtEachLimitOfTransient) {
    auto limits = small();
    for (std::uint32_t limit : {0u, 1u, 3u}) {
        limits.transient.connections_inbound = limit;
        ResourceManager manager(limits);
        std::vector<ConnectionScope> kept;
        for (std::uint32_t i = 0; i < limit; ++i) {
            auto scope = inbound(manager);
            ASSERT_TRUE(scope);
            kept.push_back(std::move(*scope));
        }
        auto refused = inbound(manager);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error(), Errc::limit_exceeded);
        const auto count = std::to_string(limit);
        EXPECT_EQ(
            refused.error().detail(),
            "transient: connections_inbound " + count + " of " + count +
                " used, 1 more asked (limits.transient.connections_inbound)"
        );
        EXPECT_EQ(manager.refusals(), 1u);
        EXPECT_EQ(manager.system_usage().connections_inbound, limit);
        EXPECT_EQ(manager.snapshot().size(), 2 + limit);
    }
}

TEST(ResourceManager, AcceptsTheLargestLimits) {
    Limits limits;
    const ScopeLimits all{kMany, kMany, kMany, kMany, kMany, kMany, kMany, kMuch};
    limits.system = limits.transient = limits.peer = limits.connection = limits.stream = all;
    limits.connection_memory = kMuch;
    limits.connections_per_ipv4 = kMany;
    ResourceManager manager(limits);
    auto first = inbound(manager, address("/ip4/198.51.100.1/tcp/1"));
    ASSERT_TRUE(first);
    EXPECT_FALSE(inbound(manager, address("/ip4/198.51.100.1/tcp/2"))) << "all memory there is has been used";
    EXPECT_FALSE(first->open_stream(Direction::inbound));
}

TEST(ResourceManager, AStreamCountsInTransientUntilItsProtocolIsAgreed) {
    ResourceManager manager(small());
    auto scope = inbound(manager);
    ASSERT_TRUE(scope);
    ASSERT_TRUE(scope->set_peer(alice()));
    auto stream = scope->open_stream(Direction::inbound);
    ASSERT_TRUE(stream);
    EXPECT_EQ(manager.transient()->used(), Usage::stream(Direction::inbound, 100));
    EXPECT_EQ(manager.system_usage().memory, 1100u);
    EXPECT_EQ(stream->budget()->used(), Usage::stream(Direction::inbound, 100));
    ConnectionScope::negotiated(*stream);
    ConnectionScope::negotiated(*stream);
    EXPECT_TRUE(manager.transient()->used().is_zero());
    EXPECT_EQ(manager.system_usage().memory, 1100u);
    EXPECT_EQ(scope->budget()->used().streams_inbound, 1u);
    stream->release();
    EXPECT_EQ(scope->budget()->used(), Usage::connection(Direction::inbound, 1, 1000));
    ConnectionScope::negotiated(*stream);  // nothing left to move
}

TEST(ResourceManager, AStreamThatIsNeverNegotiatedLeavesTransientWhenItDies) {
    ResourceManager manager(small());
    auto scope = outbound(manager);
    ASSERT_TRUE(scope && scope->set_peer(alice()));
    {
        auto stream = scope->open_stream(Direction::outbound);
        ASSERT_TRUE(stream);
        auto more = stream->budget()->charge(Usage::octets(5000));
        ASSERT_TRUE(more);
        EXPECT_EQ(manager.transient()->used().memory, 5100u);
    }
    EXPECT_TRUE(manager.transient()->used().is_zero());
}

TEST(ResourceManager, AStreamBeforeThePeerIsProvenMovesWithItsConnection) {
    ResourceManager manager(small());
    auto scope = inbound(manager);
    ASSERT_TRUE(scope);
    auto stream = scope->open_stream(Direction::inbound);
    ASSERT_TRUE(stream);
    EXPECT_EQ(manager.transient()->used().streams_inbound, 1u);
    ASSERT_TRUE(scope->set_peer(alice()));
    ConnectionScope::negotiated(*stream);
    EXPECT_TRUE(manager.transient()->used().is_zero());
}

TEST(ResourceManager, NamesTheLimitThatRefusesAStream) {
    ResourceManager manager(small());
    auto scope = inbound(manager);
    ASSERT_TRUE(scope && scope->set_peer(alice()));
    std::vector<Charge> streams;
    for (int i = 0; i < 8; ++i) {
        auto stream = scope->open_stream(Direction::inbound);
        ASSERT_TRUE(stream);
        ConnectionScope::negotiated(*stream);
        streams.push_back(std::move(*stream));
    }
    auto refused = scope->open_stream(Direction::inbound);
    ASSERT_FALSE(refused);
    EXPECT_EQ(
        refused.error().detail(),
        "inbound connection /ip4/127.0.0.1/tcp/4001: streams_inbound 8 of 8 used, 1 more asked "
        "(limits.connection.streams_inbound)"
    );
    EXPECT_TRUE(scope->open_stream(Direction::outbound));
    streams.pop_back();
    EXPECT_TRUE(scope->open_stream(Direction::inbound));
}

TEST(ResourceManager, ScopesAndStreamsMayOutliveTheManager) {
    std::optional<ResourceManager> manager(small());
    auto scope = inbound(*manager);
    ASSERT_TRUE(scope);
    auto idle = inbound(*manager, address("/ip4/198.51.100.1/tcp/1"));
    ASSERT_TRUE(idle);
    idle->on_evict([] {});
    manager.reset();
    EXPECT_TRUE(scope->set_peer(alice()));
    auto stream = scope->open_stream(Direction::outbound);
    EXPECT_TRUE(stream);
    {
        auto ended = std::move(*scope);
    }
}

// --- eviction ------------------------------------------------------------------------------------------------------

/// A connection that is being upgraded and notes when it is told to go.
struct Upgrading {
    explicit Upgrading(ConnectionScope made) : scope(std::move(made)) {
        scope->on_evict([this] { ++aborted; });
    }
    Upgrading(const Upgrading&) = delete;
    Upgrading& operator=(const Upgrading&) = delete;

    std::optional<ConnectionScope> scope;
    int aborted = 0;
};

TEST(ResourceManager, TheOldestUpgradingConnectionGivesWayWhenTransientIsFull) {
    ResourceManager manager(small());
    std::deque<Upgrading> silent;
    for (int i = 0; i < 4; ++i) {
        auto scope = inbound(manager);
        ASSERT_TRUE(scope);
        silent.emplace_back(std::move(*scope));
    }
    auto honest = inbound(manager);
    ASSERT_TRUE(honest);
    EXPECT_EQ(silent[0].aborted, 1);
    EXPECT_TRUE(silent[0].scope->is_evicted());
    EXPECT_EQ(silent[1].aborted, 0);
    EXPECT_EQ(manager.evictions(), 1u);
    EXPECT_EQ(manager.transient()->used().connections_inbound, 4u);
    EXPECT_EQ(manager.system_usage().descriptors, 4u);

    auto late = silent[0].scope->set_peer(alice());
    ASSERT_FALSE(late) << "its place is taken";
    EXPECT_EQ(late.error(), Errc::limit_exceeded);
    silent[0].scope.reset();
    EXPECT_EQ(manager.transient()->used().connections_inbound, 4u) << "given back once";

    auto second = inbound(manager);
    ASSERT_TRUE(second);
    EXPECT_EQ(silent[1].aborted, 1);
    silent.clear();
    EXPECT_EQ(manager.transient()->used().connections_inbound, 2u);
}

TEST(ResourceManager, ProvenAndOutboundConnectionsNeverGiveWay) {
    ResourceManager manager(small());
    std::deque<Upgrading> kept;
    for (int i = 0; i < 4; ++i) {
        auto scope = outbound(manager);
        ASSERT_TRUE(scope);
        kept.emplace_back(std::move(*scope));
    }
    for (int i = 0; i < 2; ++i) {
        auto scope = inbound(manager);
        ASSERT_TRUE(scope);
        kept.emplace_back(std::move(*scope));
    }
    ASSERT_TRUE(kept[4].scope->set_peer(alice()));
    ASSERT_TRUE(inbound(manager)) << "a place became free in transient";
    ASSERT_TRUE(kept[5].scope->set_peer(alice()));
    for (auto& one : kept) {
        EXPECT_EQ(one.aborted, 0);
    }
    EXPECT_EQ(manager.evictions(), 0u);
    std::vector<ConnectionScope> full;
    for (int i = 0; i < 2; ++i) {
        auto scope = inbound(manager);
        ASSERT_TRUE(scope);
        full.push_back(std::move(*scope));
    }
    EXPECT_FALSE(inbound(manager)) << "without on_evict nobody gives way";
    EXPECT_EQ(manager.evictions(), 0u);
}

TEST(ResourceManager, OurOwnDialTakesThePlaceOfASilentConnection) {
    auto limits = small();
    limits.transient.connections = 4;
    ResourceManager manager(limits);
    std::deque<Upgrading> silent;
    for (int i = 0; i < 4; ++i) {
        auto scope = inbound(manager);
        ASSERT_TRUE(scope);
        silent.emplace_back(std::move(*scope));
    }
    EXPECT_TRUE(outbound(manager));
    EXPECT_EQ(silent[0].aborted, 1);
}

TEST(ResourceManager, NobodyGivesWayWhenThatWouldNotHelp) {
    auto limits = small();
    ResourceManager manager(limits);
    auto scope = manager.open_connection(Direction::inbound, false, kLoopback);
    ASSERT_TRUE(scope);
    Upgrading silent(std::move(*scope));
    auto all = manager.system()->charge([] {
        Usage usage;
        usage.descriptors = 12;
        return usage;
    }());
    ASSERT_TRUE(all);
    const auto before = manager.transient()->used();
    auto refused = inbound(manager);
    ASSERT_FALSE(refused) << "the silent one holds no descriptor";
    EXPECT_NE(refused.error().detail().find("limits.system.descriptors"), std::string_view::npos);
    EXPECT_EQ(silent.aborted, 0);
    EXPECT_FALSE(silent.scope->is_evicted());
    EXPECT_EQ(manager.transient()->used(), before);
    EXPECT_TRUE(silent.scope->set_peer(alice()));
}

TEST(ResourceManager, TheOwnerOfAnEvictedConnectionMayDestroyItAtOnce) {
    auto limits = small();
    limits.transient.connections_inbound = 1;
    ResourceManager manager(limits);
    std::optional<ConnectionScope> victim;
    auto scope = inbound(manager, address("/ip4/198.51.100.1/tcp/1"));
    ASSERT_TRUE(scope);
    victim.emplace(std::move(*scope));
    victim->on_evict([&victim] { victim.reset(); });
    EXPECT_TRUE(inbound(manager, address("/ip4/198.51.100.1/tcp/2")));
    EXPECT_FALSE(victim);
    EXPECT_TRUE(manager.system_usage().is_zero());
}

TEST(ResourceManager, AnEvictionCanBeTakenBackAndKeepsItsPlaceInLine) {
    ResourceManager manager(small());
    std::deque<Upgrading> silent;
    for (int i = 0; i < 4; ++i) {
        auto scope = inbound(manager);
        ASSERT_TRUE(scope);
        silent.emplace_back(std::move(*scope));
    }
    int replaced = 0;
    silent[0].scope->on_evict([&replaced] { ++replaced; });
    silent[1].scope->on_evict(nullptr);
    EXPECT_TRUE(inbound(manager));
    EXPECT_EQ(replaced, 1) << "the function changed, the age did not";
    silent[0].scope.reset();
    auto first = inbound(manager);
    ASSERT_TRUE(first);
    auto second = inbound(manager);
    EXPECT_TRUE(second);
    EXPECT_EQ(silent[1].aborted, 0);
    EXPECT_EQ(silent[2].aborted, 1);
}

TEST(ResourceManager, AnHonestDialGetsThroughAFloodOfSilentOnes) {
    Limits limits;
    ResourceManager manager(limits);
    std::deque<Upgrading> silent;
    int proven = 0;
    for (int round = 0; round < 100; ++round) {
        auto honest = inbound(manager);
        ASSERT_TRUE(honest);
        Upgrading upgrade(std::move(*honest));
        for (int i = 0; i < 200; ++i) {  // fewer than transient holds come while an honest handshake lasts
            auto scope = inbound(manager);
            ASSERT_TRUE(scope);
            silent.emplace_back(std::move(*scope));
        }
        proven += upgrade.scope->set_peer(alice()) ? 1 : 0;
        while (!silent.empty() && silent.front().aborted > 0) {
            silent.pop_front();
        }
        EXPECT_LE(manager.transient()->used().connections_inbound, limits.transient.connections_inbound);
    }
    EXPECT_EQ(proven, 100);
    EXPECT_EQ(manager.refusals(), 0u);
    EXPECT_LE(silent.size(), limits.transient.connections_inbound);
    EXPECT_EQ(manager.evictions(), 100u * 201u - 100u - silent.size());
}

// --- networks ------------------------------------------------------------------------------------------------------

std::vector<ConnectionScope> fill(ResourceManager& manager, const std::vector<std::string>& addresses) {
    std::vector<ConnectionScope> scopes;
    for (const auto& text : addresses) {
        auto scope = inbound(manager, address(text));
        EXPECT_TRUE(scope) << text;
        if (scope) {
            scopes.push_back(std::move(*scope));
        }
    }
    return scopes;
}

TEST(ResourceManager, LimitsInboundConnectionsOfOneIpv4Address) {
    auto limits = small();
    for (std::uint32_t limit : {0u, 1u, 2u}) {
        limits.connections_per_ipv4 = limit;
        ResourceManager manager(limits);
        std::vector<ConnectionScope> kept;
        for (std::uint32_t i = 0; i < limit; ++i) {
            auto scope = inbound(manager, address("/ip4/198.51.100.7/tcp/" + std::to_string(i + 1)));
            ASSERT_TRUE(scope);
            kept.push_back(std::move(*scope));
        }
        auto refused = inbound(manager, address("/ip4/198.51.100.7/tcp/99"));
        ASSERT_FALSE(refused);
        const auto count = std::to_string(limit);
        EXPECT_EQ(
            refused.error().detail(),
            "198.51.100.7: connections " + count + " of " + count + " used, 1 more asked (limits.connections_per_ipv4)"
        );
        EXPECT_EQ(manager.system_usage().connections_inbound, limit);
        if (limit > 0) {
            EXPECT_TRUE(inbound(manager, address("/ip4/198.51.100.8/tcp/99")));
            kept.pop_back();
            EXPECT_TRUE(inbound(manager, address("/ip4/198.51.100.7/tcp/99")));
            kept.clear();
        }
    }
}

TEST(ResourceManager, LimitsInboundConnectionsOfIpv6Networks) {
    auto limits = small();
    limits.connections_per_ipv6_56 = 2;
    limits.connections_per_ipv6_48 = 3;
    ResourceManager manager(limits);
    auto kept = fill(manager, {"/ip6/2001:db8:1:100::1/tcp/1", "/ip6/2001:db8:1:1ff::2/udp/1/quic-v1"});
    auto narrow = inbound(manager, address("/ip6/2001:db8:1:180::3/tcp/1"));
    ASSERT_FALSE(narrow);
    EXPECT_EQ(
        narrow.error().detail(),
        "2001:db8:1:100::/56: connections 2 of 2 used, 1 more asked (limits.connections_per_ipv6_56)"
    );
    auto other = fill(manager, {"/ip6/2001:db8:1:200::1/tcp/1"});
    auto wide = inbound(manager, address("/ip6/2001:db8:1:300::1/tcp/1"));
    ASSERT_FALSE(wide);
    EXPECT_EQ(
        wide.error().detail(), "2001:db8:1::/48: connections 3 of 3 used, 1 more asked (limits.connections_per_ipv6_48)"
    );
    EXPECT_TRUE(inbound(manager, address("/ip6/2001:db8:2::1/tcp/1")));
}

TEST(ResourceManager, CountsAMappedIpv4AddressAsIpv4) {
    auto limits = small();
    limits.connections_per_ipv4 = 1;
    ResourceManager manager(limits);
    auto kept = fill(manager, {"/ip6/::ffff:198.51.100.7/tcp/1"});
    EXPECT_FALSE(inbound(manager, address("/ip4/198.51.100.7/tcp/2")));
}

TEST(ResourceManager, DoesNotCountLoopbackRelayedMemoryOrOutboundConnections) {
    auto limits = small();
    limits.connections_per_ipv4 = limits.connections_per_ipv6_56 = limits.connections_per_ipv6_48 = 0;
    ResourceManager manager(limits);
    for (const auto* text :
         {"/ip4/127.0.0.1/tcp/1",
          "/ip4/127.9.9.9/tcp/1",
          "/ip6/::1/tcp/1",
          "/memory/1",
          "/ip4/198.51.100.7/tcp/1/p2p-circuit"}) {
        EXPECT_TRUE(inbound(manager, address(text))) << text;
    }
    EXPECT_TRUE(manager.open_connection(Direction::outbound, true, address("/ip4/198.51.100.7/tcp/1")));
    EXPECT_FALSE(inbound(manager, address("/ip4/198.51.100.7/tcp/1")));
}

TEST(ResourceManager, TheOldestUpgradingConnectionOfANetworkGivesWayToANewOneOfIt) {
    auto limits = small();
    limits.connections_per_ipv4 = 2;
    ResourceManager manager(limits);
    auto elsewhere = inbound(manager, address("/ip4/198.51.100.1/tcp/1"));
    ASSERT_TRUE(elsewhere);
    Upgrading oldest(std::move(*elsewhere));
    auto first = inbound(manager, address("/ip4/198.51.100.7/tcp/1"));
    auto second = inbound(manager, address("/ip4/198.51.100.7/tcp/2"));
    ASSERT_TRUE(first && second);
    ASSERT_TRUE(first->set_peer(alice()));
    Upgrading silent(std::move(*second));
    auto honest = inbound(manager, address("/ip4/198.51.100.7/tcp/3"));
    ASSERT_TRUE(honest);
    EXPECT_EQ(silent.aborted, 1);
    EXPECT_EQ(oldest.aborted, 0) << "it is of another network";
    ASSERT_TRUE(honest->set_peer(bob()));
    EXPECT_FALSE(inbound(manager, address("/ip4/198.51.100.7/tcp/4"))) << "both places are proven ones";
    silent.scope.reset();
    EXPECT_FALSE(inbound(manager, address("/ip4/198.51.100.7/tcp/4"))) << "its place was taken before";
}

/// An address that may be forged does not fill its network, nor does anybody give way to it there.
TEST(ResourceManager, CountsAConnectionInItsNetworkOnceItsAddressIsProven) {
    auto limits = small();
    limits.connections_per_ipv4 = 1;
    ResourceManager manager(limits);
    const auto here = address("/ip4/198.51.100.7/udp/1/webrtc-direct");
    auto standing = inbound(manager, here);
    ASSERT_TRUE(standing);
    Upgrading upgrading(std::move(*standing));
    auto forged = manager.open_connection(Direction::inbound, false, here, false);
    auto honest = manager.open_connection(Direction::inbound, false, here, false);
    ASSERT_TRUE(forged && honest);
    EXPECT_EQ(upgrading.aborted, 0);
    int aborted = 0;
    honest->on_evict([&] { ++aborted; });
    ASSERT_TRUE(honest->prove_address(here));
    EXPECT_TRUE(honest->prove_address(here)) << "once is enough";
    EXPECT_EQ(upgrading.aborted, 1);
    ASSERT_TRUE(inbound(manager, here));
    EXPECT_EQ(aborted, 1) << "proven, and not yet anybody's, it gives way like the others";
    EXPECT_FALSE(honest->prove_address(here) && honest->set_peer(alice()));

    auto another = inbound(manager, here);
    ASSERT_TRUE(another && another->set_peer(bob()));
    EXPECT_EQ(forged->prove_address(here).error(), Errc::limit_exceeded);
}

TEST(ResourceManager, AVictimInTheNetworkIsSparedWhenTheTreeRefusesAnyway) {
    auto limits = small();
    limits.connections_per_ipv4 = 1;
    ResourceManager manager(limits);
    auto scope = manager.open_connection(Direction::inbound, false, address("/ip4/198.51.100.7/tcp/1"));
    ASSERT_TRUE(scope);
    Upgrading silent(std::move(*scope));
    auto all = manager.system()->charge([] {
        Usage usage;
        usage.descriptors = 12;
        return usage;
    }());
    ASSERT_TRUE(all);
    EXPECT_FALSE(inbound(manager, address("/ip4/198.51.100.7/tcp/2")));
    EXPECT_EQ(silent.aborted, 0);
    EXPECT_EQ(manager.transient()->used().connections_inbound, 1u);
    all->release();
    EXPECT_TRUE(inbound(manager, address("/ip4/198.51.100.7/tcp/2")));
    EXPECT_EQ(silent.aborted, 1);
}

TEST(ResourceManager, ReadsZeroAfterRandomUse) {
    for (std::uint32_t seed = 1; seed <= 10; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const auto pick = [&random](std::size_t n) {
            return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
        };
        auto limits = small();
        limits.connections_per_ipv4 = 2;
        limits.connections_per_ipv6_56 = 2;
        limits.connections_per_ipv6_48 = 3;
        ResourceManager manager(limits);
        std::deque<std::unique_ptr<Upgrading>> connections;
        std::vector<Charge> charges;
        const std::vector<std::string> remotes{
            "/ip4/127.0.0.1/tcp/1",
            "/ip4/198.51.100.1/tcp/1",
            "/ip4/198.51.100.2/tcp/1",
            "/ip6/2001:db8:1:100::1/tcp/1",
            "/ip6/2001:db8:1:200::1/tcp/1"
        };
        for (int step = 0; step < 3000; ++step) {
            switch (pick(6)) {
                case 0:
                case 1: {
                    const auto direction = pick(3) == 0 ? Direction::outbound : Direction::inbound;
                    auto scope =
                        manager.open_connection(direction, pick(2) == 0, address(remotes[pick(remotes.size())]));
                    if (scope) {
                        connections.push_back(std::make_unique<Upgrading>(std::move(*scope)));
                    }
                    break;
                }
                case 2:
                    if (!connections.empty()) {
                        connections.erase(connections.begin() + static_cast<std::ptrdiff_t>(pick(connections.size())));
                    }
                    break;
                case 3:
                    if (!connections.empty()) {
                        auto& scope = *connections[pick(connections.size())]->scope;
                        if (scope.budget()->parent() == manager.transient()) {
                            (void)scope.set_peer(pick(2) == 0 ? alice() : bob());
                        }
                    }
                    break;
                case 4:
                    if (!connections.empty()) {
                        auto& scope = *connections[pick(connections.size())]->scope;
                        auto stream = scope.open_stream(pick(2) == 0 ? Direction::inbound : Direction::outbound);
                        if (stream) {
                            charges.push_back(std::move(*stream));
                        }
                    }
                    break;
                case 5:
                    if (!charges.empty()) {
                        auto& charge = charges[pick(charges.size())];
                        if (pick(2) == 0) {
                            ConnectionScope::negotiated(charge);
                        } else {
                            std::swap(charge, charges.back());
                            charges.pop_back();
                        }
                    }
                    break;
            }
            ASSERT_LE(manager.transient()->used().connections(), limits.transient.connections);
            ASSERT_LE(manager.system_usage().memory, limits.system.memory);
        }
        connections.clear();
        charges.clear();
        EXPECT_TRUE(manager.system_usage().is_zero());
        EXPECT_TRUE(manager.transient()->used().is_zero());
        EXPECT_EQ(manager.snapshot().size(), 2u);
        EXPECT_GT(manager.evictions(), 0u);
        EXPECT_GT(manager.refusals(), 0u);
    }
}

}  // namespace
}  // namespace libp2p
