// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/relay/relay_fixture.hpp"

#include <libp2p/tasks.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace libp2p::test {
namespace {

using conformance::eventually;

TEST_F(RelayTest, TwoPeersTalkThroughARelay) {
    Relay relay(io_, unhurried());
    RelayNode a(io_);
    RelayNode b(io_);
    auto body = [&]() -> awaitable<void> {
        co_await relay.listen();
        auto listening = co_await b.host.listen(relay.circuit());
        LIBP2P_CO_ASSERT_OK(listening);
        EXPECT_EQ(*listening, relay.circuit());
        const auto addresses = b.host.addresses();
        EXPECT_EQ(addresses, std::vector<Multiaddr>{relay.circuit(b)});
        auto connected = co_await a.host.connect(relay.circuit(b));
        LIBP2P_CO_ASSERT_OK(connected);
        const std::string text(300'000, 'x');
        auto answer = co_await echo_through(a, b.id(), text);
        LIBP2P_CO_ASSERT_OK(answer);
        EXPECT_EQ(*answer, text);
        const auto infos = a.host.connections(b.id());
        LIBP2P_CO_ASSERT_EQ(infos.size(), 1U);
        EXPECT_EQ(infos[0]->transport, "relay");
        EXPECT_EQ(infos[0]->security, "/noise");
        EXPECT_EQ(infos[0]->remote_address, relay.circuit());
        EXPECT_FALSE(infos[0]->limited) << "a relay that carries traffic sets no limit";
        const auto circuits = relay.service->circuits();
        LIBP2P_CO_ASSERT_EQ(circuits.size(), 1U);
        EXPECT_EQ(circuits[0].source, a.id());
        EXPECT_EQ(circuits[0].destination, b.id());
        EXPECT_GT(circuits[0].octets_forward, text.size());
        EXPECT_GT(circuits[0].octets_backward, text.size());
        EXPECT_EQ(relay.host.connection_manager().weight(b.id()), 12);
        co_await close(a);
        auto ended = [&] { return relay.count<relay::CircuitClosed>() == 1; };
        auto told = co_await eventually(ended);
        EXPECT_TRUE(told);
        EXPECT_TRUE(relay.service->circuits().empty());
        EXPECT_EQ(relay.host.connection_manager().weight(b.id()), 10);
        co_await close(b);
        auto left = [&] { return relay.count<relay::ReservationEnded>() == 1; };
        told = co_await eventually(left);
        EXPECT_TRUE(told);
        EXPECT_TRUE(relay.service->reservations().empty());
        EXPECT_EQ(relay.host.connection_manager().weight(b.id()), 0);
        co_await close(relay);
    };
    run(io_, body());
}

TEST_F(RelayTest, AConnectionUnderALimitIsMarkedAndNeedsConsent) {
    Relay relay(io_, unhurried(relay::introduce_only()));
    RelayNode a(io_);
    RelayNode b(io_);
    auto body = [&]() -> awaitable<void> {
        co_await relay.listen();
        auto listening = co_await b.host.listen(relay.circuit());
        LIBP2P_CO_ASSERT_OK(listening);
        auto connected = co_await a.host.connect(relay.circuit(b));
        LIBP2P_CO_ASSERT_OK(connected);
        EXPECT_TRUE(a.host.connections(b.id()).at(0)->limited);
        auto inbound = [&] { return b.host.connections(a.id()).size() == 1; };
        auto arrived = co_await eventually(inbound);
        LIBP2P_CO_ASSERT_TRUE(arrived);
        EXPECT_TRUE(b.host.connections(a.id()).at(0)->limited);
        auto refused = co_await a.host.open_stream(b.id(), ProtocolId(echo::kProtocol));
        LIBP2P_EXPECT_ERROR(refused, Errc::limited_connection);
        auto answer = co_await echo_through(a, b.id(), "hello");
        LIBP2P_CO_ASSERT_OK(answer);
        EXPECT_EQ(*answer, "hello");
        // 128 KiB each way, and not one octet more.
        auto cut = co_await echo_through(a, b.id(), std::string(200'000, 'x'));
        EXPECT_FALSE(cut);
        auto ended = [&] { return relay.count<relay::CircuitClosed>() == 1; };
        auto told = co_await eventually(ended);
        LIBP2P_CO_ASSERT_TRUE(told);
        const auto* closed = relay.last<relay::CircuitClosed>();
        EXPECT_NE(closed->reason.find("131072 octets"), std::string::npos) << closed->reason;
        EXPECT_LE(closed->circuit.octets_forward, 131'072U);
        co_await close(a);
        co_await close(b);
        co_await close(relay);
    };
    run(io_, body());
}

TEST_F(RelayTest, ACircuitEndsWhenItsTimeIsUp) {
    auto limits = relay::carry_traffic();
    limits.circuit_duration = 1s;
    Relay relay(io_, unhurried(limits));
    RelayNode a(io_);
    RelayNode b(io_);
    auto body = [&]() -> awaitable<void> {
        co_await relay.listen();
        auto listening = co_await b.host.listen(relay.circuit());
        LIBP2P_CO_ASSERT_OK(listening);
        auto connected = co_await a.host.connect(relay.circuit(b));
        LIBP2P_CO_ASSERT_OK(connected);
        auto ended = [&] { return !a.host.is_connected(b.id()) && !b.host.is_connected(a.id()); };
        auto gone = co_await eventually(ended);
        EXPECT_TRUE(gone);
        LIBP2P_CO_ASSERT_TRUE(relay.last<relay::CircuitClosed>() != nullptr);
        EXPECT_EQ(relay.last<relay::CircuitClosed>()->reason, "its time was up");
        EXPECT_TRUE(a.host.is_connected(relay.id()));
        co_await close(a);
        co_await close(b);
        co_await close(relay);
    };
    run(io_, body());
}

TEST_F(RelayTest, AReservationIsRenewedBeforeItEnds) {
    auto limits = relay::carry_traffic();
    limits.reservation_ttl = 2s;
    Relay relay(io_, unhurried(limits));
    RelayNode b(io_);
    auto body = [&]() -> awaitable<void> {
        co_await relay.listen();
        auto listening = co_await b.host.listen(relay.circuit());
        LIBP2P_CO_ASSERT_OK(listening);
        auto renewed = [&] { return relay.count<relay::Reserved>() >= 3; };
        auto twice = co_await eventually(renewed);
        EXPECT_TRUE(twice);
        EXPECT_EQ(relay.count<relay::ReservationEnded>(), 0U);
        EXPECT_TRUE(relay.last<relay::Reserved>()->renewed);
        EXPECT_FALSE(b.host.addresses().empty());
        co_await close(b);
        co_await close(relay);
    };
    run(io_, body());
}

TEST_F(RelayTest, AListenerMovesToAnotherRelayWhenItsOwnDies) {
    Relay first(io_, unhurried());
    Relay second(io_, unhurried());
    RelayNode a(io_);
    auto body = [&]() -> awaitable<void> {
        co_await first.listen();
        co_await second.listen();
        RelayOptions relays;
        relays.relays = {*second.address};
        RelayNode b(io_, relays);
        auto listening = co_await b.host.listen(first.circuit());
        LIBP2P_CO_ASSERT_OK(listening);
        EXPECT_EQ(b.host.addresses(), std::vector<Multiaddr>{first.circuit(b)});
        co_await close(first);
        auto moved = [&] { return b.host.addresses() == std::vector<Multiaddr>{second.circuit(b)}; };
        auto there = co_await eventually(moved);
        EXPECT_TRUE(there);
        auto connected = co_await a.host.connect(second.circuit(b));
        LIBP2P_EXPECT_OK(connected);
        co_await close(a);
        co_await close(b);
        co_await close(second);
    };
    run(io_, body());
}

TEST_F(RelayTest, AListenerReservesAgainWhenOnlyTheConnectionHasGone) {
    Relay relay(io_, unhurried());
    RelayNode b(io_);
    auto body = [&]() -> awaitable<void> {
        co_await relay.listen();
        auto listening = co_await b.host.listen(relay.circuit());
        LIBP2P_CO_ASSERT_OK(listening);
        co_await relay.host.disconnect(b.id());
        auto again = [&] { return relay.count<relay::Reserved>() == 2 && !b.host.addresses().empty(); };
        auto reserved = co_await eventually(again);
        EXPECT_TRUE(reserved);
        EXPECT_FALSE(relay.last<relay::Reserved>()->renewed) << "the first one ended with its connection";
        co_await close(b);
        co_await close(relay);
    };
    run(io_, body());
}

TEST_F(RelayTest, ListeningOnNoRelayInParticularTakesTheFirstThatHasAPlace) {
    auto limits = relay::carry_traffic();
    Relay full(io_, unhurried(limits));
    Relay open(io_, unhurried(limits));
    auto body = [&]() -> awaitable<void> {
        co_await full.listen();
        co_await open.listen();
        auto kept = co_await full.service->drain(0ms);
        EXPECT_TRUE(kept);
        RelayOptions relays;
        relays.relays = {*full.address, *open.address};
        RelayNode b(io_, relays);
        auto listening = co_await b.host.listen(Multiaddr::parse("/p2p-circuit").value());
        LIBP2P_CO_ASSERT_OK(listening);
        EXPECT_EQ(b.host.addresses(), std::vector<Multiaddr>{open.circuit(b)});
        RelayNode c(io_);
        auto unable = co_await c.host.listen(Multiaddr::parse("/p2p-circuit").value());
        LIBP2P_EXPECT_ERROR(unable, Errc::unsupported_address);
        co_await close(b);
        co_await close(c);
        co_await close(full);
        co_await close(open);
    };
    run(io_, body());
}

TEST_F(RelayTest, DrainingTakesNothingNewAndWaitsForCircuits) {
    Relay relay(io_, unhurried());
    RelayNode a(io_);
    RelayNode b(io_);
    auto body = [&]() -> awaitable<void> {
        co_await relay.listen();
        auto listening = co_await b.host.listen(relay.circuit());
        LIBP2P_CO_ASSERT_OK(listening);
        auto connected = co_await a.host.connect(relay.circuit(b));
        LIBP2P_CO_ASSERT_OK(connected);
        auto early = co_await relay.service->drain(50ms);
        EXPECT_FALSE(early);
        auto echoed = co_await echo_through(a, b.id(), "still here");
        EXPECT_EQ(echoed.value(), "still here");
        auto served = relay.host.protocols();
        EXPECT_EQ(std::count(served.begin(), served.end(), relay::kHopProtocol), 0);
        auto leave = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(a.host.disconnect(b.id()));
            auto drained = co_await relay.service->drain(20s);
            EXPECT_TRUE(drained);
            co_await tasks.join();
        };
        co_await with_tasks(leave);
        co_await close(a);
        co_await close(b);
        co_await close(relay);
    };
    run(io_, body());
}

TEST_F(RelayTest, DialsThatCannotBeSayWhoRefusedAndWhy) {
    Relay relay(io_, unhurried());
    RelayNode a(io_);
    RelayNode b(io_);
    auto body = [&]() -> awaitable<void> {
        co_await relay.listen();
        auto nowhere = co_await a.host.connect(relay.circuit(b));
        LIBP2P_CO_ASSERT_ERROR(nowhere, Errc::refused_by_remote);
        EXPECT_NE(nowhere.error().message().find("NO_RESERVATION (204)"), std::string::npos) << nowhere.error();
        EXPECT_NE(nowhere.error().message().find(relay.id().to_string()), std::string::npos) << nowhere.error();
        RelayNode c(io_);
        auto itself = co_await c.host.connect(relay.circuit(relay));
        LIBP2P_EXPECT_ERROR(itself, Errc::invalid_address);
        const auto twice = relay.circuit(b).encapsulate(Multiaddr::parse("/p2p-circuit").value()).value();
        auto nested = co_await a.host.connect(twice.with_peer(Identity::generate().peer_id()));
        LIBP2P_EXPECT_ERROR(nested, Errc::unsupported_address);
        co_await close(c);
        co_await close(a);
        co_await close(b);
        co_await close(relay);
    };
    run(io_, body());
}

TEST_F(RelayTest, WhoIsReachedThroughARelayIsCutWhenTheHostCloses) {
    Relay relay(io_, unhurried());
    RelayNode a(io_);
    RelayNode b(io_);
    auto body = [&]() -> awaitable<void> {
        co_await relay.listen();
        auto listening = co_await b.host.listen(relay.circuit());
        LIBP2P_CO_ASSERT_OK(listening);
        auto connected = co_await a.host.connect(relay.circuit(b));
        LIBP2P_CO_ASSERT_OK(connected);
        co_await close(relay);
        EXPECT_TRUE(relay.service->circuits().empty());
        EXPECT_TRUE(relay.service->reservations().empty());
        auto gone = [&] { return !a.host.is_connected(b.id()) && !b.host.is_connected(a.id()); };
        auto cut = co_await eventually(gone);
        EXPECT_TRUE(cut);
        EXPECT_TRUE(b.host.addresses().empty());
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

}  // namespace
}  // namespace libp2p::test
