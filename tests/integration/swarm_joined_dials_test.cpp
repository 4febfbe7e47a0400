// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/swarm_fixture.hpp"

#include <libp2p/conformance/loop.hpp>
#include <libp2p/tasks.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <vector>

namespace libp2p::test {
namespace {

using conformance::eventually;

TEST_F(SwarmTest, WhoJoinsADialKeepsItsOwnDeadline) {
    Node a(io_);
    auto body = [&]() -> awaitable<void> {
        MutePort mute(io_);
        const auto target = mute.address().with_peer(stranger());
        auto patient = [&]() -> awaitable<void> {
            auto peer = co_await a.host.connect(target, within(kFar));
            EXPECT_FALSE(peer);
        };
        auto together = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(patient());
            co_await conformance::settle();
            const auto start = Clock::now();
            auto peer = co_await a.host.connect(target, within(200ms));
            LIBP2P_EXPECT_ERROR(peer, asio::error::make_error_code(asio::error::timed_out));
            EXPECT_LT(Clock::now() - start, kFar / 4);
        };
        co_await with_tasks(together);
        co_await close(a);
    };
    run(io_, body());
}

TEST_F(SwarmTest, WhoJoinsADialOutlastsTheFirstCaller) {
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        MutePort mute(io_);
        auto good = co_await listen(b);
        std::vector<Multiaddr> silent{mute.address()};
        std::vector<Multiaddr> both{mute.address(), good};
        result<PeerId> hasty = Errc::shut_down;
        auto first = [&]() -> awaitable<void> { hasty = co_await a.host.connect(b.host.id(), silent, within(50ms)); };
        auto together = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(first());
            co_await conformance::settle();
            auto joined = co_await a.host.connect(b.host.id(), both, within(kFar));
            LIBP2P_EXPECT_OK(joined);
            co_await tasks.join();
        };
        co_await with_tasks(together);
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(SwarmTest, WhoJoinsADialBringsItsAddresses) {
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        MutePort mute(io_);
        auto good = co_await listen(b);
        std::vector<Multiaddr> silent{mute.address()};
        result<PeerId> first = Errc::shut_down;
        auto dial_silent = [&]() -> awaitable<void> {
            first = co_await a.host.connect(b.host.id(), silent, within(kFar));
        };
        auto together = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(dial_silent());
            co_await conformance::settle();
            const auto start = Clock::now();
            auto joined = co_await a.host.connect(good, within(kFar));
            LIBP2P_EXPECT_OK(joined);
            EXPECT_LT(Clock::now() - start, kFar / 4);
            co_await tasks.join();
            LIBP2P_EXPECT_OK(first);
        };
        co_await with_tasks(together);
        EXPECT_EQ(a.host.connections().size(), 1U);
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(SwarmTest, ANewDialAfterAGivenUpOneStartsAfresh) {
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto good = co_await listen(b);
        MutePort mute(io_);
        for (int turns = 0; turns < 12; ++turns) {
            // The dial that is being given up unwinds for some turns of the loop; whoever comes meanwhile is not its
            // victim.
            std::vector<Multiaddr> silent{mute.address()};
            auto cut = co_await with_timeout(20ms, a.host.connect(b.host.id(), silent));
            EXPECT_FALSE(cut);
            for (int i = 0; i < turns; ++i) {
                co_await asio::post(io_, asio::use_awaitable);
            }
            auto peer = co_await a.host.connect(good);
            LIBP2P_EXPECT_OK(peer);
            co_await a.host.disconnect(b.host.id());
            auto gone = [&] { return !a.host.is_connected(b.host.id()); };
            auto apart = co_await eventually(gone);
            EXPECT_TRUE(apart);
        }
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(SwarmTest, ClosingTheHostEndsADial) {
    Node a(io_);
    auto body = [&]() -> awaitable<void> {
        MutePort mute(io_);
        bool ended = false;
        auto dial = [&]() -> awaitable<void> {
            auto peer = co_await a.host.connect(mute.address().with_peer(stranger()), within(kFar));
            EXPECT_FALSE(peer);
            ended = true;
        };
        auto together = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(dial());
            auto dialling = [&] { return a.host.resources().system_usage().connections_outbound == 1; };
            auto begun = co_await eventually(dialling);
            EXPECT_TRUE(begun);
            const auto start = Clock::now();
            co_await close(a);
            EXPECT_LT(Clock::now() - start, kFar / 4);
            co_await tasks.join();
            EXPECT_TRUE(ended);
        };
        co_await with_tasks(together);
        auto late = co_await a.host.connect(mute.address().with_peer(stranger()));
        LIBP2P_EXPECT_ERROR(late, Errc::shut_down);
    };
    run(io_, body());
}

TEST_F(SwarmTest, SimultaneousConnectFiftyTimesNeverEndsWithoutAConnection) {
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto to_a = co_await listen(a);
        auto to_b = co_await listen(b);
        auto dial = [](Node& from, const Multiaddr& to) -> awaitable<void> {
            auto peer = co_await from.host.connect(to);
            LIBP2P_EXPECT_OK(peer);
        };
        for (int round = 0; round < 50; ++round) {
            auto together = [&](TaskScope& tasks) -> awaitable<void> {
                // Each is the first in every other round.
                tasks.spawn(round % 2 == 0 ? dial(a, to_b) : dial(b, to_a));
                tasks.spawn(round % 2 == 0 ? dial(b, to_a) : dial(a, to_b));
                co_await tasks.join();
            };
            co_await with_tasks(together);
            for (int turns = 0; turns < 50; ++turns) {
                EXPECT_TRUE(a.host.is_connected(b.host.id())) << "round " << round;
                co_await asio::post(io_, asio::use_awaitable);
            }
            auto there = co_await echo_once(a, b.host.id(), "from a");
            EXPECT_EQ(there.value(), "from a");
            auto back = co_await echo_once(b, a.host.id(), "from b");
            EXPECT_EQ(back.value(), "from b");
            auto agree = [&] { return a.host.connections().size() == b.host.connections().size(); };
            auto agreed = co_await eventually(agree);
            EXPECT_TRUE(agreed);
            EXPECT_LE(a.host.connections().size(), 2U);
            co_await a.host.disconnect(b.host.id());
            auto apart = [&] { return a.host.connections().empty() && b.host.connections().empty(); };
            auto parted = co_await eventually(apart);
            EXPECT_TRUE(parted);
        }
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

}  // namespace
}  // namespace libp2p::test
