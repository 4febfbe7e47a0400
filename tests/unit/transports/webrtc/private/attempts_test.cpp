// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/attempts.hpp"

#include <libp2p/conformance/loop.hpp>
#include <libp2p/keys.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace libp2p::webrtc {
namespace {

using conformance::Loop;

/// Two peers, the one with the smaller id first.
std::pair<PeerId, PeerId> two_peers() {
    auto one = Identity::generate().peer_id();
    auto other = Identity::generate().peer_id();
    return one < other ? std::pair(one, other) : std::pair(other, one);
}

std::shared_ptr<Deadline> a_deadline(Loop& loop) {
    return std::make_shared<Deadline>(loop.executor(), Clock::now() + std::chrono::seconds(60));
}

TEST(Attempts, TheSmallerGivesWay) {
    Loop loop;
    const auto [small, large] = two_peers();
    for (const auto& [own, remote, gives_way] : {std::tuple(small, large, true), std::tuple(large, small, false)}) {
        auto attempts = std::make_shared<Attempts>(loop.executor(), own, Limits());
        auto deadline = a_deadline(loop);
        Attempts::Outbound dial(attempts, remote, deadline);
        EXPECT_FALSE(attempts->has_to_wait(remote));
        auto offer = attempts->admit(remote);
        ASSERT_NE(offer, nullptr);
        EXPECT_EQ(dial.gave_way(), gives_way);
        EXPECT_EQ(deadline->has_passed(), gives_way);
        EXPECT_EQ(attempts->has_to_wait(remote), gives_way);
        offer.reset();
        EXPECT_FALSE(attempts->has_to_wait(remote));
    }
}

TEST(Attempts, OffersOfOthersChangeNothing) {
    Loop loop;
    const auto [small, large] = two_peers();
    auto attempts = std::make_shared<Attempts>(loop.executor(), small, Limits());
    Attempts::Outbound dial(attempts, large, a_deadline(loop));
    auto stranger = attempts->admit(std::nullopt);
    auto third = attempts->admit(Identity::generate().peer_id());
    EXPECT_FALSE(dial.gave_way());
}

TEST(Attempts, WhoWaitsHearsHowItEnds) {
    Loop loop;
    const auto [small, large] = two_peers();
    for (const bool succeeds : {true, false}) {
        auto attempts = std::make_shared<Attempts>(loop.executor(), small, Limits());
        auto first = attempts->admit(large);
        auto second = attempts->admit(large);
        auto test = [&]() -> awaitable<void> {
            conformance::Promise<result<bool>> outcome(loop.executor());
            auto body = [&](TaskScope& tasks) -> awaitable<void> {
                tasks.spawn(conformance::keep(attempts->wait_for_inbound(large), outcome));
                co_await conformance::settle();
                if (succeeds) {
                    first->succeeded();
                }
                first.reset();
                co_await conformance::settle();
                EXPECT_FALSE(outcome.is_set()) << "another one is under way";
                second.reset();
                auto waited = co_await outcome.get();
                EXPECT_TRUE(waited);
                EXPECT_EQ(*waited, succeeds);
            };
            co_await with_tasks(body);
        };
        loop.run(test());
    }
}

TEST(Attempts, AreBounded) {
    Loop loop;
    Limits limits;
    limits.transient.connections_inbound = 6;
    limits.peer.connections_inbound = 2;
    auto attempts = std::make_shared<Attempts>(loop.executor(), Identity::generate().peer_id(), limits);
    const auto greedy = Identity::generate().peer_id();
    std::vector<std::unique_ptr<Attempts::Inbound>> held;
    held.push_back(attempts->admit(greedy));
    held.push_back(attempts->admit(greedy));
    EXPECT_EQ(attempts->admit(greedy), nullptr);
    for (int i = 0; i < 4; ++i) {
        held.push_back(attempts->admit(Identity::generate().peer_id()));
        EXPECT_NE(held.back(), nullptr);
    }
    EXPECT_EQ(attempts->admit(std::nullopt), nullptr);
    held.erase(held.begin());
    EXPECT_NE(attempts->admit(greedy), nullptr);
}

}  // namespace
}  // namespace libp2p::webrtc
