// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/relay/relay_fixture.hpp"

#include <gtest/gtest.h>

namespace libp2p::test {
namespace {

using conformance::eventually;
using namespace std::chrono_literals;

TEST(RelayProtection, TheConnectionToARelayIsKeptWhileThereIsAPlace) {
    asio::io_context io;
    Relay relay(io);
    HostOptions options;
    options.connection_manager.low_water = 1;
    options.connection_manager.high_water = 2;
    options.connection_manager.grace_period = 0ms;
    options.connection_manager.silence_period = 0ms;
    RelayNode b(io, {}, options);
    RelayNode guests[]{RelayNode(io), RelayNode(io), RelayNode(io), RelayNode(io)};
    auto body = [&]() -> awaitable<void> {
        co_await relay.listen();
        auto listening = co_await b.host.listen(relay.circuit());
        LIBP2P_CO_ASSERT_OK(listening);
        auto own = co_await b.host.listen(Multiaddr::parse("/ip4/127.0.0.1/tcp/0").value());
        LIBP2P_CO_ASSERT_OK(own);
        const auto connection = b.host.connections(relay.id()).at(0)->id;
        for (auto& guest : guests) {
            auto tagged = b.host.connection_manager().tag_peer(guest.id(), "friend", 10);
            LIBP2P_EXPECT_OK(tagged);
            auto connected = co_await guest.host.connect(own->with_peer(b.id()));
            LIBP2P_EXPECT_OK(connected);
        }
        auto trimmed = [&] { return b.host.connections().size() <= 2; };
        auto are_few = co_await eventually(trimmed);
        EXPECT_TRUE(are_few);
        const auto left = b.host.connections(relay.id());
        EXPECT_TRUE(left.size() == 1 && left[0]->id == connection) << "all others are worth more";
        EXPECT_EQ(relay.count<relay::ReservationEnded>(), 0U);

        co_await relay.host.disconnect(b.id());
        auto lost = [&] { return relay.count<relay::ReservationEnded>() == 1; };
        auto ended = co_await eventually(lost);
        EXPECT_TRUE(ended);
        co_await close(relay);
        auto unprotected = [&] { return !b.host.connection_manager().is_protected(relay.id()); };
        auto is_free = co_await eventually(unprotected);
        EXPECT_TRUE(is_free) << "a place that is lost protects nobody";
        for (auto& guest : guests) {
            co_await close(guest);
        }
        co_await close(b);
    };
    run(io, body());
}

TEST(RelayProtection, TwoPlacesAtOneRelayProtectItUntilBothAreGone) {
    asio::io_context io;
    Relay relay(io);
    RelayNode b(io);
    auto body = [&]() -> awaitable<void> {
        co_await relay.listen();
        auto transport = make_relay_transport(b.host.services());
        auto one = co_await transport->listen(relay.circuit());
        LIBP2P_CO_ASSERT_OK(one);
        auto other = co_await transport->listen(relay.circuit());
        LIBP2P_CO_ASSERT_OK(other);
        (*one)->close();
        EXPECT_TRUE(b.host.connection_manager().is_protected(relay.id()));
        (*other)->close();
        EXPECT_FALSE(b.host.connection_manager().is_protected(relay.id()));
        co_await close(b);
        co_await close(relay);
    };
    run(io, body());
}

}  // namespace
}  // namespace libp2p::test
