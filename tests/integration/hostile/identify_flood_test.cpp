// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/identify_message.hpp"
#include "tests/integration/hostile/raw_peer.hpp"

#include <libp2p/conformance/co_assert.hpp>
#include <libp2p/conformance/loop.hpp>
#include <libp2p/peer_record.hpp>
#include <libp2p/protocols/identify.hpp>
#include <libp2p/tasks.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

/// Peers that have proved who they are, and do not stop telling of themselves.
namespace libp2p::test::hostile {
namespace {

using conformance::eventually;

/// Small ones, that a flood passes by far.
Limits small_limits() {
    Limits limits;
    limits.known_peers = 32;
    limits.known_peers_memory = 64 * kKiB;
    limits.addresses_per_peer = 16;
    limits.protocols_per_peer = 24;
    return limits;
}

Bytes octets_of(const Multiaddr& address) {
    return Bytes(address.bytes().begin(), address.bytes().end());
}

/// Tells things that it has never told before, as many of them as a message holds.
class Liar {
public:
    explicit Liar(const Identity& identity) : identity_(identity) {}

    identify::Message next() {
        identify::Message message;
        ++messages_;
        for (int i = 0; i < 100; ++i) {
            message.listen_addresses.push_back(octets_of(new_address()));
            message.protocols.push_back("/lie/" + std::to_string(count_) + "/1.0.0");
        }
        message.agent_version = agent();
        message.protocol_version = std::string(300, 'v');
        return message;
    }

    /// The same with addresses that it has signed.
    identify::Message next_signed() {
        auto message = next();
        PeerRecord record{identity_.peer_id(), ++sequence_, {}};
        for (int i = 0; i < 40; ++i) {
            record.addresses.push_back(new_address());
        }
        message.signed_peer_record = record.seal(identity_).encode();
        return message;
    }

    /// What the message told that came last.
    std::string agent() const { return "liar/" + std::to_string(messages_); }

private:
    Multiaddr new_address() {
        ++count_;
        const auto octet = [this](unsigned shift) { return std::to_string((count_ >> shift) & 0xff); };
        return Multiaddr::parse("/ip4/10." + octet(16) + "." + octet(8) + "." + octet(0) + "/tcp/4001").value();
    }

    const Identity& identity_;
    unsigned messages_ = 0;
    unsigned count_ = 0;  // of addresses
    std::uint64_t sequence_ = 0;
};

/// Pushes one message, and waits until the remote has done with it. False when the push was refused.
awaitable<bool> push(Node& from, PeerId to, Bytes message, std::size_t times = 1) {
    auto opened = co_await from.host.open_stream(std::move(to), ProtocolId(identify::kPushProtocol));
    if (!opened) {
        co_return false;
    }
    auto stream = std::move(*opened);
    for (std::size_t i = 0; i < times; ++i) {
        auto sent = co_await write_delimited(*stream, message);
        if (!sent) {
            co_return false;
        }
    }
    auto closed = co_await stream->close_write();
    if (!closed) {
        co_return false;
    }
    Bytes nothing(1);
    auto end = co_await stream->read_some(nothing);
    co_return !end && end.error() == asio::error::make_error_code(asio::error::eof);
}

/// Connects, and waits until both know of each other what identify tells: what is told later does not cross it.
awaitable<void> meet(Node& from, Node& to, Multiaddr address) {
    auto peer = co_await from.host.connect(std::move(address));
    LIBP2P_CO_ASSERT_OK(peer);
    auto there = co_await from.host.identify(to.host.id());
    LIBP2P_EXPECT_OK(there);
    auto here = co_await to.host.identify(from.host.id());
    LIBP2P_EXPECT_OK(here);
}

class IdentifyFloodTest : public testing::Test {
protected:
    IdentifyFloodTest() { raise_descriptor_limit(); }

    const PeerStore& store() { return victim_->host.peer_store(); }

    /// Nothing that is told passes a limit, at any time.
    void expect_bounded() {
        const auto& limits = options_.limits;
        EXPECT_LE(store().size(), limits.known_peers);
        EXPECT_LE(store().memory(), limits.known_peers_memory);
        for (const auto& peer : store().peers()) {
            EXPECT_LE(store().addresses(peer, Clock::now()).size(), limits.addresses_per_peer);
            EXPECT_LE(store().protocols(peer).size(), limits.protocols_per_peer);
            EXPECT_LE(store().agent(peer).size(), kMaxAgentSize);
            EXPECT_LE(store().protocol_version(peer).size(), kMaxAgentSize);
        }
    }

