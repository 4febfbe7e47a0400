// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/path_transport.hpp"
#include "tests/integration/swarm_fixture.hpp"

#include <libp2p/conformance/loop.hpp>
#include <libp2p/tasks.hpp>

#include <algorithm>

/// Connections over relays, as the swarm sees them.
namespace libp2p::test {
namespace {

using conformance::eventually;

void add_tcp_stack(Host& host, const Identity& identity) {
    auto& services = host.services();
    host.add_security(make_noise(identity));
    host.add_muxer(make_yamux(services.limits(), services.timeouts()));
    host.add_transport(make_tcp_transport(services));
}

/// A host with connections that look relayed besides those over TCP.
struct PathNode : Node {
    PathNode(asio::io_context& io, std::shared_ptr<MemoryNetwork> network, HostOptions options = {})
        : Node(io, std::move(options), Identity::generate(), add_tcp_stack) {
        auto made = std::make_unique<PathTransport>(host.services(), std::move(network));
        paths = made.get();
        host.add_transport(std::move(made));
    }

    PathTransport* paths = nullptr;  // the host's
};

HostOptions soon_released() {
    HostOptions options;
    options.timeouts.release_relayed = 100ms;
    return options;
}

OpenStreamOptions allowing_limited(bool dial) {
    OpenStreamOptions options;
    options.allow_limited = true;
    options.dial = dial;
    return options;
}

class SwarmLimitedTest : public SwarmTest {
protected:
    Multiaddr circuit(unsigned number) const {
        return Multiaddr::parse("/memory/" + std::to_string(number) + "/p2p/" + relay_ + "/p2p-circuit").value();
    }
    Multiaddr arranged(unsigned number) const {
        return Multiaddr::parse(circuit(number).to_string() + "/webrtc").value();
    }

    /// `node` behind a relay, at 7.
    awaitable<void> listen_behind_relay(PathNode& node) {
        auto bound = co_await node.host.listen(circuit(7));
        LIBP2P_EXPECT_OK(bound);
    }

    awaitable<void> connect_at(PathNode& from, PathNode& to, Multiaddr address) {
        auto connected = co_await from.host.connect(address.with_peer(to.host.id()));
        LIBP2P_EXPECT_OK(connected);
    }

    awaitable<void> close_both(PathNode& a, PathNode& b) {
        co_await close(a);
        co_await close(b);
    }

