// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/swarm_fixture.hpp"

#include <libp2p/conformance/loop.hpp>

#include <memory>
#include <vector>

namespace libp2p::test {
namespace {

using conformance::eventually;

TEST_F(SwarmTest, WhatIdentifyTellsIsInThePeerStore) {
    HostOptions named;
    named.agent = "somebody/1.0";
    Node a(io_);
    Node b(io_, named);
    auto body = [&]() -> awaitable<void> {
        auto good = co_await listen(b);
        auto peer = co_await a.host.connect(good, within(kFar));
        LIBP2P_CO_ASSERT_OK(peer);
        auto info = co_await a.host.identify(*peer);
        LIBP2P_EXPECT_OK(info);
        const auto& store = a.host.peer_store();
        EXPECT_EQ(store.agent(*peer), "somebody/1.0");
        EXPECT_TRUE(store.certified_sequence(*peer));
        EXPECT_EQ(store.addresses(*peer, Clock::now()), std::vector{*good.without_peer()});
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(SwarmTest, APeerIsNotForgottenWhileItIsConnected) {
    HostOptions options;
    options.limits.known_peers = 2;
    Node a(io_, options);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto good = co_await listen(b);
        auto peer = co_await a.host.connect(good, within(kFar));
        LIBP2P_CO_ASSERT_OK(peer);
        auto info = co_await a.host.identify(*peer);
        LIBP2P_EXPECT_OK(info);
        auto& store = a.host.peer_store();
        const auto meet_strangers = [&] {
            for (int i = 0; i < 4; ++i) {
                store.set_identified(stranger(), "stranger", "");
            }
        };
        meet_strangers();
        EXPECT_TRUE(store.contains(*peer));
        co_await a.host.disconnect(*peer);
        auto apart = [&] { return !a.host.is_connected(*peer); };
        auto parted = co_await eventually(apart);
        EXPECT_TRUE(parted);
        meet_strangers();
        EXPECT_FALSE(store.contains(*peer));
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(SwarmTest, ConnectedPeersAreToldOfARemovedHandler) {
    const ProtocolId protocol = "/short-lived/1.0.0";
    const std::vector<ProtocolId> wanted{protocol};
    Node a(io_);
    Node b(io_);
    b.host.handle(protocol, echo::serve);
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(b);
        auto peer = co_await a.host.connect(address);
        LIBP2P_CO_ASSERT_OK(peer);
        auto here = co_await a.host.identify(b.host.id());
        auto there = co_await b.host.identify(a.host.id());
        LIBP2P_EXPECT_OK(here);
        LIBP2P_EXPECT_OK(there);
        EXPECT_TRUE(a.host.peer_store().supports(b.host.id(), wanted));
        b.host.unhandle(protocol);
        auto told = [&] { return !a.host.peer_store().supports(b.host.id(), wanted); };
        auto learned = co_await eventually(told);
        EXPECT_TRUE(learned);
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(SwarmTest, TagsAndProtectionDecideWhoStays) {
    HostOptions options;
    options.connection_manager.low_water = 3;
    options.connection_manager.high_water = 5;
    options.connection_manager.grace_period = 0ms;
    Node b(io_, options);
    auto& manager = b.host.connection_manager();
    EXPECT_EQ(manager.low_water(), 3U);
    EXPECT_EQ(manager.high_water(), 5U);
    std::vector<std::unique_ptr<Node>> dialers;
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(b);
        const std::vector<std::int32_t> weights{50, -10, 40, 0, 20};
        for (auto weight : weights) {
            const auto& id = dialers.emplace_back(std::make_unique<Node>(io_))->host.id();
            // Neither has to wait for the connection.
            LIBP2P_EXPECT_OK(manager.tag_peer(id, "half", weight / 2));
            LIBP2P_EXPECT_OK(manager.tag_peer(id, "other half", weight - weight / 2));
            EXPECT_EQ(manager.weight(id), weight);
            auto peer = co_await dialers.back()->host.connect(address);
            LIBP2P_CO_ASSERT_OK(peer);
            auto there = co_await b.host.identify(id);
            LIBP2P_EXPECT_OK(there);
        }
        LIBP2P_EXPECT_OK(manager.protect(dialers[1]->host.id(), "one"));
        LIBP2P_EXPECT_OK(manager.protect(dialers[1]->host.id(), "two"));
        EXPECT_TRUE(manager.unprotect(dialers[1]->host.id(), "one"));
        LIBP2P_EXPECT_OK(manager.protect(dialers[2]->host.id(), "for a while"));
        EXPECT_FALSE(manager.unprotect(dialers[2]->host.id(), "for a while"));
        EXPECT_EQ(b.host.connections().size(), 5U) << "as many as the high water is not too many";

        const auto& sixth = dialers.emplace_back(std::make_unique<Node>(io_))->host.id();
        LIBP2P_EXPECT_OK(manager.protect(sixth, "new"));
        auto peer = co_await dialers.back()->host.connect(address);
        LIBP2P_CO_ASSERT_OK(peer);
        auto trimmed = [&] { return b.host.connections().size() == 3; };
        auto settled = co_await eventually(trimmed);
        EXPECT_TRUE(settled);
        std::vector<bool> stay;
        for (const auto& dialer : dialers) {
            stay.push_back(b.host.is_connected(dialer->host.id()));
        }
        EXPECT_EQ(stay, (std::vector<bool>{true, true, false, false, false, true}));
        for (auto& dialer : dialers) {
            co_await close(*dialer);
        }
        co_await close(b);
    };
    run(io_, body());
}

}  // namespace
}  // namespace libp2p::test