    /// Runs `flood` at a host that knows `friend_`, who listens and keeps its connection, and sees that the friend is
    /// known as before, and that somebody who dials meanwhile is undisturbed.
    template <class Flood>
    void play(Flood flood, std::chrono::microseconds queue) {
        victim_.emplace(io_, options_);
        auto body = [&]() -> awaitable<void> {
            auto address = co_await listen(*victim_);
            (void)co_await listen(friend_);
            co_await meet(friend_, *victim_, address);
            const auto protocols = store().protocols(friend_.host.id());
            const auto addresses = store().addresses(friend_.host.id(), Clock::now());
            EXPECT_FALSE(protocols.empty());
            EXPECT_EQ(addresses.size(), 1U);

            HonestDialer honest(io_, address);
            co_await honest.dial(15);
            const auto idle = honest.take_median();
            co_await flood(address, honest);
            expect_undisturbed(idle, honest.take_median(), queue);

            EXPECT_TRUE(victim_->host.is_connected(friend_.host.id()));
            EXPECT_EQ(store().protocols(friend_.host.id()), protocols);
            EXPECT_EQ(store().addresses(friend_.host.id(), Clock::now()), addresses);
            auto answer = co_await echo_once(*victim_, friend_.host.id(), "still friends");
            EXPECT_EQ(answer.value(), "still friends");
            co_await close(honest.node());
            co_await close(friend_);
            co_await close(*victim_);
        };
        run(io_, body());
    }