    std::shared_ptr<MemoryNetwork> network_ = make_memory_network();
    std::string relay_ = stranger().to_string();
};

TEST_F(SwarmLimitedTest, StreamsNeedTheCallersConsent) {
    PathNode a(io_, network_);
    PathNode b(io_, network_);
    auto body = [&]() -> awaitable<void> {
        co_await listen_behind_relay(b);
        co_await connect_at(a, b, circuit(7));
        const auto infos = a.host.connections(b.host.id());
        EXPECT_EQ(infos.size(), 1U);
        EXPECT_TRUE(infos.front()->limited);

        const ProtocolId echo(echo::kProtocol);
        auto refused = co_await a.host.open_stream(b.host.id(), echo);
        LIBP2P_EXPECT_ERROR(refused, Errc::limited_connection);
        EXPECT_NE(refused.error().message().find("allow_limited"), std::string::npos) << refused.error();
        OpenStreamOptions standing;
        standing.dial = false;
        refused = co_await a.host.open_stream(b.host.id(), echo, standing);
        LIBP2P_EXPECT_ERROR(refused, Errc::limited_connection);

        auto allowed = co_await a.host.open_stream(b.host.id(), echo, allowing_limited(false));
        LIBP2P_EXPECT_OK(allowed);
        EXPECT_EQ(a.host.connections().size(), 1U) << "a refusal must not dial again";
        allowed->reset();
        co_await close_both(a, b);
    };
    run(io_, body());
}

TEST_F(SwarmLimitedTest, ConnectMakesNoSecondOneOverTheSameRelay) {
    PathNode a(io_, network_);
    PathNode b(io_, network_);
    auto body = [&]() -> awaitable<void> {
        co_await listen_behind_relay(b);
        co_await connect_at(a, b, circuit(7));
        co_await connect_at(a, b, circuit(7));
        EXPECT_EQ(a.host.connections().size(), 1U);
        co_await close_both(a, b);
    };
    run(io_, body());
}

TEST_F(SwarmLimitedTest, GoesOnceADirectOneStandsAndItHasNoStreams) {
    PathNode a(io_, network_, soon_released());
    PathNode b(io_, network_);
    auto body = [&]() -> awaitable<void> {
        co_await listen_behind_relay(b);
        auto direct = co_await listen(b);
        co_await connect_at(a, b, circuit(7));
        auto held = co_await a.host.open_stream(b.host.id(), ProtocolId(echo::kProtocol), allowing_limited(false));
        LIBP2P_CO_ASSERT_OK(held);
        auto text = co_await write(**held, as_bytes("kept"));
        LIBP2P_EXPECT_OK(text);
        auto connected = co_await a.host.connect(direct);
        LIBP2P_EXPECT_OK(connected);
        EXPECT_EQ(a.host.connections(b.host.id()).size(), 2U) << "a limited connection is no reason not to dial";

        co_await conformance::pause(500ms);
        EXPECT_EQ(a.host.connections(b.host.id()).size(), 2U) << "it had a stream";
        held->reset();
        const bool released = co_await eventually([&] { return a.host.connections(b.host.id()).size() == 1; });
        EXPECT_TRUE(released);
        EXPECT_FALSE(a.host.connections(b.host.id()).front()->limited);
        co_await close_both(a, b);
    };
    run(io_, body());
}

TEST_F(SwarmLimitedTest, WithoutALimitItGivesWayAllTheSame) {
    PathNode a(io_, network_, soon_released());
    PathNode b(io_, network_);
    a.paths->has_limits = false;
    auto body = [&]() -> awaitable<void> {
        co_await listen_behind_relay(b);
        auto direct = co_await listen(b);
        co_await connect_at(a, b, circuit(7));
        EXPECT_FALSE(a.host.connections().front()->limited);
        DialOptions fresh;
        fresh.fresh = true;
        auto connected = co_await a.host.connect(direct, fresh);
        LIBP2P_EXPECT_OK(connected);
        EXPECT_EQ(a.host.connections(b.host.id()).front()->transport, "tcp") << "streams go over the better one";
        auto stream = co_await a.host.open_stream(b.host.id(), ProtocolId(echo::kProtocol));
        LIBP2P_CO_ASSERT_OK(stream);
        EXPECT_EQ((*stream)->connection().transport, "tcp");
        const bool released = co_await eventually([&] { return a.host.connections().size() == 1; });
        EXPECT_TRUE(released);
        stream->reset();
        co_await close_both(a, b);
    };
    run(io_, body());
}

TEST_F(SwarmLimitedTest, StaysWhenTheDirectOneEnds) {
    PathNode a(io_, network_, soon_released());
    PathNode b(io_, network_);
    auto body = [&]() -> awaitable<void> {
        co_await listen_behind_relay(b);
        auto direct = co_await listen(b);
        auto connected = co_await a.host.connect(direct);
        LIBP2P_CO_ASSERT_OK(connected);
        co_await connect_at(b, a, direct);  // joins the one that stands
        auto apart = co_await a.host.services().connect_apart(b.host.id(), circuit(7));
        LIBP2P_EXPECT_OK(apart);
        EXPECT_EQ(a.host.connections().size(), 1U) << "a connection stands already";
        co_await a.host.disconnect(b.host.id());
        apart = co_await a.host.services().connect_apart(b.host.id(), circuit(7));
        LIBP2P_EXPECT_OK(apart);
        co_await conformance::pause(300ms);
        EXPECT_EQ(a.host.connections().size(), 1U) << "nothing better stands";
        co_await close_both(a, b);
    };
    run(io_, body());
}

TEST_F(SwarmLimitedTest, ADialOverARelayLeavesRoomForTheDialOfTheRelay) {
    HostOptions narrow;
    narrow.limits.dials = 1;
    PathNode a(io_, network_, narrow);
    PathNode b(io_, network_);
    Node relay(io_);
    auto body = [&]() -> awaitable<void> {
        auto relay_address = co_await listen(relay);
        co_await listen_behind_relay(b);
        a.paths->before_dial = [&](Multiaddr, PeerId) -> awaitable<result<void>> {
            std::vector<Multiaddr> addresses{relay_address};
            auto connected = co_await a.host.services().connect(relay.host.id(), std::move(addresses));
            if (!connected) {
                co_return connected.error();
            }
            co_return ok();
        };
        co_await connect_at(a, b, circuit(7));
        EXPECT_TRUE(a.host.is_connected(relay.host.id()));
        co_await close_both(a, b);
        co_await close(relay);
    };
    run(io_, body());
}

TEST_F(SwarmLimitedTest, WhatIsArrangedOverARelayReachesItsPeerApart) {
    PathNode a(io_, network_, soon_released());
    PathNode b(io_, network_);
    auto body = [&]() -> awaitable<void> {
        co_await listen_behind_relay(b);
        bool was_limited = false;
        a.paths->before_dial = [&](Multiaddr address, PeerId peer) -> awaitable<result<void>> {
            if (!address.has(Protocol::webrtc)) {
                co_return ok();
            }
            auto reached = co_await a.host.services().connect_apart(peer, circuit(7));
            if (!reached) {
                co_return reached.error();
            }
            const ProtocolId echo(echo::kProtocol);
            auto signals = co_await a.host.services().open_stream(peer, echo, allowing_limited(false));
            LIBP2P_EXPECT_OK(signals);
            was_limited = a.host.connections(peer).front()->limited;
            co_return ok();
        };
        co_await connect_at(a, b, arranged(7));
        EXPECT_TRUE(was_limited);
        const bool one = co_await eventually([&] { return a.host.connections().size() == 1; });
        EXPECT_TRUE(one) << "the relayed one has done its work";
        EXPECT_FALSE(a.host.connections().front()->limited);
        co_await close_both(a, b);
    };
    run(io_, body());
}

TEST_F(SwarmLimitedTest, ADialThatFailsEndsWithTheConnectionThatThePeerHasMade) {
    PathNode a(io_, network_);
    PathNode b(io_, network_);
    auto body = [&]() -> awaitable<void> {
        auto own = co_await listen(a);
        co_await listen_behind_relay(b);
        a.paths->before_dial = [&](Multiaddr, PeerId) -> awaitable<result<void>> {
            co_await connect_at(b, a, own);
            (void)co_await eventually([&] { return a.host.is_connected(b.host.id()); });
            co_return Error(Errc::refused_by_remote);
        };
        co_await connect_at(a, b, arranged(7));
        EXPECT_EQ(a.host.connections().size(), 1U);
        EXPECT_EQ(a.host.connections().front()->direction, Direction::inbound);

        DialOptions fresh;
        fresh.fresh = true;
        a.paths->before_dial = [&](Multiaddr, PeerId) -> awaitable<result<void>> {
            co_return Error(Errc::refused_by_remote);
        };
        auto another = co_await a.host.connect(arranged(7).with_peer(b.host.id()), fresh);
        LIBP2P_EXPECT_ERROR(another, Errc::refused_by_remote);
        co_await close_both(a, b);
    };
    run(io_, body());
}

TEST_F(SwarmLimitedTest, AListenersNewAddressesAreToldToPeers) {
    PathNode a(io_, network_);
    PathNode b(io_, network_);
    auto body = [&]() -> awaitable<void> {
        co_await listen_behind_relay(b);
        auto direct = co_await listen(b);
        auto connected = co_await a.host.connect(direct);
        LIBP2P_EXPECT_OK(connected);
        auto told = co_await a.host.identify(b.host.id());
        LIBP2P_CO_ASSERT_OK(told);
        EXPECT_EQ(told->addresses.size(), 1U);

        b.paths->listener_addresses = {circuit(7), circuit(8)};
        b.host.services().addresses_changed();
        EXPECT_EQ(b.host.addresses().size(), 3U);
        const auto knows = [&](const Multiaddr& address) {
            const auto known = a.host.peer_store().addresses(b.host.id(), Clock::now());
            return std::find(known.begin(), known.end(), address) != known.end();
        };
        const bool pushed = co_await eventually([&] { return knows(circuit(7)) && knows(circuit(8)); });
        EXPECT_TRUE(pushed);
        co_await close_both(a, b);
    };
    run(io_, body());
}

}  // namespace
}  // namespace libp2p::test
