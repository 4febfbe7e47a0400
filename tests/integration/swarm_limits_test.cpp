// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/swarm_fixture.hpp"

#include <libp2p/conformance/loop.hpp>
#include <libp2p/tasks.hpp>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace libp2p::test {
namespace {

using conformance::eventually;

TEST_F(SwarmTest, WhenTheDeadlinePassesTheErrorTellsOfEachAddress) {
    Node a(io_);
    auto body = [&]() -> awaitable<void> {
        ClosedPort closed(io_);
        MutePort mute(io_);
        BlackHole hole(io_);
        const auto quic = Multiaddr::parse("/ip4/127.0.0.1/udp/9/quic-v1").value();
        std::vector<Multiaddr> addresses{closed.address(), mute.address(), hole.address(), quic};
        const auto start = Clock::now();
        auto peer = co_await a.host.connect(stranger(), addresses, within(500ms));
        EXPECT_GE(Clock::now() - start, 500ms);
        LIBP2P_CO_ASSERT_ERROR(peer, Errc::dial_failed);
        std::set<std::string> told;
        for (const auto& cause : peer.error().causes()) {
            told.insert(cause.subject);
        }
        std::set<std::string> expected;
        for (const auto& address : addresses) {
            expected.insert(address.to_string());
        }
        EXPECT_EQ(told, expected);
        auto unwound = [&] { return a.host.resources().system_usage().is_zero(); };
        auto given_back = co_await eventually(unwound);
        EXPECT_TRUE(given_back);
        co_await close(a);
    };
    run(io_, body());
}

TEST_F(SwarmTest, TheDeadlineOfOneAddressIsTheErrorOfThatAddress) {
    Node a(io_);
    auto body = [&]() -> awaitable<void> {
        MutePort mute(io_);
        const auto start = Clock::now();
        auto peer = co_await a.host.connect(mute.address().with_peer(stranger()), within(200ms));
        EXPECT_GE(Clock::now() - start, 200ms);
        LIBP2P_CO_ASSERT_ERROR(peer, asio::error::make_error_code(asio::error::timed_out));
        EXPECT_NE(peer.error().message().find(mute.address().to_string()), std::string::npos) << peer.error();
        auto unwound = [&] { return a.host.resources().system_usage().is_zero(); };
        auto given_back = co_await eventually(unwound);
        EXPECT_TRUE(given_back);
        co_await close(a);
    };
    run(io_, body());
}

TEST_F(SwarmTest, AnAddressThatNobodyWaitsBehindHasTheWholeDeadline) {
    HostOptions options;
    options.limits.dials_per_peer = 1;
    options.timeouts.dial_attempt = 1ms;
    Node a(io_, options);
    auto body = [&]() -> awaitable<void> {
        MutePort mute(io_);
        const auto start = Clock::now();
        auto peer = co_await a.host.connect(mute.address().with_peer(stranger()), within(300ms));
        LIBP2P_EXPECT_ERROR(peer, asio::error::make_error_code(asio::error::timed_out));
        EXPECT_GE(Clock::now() - start, 300ms);
        co_await close(a);
    };
    run(io_, body());
}

TEST_F(SwarmTest, DialsUpToTheLimitAtOnceAndTheRestInTurn) {
    HostOptions options;
    options.limits.dials = 2;
    Node a(io_, options);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        MutePort mute(io_);
        auto good = co_await listen(b);
        std::uint32_t most = 0;
        int failed = 0;
        auto dial = [&]() -> awaitable<void> {
            auto peer = co_await a.host.connect(mute.address().with_peer(stranger()), within(kFar));
            failed += !peer;
        };
        auto together = [&](TaskScope& tasks) -> awaitable<void> {
            for (int i = 0; i < 6; ++i) {
                tasks.spawn(dial());
            }
            auto full = [&] { return a.host.resources().system_usage().connections_outbound == 2; };
            auto reached = co_await eventually(full);
            EXPECT_TRUE(reached);
            for (int i = 0; i < 20; ++i) {
                most = std::max(most, a.host.resources().system_usage().connections_outbound);
                co_await conformance::pause(1ms);
            }
            auto blocked = co_await a.host.connect(good, within(100ms));
            LIBP2P_EXPECT_ERROR(blocked, asio::error::make_error_code(asio::error::timed_out));
            EXPECT_FALSE(a.host.is_connected(b.host.id()));
        };
        co_await with_tasks(together);
        EXPECT_EQ(most, 2U);
        auto peer = co_await a.host.connect(good, within(kFar));
        LIBP2P_EXPECT_OK(peer);
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(SwarmTest, DialsSoManyAddressesOfOnePeerAtOnce) {
    HostOptions options;
    options.limits.dials_per_peer = 3;
    Node a(io_, options);
    auto body = [&]() -> awaitable<void> {
        std::vector<std::unique_ptr<MutePort>> mute;
        std::vector<Multiaddr> addresses;
        for (int i = 0; i < 6; ++i) {
            mute.push_back(std::make_unique<MutePort>(io_));
            addresses.push_back(mute.back()->address());
        }
        // By then all six would have had their turn.
        auto peer = co_await a.host.connect(stranger(), addresses, within(600ms));
        EXPECT_FALSE(peer);
        const auto dialled = std::count_if(mute.begin(), mute.end(), [](auto& port) { return port->was_dialled(); });
        EXPECT_EQ(dialled, 3);
        co_await close(a);
    };
    run(io_, body());
}

TEST_F(SwarmTest, SilentAddressesMakeRoomForThoseThatWait) {
    HostOptions options;
    options.limits.dials_per_peer = 2;
    options.timeouts.dial_attempt = 50ms;
    Node a(io_, options);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        std::vector<std::unique_ptr<MutePort>> mute;
        std::vector<Multiaddr> addresses;
        unsigned highest = 0;
        for (int i = 0; i < 5; ++i) {
            mute.push_back(std::make_unique<MutePort>(io_));
            addresses.push_back(mute.back()->address());
            highest = std::max<unsigned>(highest, mute.back()->port());
        }
        auto good = co_await listen_above(b, highest);
        addresses.push_back(good);
        co_await connect_soon(a, b, addresses);
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(SwarmTest, TakesSoManyAddressesForOneDial) {
    HostOptions options;
    options.limits.addresses_per_dial = 2;
    Node a(io_, options);
    auto body = [&]() -> awaitable<void> {
        std::vector<std::unique_ptr<ClosedPort>> closed;
        std::vector<Multiaddr> addresses;
        for (int i = 0; i < 3; ++i) {
            closed.push_back(std::make_unique<ClosedPort>(io_));
            addresses.push_back(closed.back()->address());
        }
        auto peer = co_await a.host.connect(stranger(), addresses, within(kFar));
        LIBP2P_CO_ASSERT_ERROR(peer, Errc::dial_failed);
        EXPECT_EQ(peer.error().causes().size(), 2U);
        co_await close(a);
    };
    run(io_, body());
}

TEST_F(SwarmTest, SubscriptionsAreBounded) {
    HostOptions options;
    options.limits.subscriptions = 2;
    Node a(io_, options);
    auto too_large = a.host.subscribe(kMaxEventCapacity + 1);
    LIBP2P_EXPECT_ERROR(too_large, Errc::limit_exceeded);
    auto body = [&]() -> awaitable<void> {
        auto first = a.host.subscribe(kMaxEventCapacity);
        auto second = a.host.subscribe();
        LIBP2P_EXPECT_OK(first);
        LIBP2P_EXPECT_OK(second);
        auto third = a.host.subscribe();
        LIBP2P_EXPECT_ERROR(third, Errc::limit_exceeded);
        EXPECT_NE(third.error().message().find("limits.subscriptions"), std::string::npos) << third.error();
        first = Errc::shut_down;
        auto again = a.host.subscribe();
        LIBP2P_EXPECT_OK(again);
        co_await close(a);
        auto late = a.host.subscribe();
        LIBP2P_EXPECT_ERROR(late, Errc::shut_down);
    };
    run(io_, body());
}

}  // namespace
}  // namespace libp2p::test