    asio::io_context io_{1};
    HostOptions options_;
    std::optional<Node> victim_;
    Node friend_{io_};
};

TEST_F(IdentifyFloodTest, WhatOnePeerPushesOnAndOnStaysWithinItsCaps) {
    options_.limits = small_limits();
    Node attacker(io_);
    Liar liar(attacker.identity);
    auto flood = [&](Multiaddr address, HonestDialer& honest) -> awaitable<void> {
        constexpr int kRounds = 30;
        constexpr int kAtOnce = 8;
        constexpr int kInTurn = 60;
        co_await meet(attacker, *victim_, address);
        const auto victim = victim_->host.id();
        std::size_t heap = 0;
        auto push_one = [&]() -> awaitable<void> {
            auto message = identify::encode(liar.next());
            (void)co_await push(attacker, victim, std::move(message));  // of those at once some may be refused
            expect_bounded();
        };
        auto round = [&](TaskScope& tasks) -> awaitable<void> {
            for (int i = 0; i < kAtOnce; ++i) {
                tasks.spawn(push_one());
            }
            co_await honest.dial_once();
            co_await tasks.join();
        };
        for (int i = 0; i < kRounds; ++i) {
            for (int k = 0; k < kInTurn; ++k) {
                auto message = identify::encode(liar.next());
                auto taken = co_await push(attacker, victim, std::move(message));
                EXPECT_TRUE(taken);
                EXPECT_EQ(store().agent(attacker.host.id()), liar.agent());
                expect_bounded();
            }
            auto message = identify::encode(liar.next_signed());
            auto taken = co_await push(attacker, victim, std::move(message));
            EXPECT_TRUE(taken);
            expect_bounded();
            co_await with_tasks(round);
            heap = heap == 0 ? support::heap_bytes() : heap;
        }
        EXPECT_EQ(store().addresses(attacker.host.id(), Clock::now()).size(), options_.limits.addresses_per_peer);
        EXPECT_EQ(store().protocols(attacker.host.id()).size(), options_.limits.protocols_per_peer);
        if (kIsMeasured) {
            EXPECT_LT(support::heap_bytes(), heap + kMiB);
        }
        co_await close(attacker);
    };
    play(flood, 20ms);
}

/// Which limit is to be met: the others are as by default.
struct Cap {
    const char* name;
    std::uint32_t peers;
    std::size_t memory;
};

std::ostream& operator<<(std::ostream& out, const Cap& cap) {
    return out << cap.name;
}

class IdentifyCrowdTest : public IdentifyFloodTest, public testing::WithParamInterface<Cap> {};

TEST_P(IdentifyCrowdTest, EverNewPeersWithMuchToTellStayWithinTheCaps) {
    const auto& cap = GetParam();
    options_.limits.known_peers = cap.peers;
    options_.limits.known_peers_memory = cap.memory;
    auto flood = [&](Multiaddr address, HonestDialer& honest) -> awaitable<void> {
        constexpr std::size_t kPeers = 120;
        constexpr std::size_t kConnected = 4;
        std::vector<std::unique_ptr<Node>> crowd;
        std::size_t most = 0;
        for (std::size_t i = 0; i < kPeers; ++i) {
            // The keys of every other one do not fit into their names, and have to be kept.
            auto identity = Identity::generate(i % 2 == 0 ? KeyType::ed25519 : KeyType::ecdsa);
            const auto& peer = crowd.emplace_back(std::make_unique<Node>(io_, HostOptions(), std::move(identity)));
            co_await meet(*peer, *victim_, address);
            Liar liar(peer->identity);
            for (int k = 0; k < 2; ++k) {
                auto message = identify::encode(k == 0 ? liar.next() : liar.next_signed());
                auto taken = co_await push(*peer, victim_->host.id(), std::move(message));
                EXPECT_TRUE(taken);
                expect_bounded();
                most = std::max(most, store().memory());
            }
            EXPECT_EQ(store().agent(peer->host.id()), liar.agent()) << "who is connected is known";
            if (crowd.size() > kConnected) {
                co_await close(*crowd.front());
                crowd.erase(crowd.begin());
            }
            if (i % 8 == 0) {
                co_await honest.dial_once();
            }
        }
        const bool met = store().size() == cap.peers || most > cap.memory / 4 * 3;
        EXPECT_TRUE(met) << "the flood was too small: " << store().size() << " peers, " << most << " octets";
        for (auto& peer : crowd) {
            co_await close(*peer);
        }
    };
    play(flood, 20ms);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    IdentifyCrowdTest,
    testing::Values(Cap{"known_peers", 16, 32 * kMiB}, Cap{"known_peers_memory", 4096, 160 * kKiB}),
    [](const auto& tested) { return std::string(tested.param.name); }
);

/// The most entries that fit into a message.
Bytes crammed() {
    identify::Message message;
    for (std::uint8_t i = 0; i < 255; ++i) {
        message.listen_addresses.push_back({4, 10, 0, 0, i, 6, 1, 1});
    }
    message.protocols.assign(1000, "/a");
    return identify::encode(message);
}

TEST_F(IdentifyFloodTest, WhatIsToldWithoutAnEndIsPaidFor) {
    constexpr std::size_t kPushes = 400;
    Node attacker(io_);
    auto flood = [&](Multiaddr address, HonestDialer& honest) -> awaitable<void> {
        co_await meet(attacker, *victim_, address);
        const auto& usage = victim_->host.resources().system_usage();
        const auto octets = crammed();
        std::vector<std::unique_ptr<Stream>> streams;
        auto open_one = [&]() -> awaitable<void> {
            auto stream = co_await attacker.host.open_stream(victim_->host.id(), ProtocolId(identify::kPushProtocol));
            LIBP2P_CO_ASSERT_OK(stream);
            const Bytes first{2, 0x2a, 0};  // an empty protocol version
            auto sent = co_await write(**stream, first);
            LIBP2P_EXPECT_OK(sent);
            streams.push_back(std::move(*stream));
        };
        for (std::size_t i = 0; i < kPushes; ++i) {
            co_await open_one();
        }
        const auto served = [&] { return usage.streams_inbound >= kPushes; };
        auto begun = co_await eventually(served);
        EXPECT_TRUE(begun);
        const auto heap = support::heap_bytes();
        const auto charged = usage.memory;
        for (auto& stream : streams) {
            auto sent = co_await write_delimited(*stream, octets);
            LIBP2P_EXPECT_OK(sent);
        }
        const auto paid = [&] { return usage.memory >= charged + kPushes * 32 * kKiB; };
        auto all_paid = co_await eventually(paid);
        EXPECT_TRUE(all_paid) << "charged " << usage.memory - charged;
        if (kIsMeasured) {
            EXPECT_GE(usage.memory - charged, support::heap_bytes() - heap);
        }
        co_await honest.dial_once();
        streams.clear();
        co_await close(attacker);
        const auto given_back = [&] { return usage.memory < charged; };
        auto freed = co_await eventually(given_back);
        EXPECT_TRUE(freed);
    };
    play(flood, 20ms);
}

TEST_F(IdentifyFloodTest, WhatTheBudgetDoesNotAllowIsNotKept) {
    options_.limits.peer.memory = 256 * kKiB;
    Node attacker(io_);
    auto flood = [&](Multiaddr address, HonestDialer& honest) -> awaitable<void> {
        co_await meet(attacker, *victim_, address);
        const auto& usage = victim_->host.resources().system_usage();
        std::vector<std::unique_ptr<Stream>> streams;
        const auto octets = crammed();
        std::size_t most = 0;
        for (int i = 0; i < 40; ++i) {
            auto stream = co_await attacker.host.open_stream(victim_->host.id(), ProtocolId(identify::kPushProtocol));
            LIBP2P_CO_ASSERT_OK(stream);
            (void)co_await write_delimited(**stream, octets);
            streams.push_back(std::move(*stream));
            co_await conformance::settle();
            most = std::max(most, usage.memory);
        }
        EXPECT_LE(most, options_.limits.peer.memory + 2 * options_.limits.connection_memory);
        std::size_t refused = 0;
        for (auto& stream : streams) {
            (void)co_await stream->close_write();
            Bytes nothing(1);
            auto end = co_await stream->read_some(nothing);
            refused += end.error() == Errc::stream_reset;
        }
        EXPECT_GT(refused, streams.size() / 2);
        EXPECT_LT(refused, streams.size());
        streams.clear();
        co_await honest.dial_once();
        co_await close(attacker);
    };
    play(flood, 20ms);
}

}  // namespace
}  // namespace libp2p::test::hostile
