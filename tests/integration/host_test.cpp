// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/hosts.hpp"

#include <libp2p/tasks.hpp>
#include <libp2p/waiter.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

namespace libp2p::test {
namespace {

class HostTest : public testing::Test {
protected:
    asio::io_context io_{1};
};

TEST_F(HostTest, ConnectsAndEchoesOverTcp) {
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(b);
        auto peer = co_await a.host.connect(address);
        EXPECT_EQ(peer.value(), b.host.id());
        auto answer = co_await echo_once(a, *peer, "hello");
        EXPECT_EQ(answer.value(), "hello");
        auto connections = a.host.connections();
        EXPECT_EQ(connections.size(), 1U);
        EXPECT_EQ(connections.front()->security, "/noise");
        EXPECT_EQ(connections.front()->muxer, "/yamux/1.0.0");
        EXPECT_EQ(connections.front()->transport, "tcp");
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(HostTest, ADialTakesOptions) {
    Node a(io_);
    Node b(io_);
    auto& host = a.host;
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(b);
        DialOptions quick{.timeout = 5s};                              // named first
        auto peer = co_await host.connect(std::move(address), quick);  // then awaited
        EXPECT_EQ(peer.value(), b.host.id());
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(HostTest, OverIp6) {
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(b, "/ip6/::1/tcp/0");
        auto peer = co_await a.host.connect(address);
        auto answer = co_await echo_once(a, peer.value(), "six");
        EXPECT_EQ(answer.value(), "six");
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(HostTest, ListensOnBothFamiliesOfOnePort) {
    Node node(io_);
    auto body = [&]() -> awaitable<void> {
        auto first = co_await node.host.listen(Multiaddr::parse("/ip4/0.0.0.0/tcp/0").value());
        auto text = first.value().to_string();
        auto port = text.substr(text.rfind('/') + 1);
        auto second = co_await node.host.listen(Multiaddr::parse("/ip6/::/tcp/" + port).value());
        EXPECT_TRUE(second) << second.error();
        auto again = co_await node.host.listen(Multiaddr::parse("/ip4/0.0.0.0/tcp/" + port).value());
        EXPECT_EQ(again.error(), asio::error::make_error_code(asio::error::address_in_use));
        for (const auto& address : node.host.addresses()) {
            EXPECT_EQ(address.peer(), node.host.id());
            EXPECT_EQ(address.to_string().find("0.0.0.0"), std::string::npos);
        }
        co_await close(node);
    };
    run(io_, body());
}

TEST_F(HostTest, IdentifiesPeersBothWays) {
    HostOptions options;
    options.agent = "tester/1";
    Node a(io_, options);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(b);
        auto peer = co_await a.host.connect(address);
        auto about_b = co_await a.host.identify(peer.value());
        EXPECT_EQ(about_b.value().peer, b.host.id());
        EXPECT_TRUE(about_b->certified);
        EXPECT_NE(
            std::find(about_b->protocols.begin(), about_b->protocols.end(), echo::kProtocol), about_b->protocols.end()
        );
        EXPECT_EQ(about_b->addresses.size(), 1U);
        EXPECT_TRUE(about_b->observed.has_value());
        auto about_a = co_await b.host.identify(a.host.id());
        EXPECT_EQ(about_a.value().agent, "tester/1");
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(HostTest, PushesNewProtocolsToConnectedPeers) {
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(b);
        auto peer = co_await a.host.connect(address);
        (void)co_await a.host.identify(*peer);
        (void)co_await b.host.identify(a.host.id());
        std::vector<ProtocolId> wanted{"/late/1.0.0"};
        EXPECT_FALSE(a.host.peer_store().supports(*peer, wanted));
        b.host.handle("/late/1.0.0", echo::serve);
        asio::steady_timer pause(io_);
        for (int i = 0; i < 100 && !a.host.peer_store().supports(*peer, wanted); ++i) {
            pause.expires_after(20ms);
            co_await pause.async_wait(asio::use_awaitable);
        }
        EXPECT_TRUE(a.host.peer_store().supports(*peer, wanted));
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(HostTest, RefusesAPeerWithAnotherIdentity) {
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(b);
        auto other = Identity::generate().peer_id();
        auto wrong = address.without_peer()->with_peer(other);
        auto peer = co_await a.host.connect(wrong);
        EXPECT_EQ(peer.error(), Errc::peer_mismatch) << peer.error();
        EXPECT_TRUE(a.host.connections().empty());
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(HostTest, ReportsWhyADialFailed) {
    Node a(io_);
    auto body = [&]() -> awaitable<void> {
        auto other = Identity::generate().peer_id();
        auto refused = co_await a.host.connect(Multiaddr::parse("/ip4/127.0.0.1/tcp/1").value().with_peer(other));
        EXPECT_EQ(refused.error(), asio::error::make_error_code(asio::error::connection_refused)) << refused.error();
        auto unsupported =
            co_await a.host.connect(Multiaddr::parse("/ip4/127.0.0.1/udp/1/quic-v1").value().with_peer(other));
        EXPECT_EQ(unsupported.error(), Errc::unsupported_address);
        auto unnamed = co_await a.host.connect(Multiaddr::parse("/ip4/127.0.0.1/tcp/1").value());
        EXPECT_EQ(unnamed.error(), Errc::invalid_address);
        std::vector<Multiaddr> several{
            Multiaddr::parse("/ip4/127.0.0.1/tcp/1").value(), Multiaddr::parse("/ip4/127.0.0.1/tcp/2").value()
        };
        auto both = co_await a.host.connect(other, several);
        EXPECT_EQ(both.error(), Errc::dial_failed);
        EXPECT_EQ(both.error().causes().size(), 2U);
        co_await close(a);
    };
    run(io_, body());
}

TEST_F(HostTest, JoinsDialsToOnePeer) {
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(b);
        int connected = 0;
        auto dial = [&]() -> awaitable<void> {
            auto peer = co_await a.host.connect(address);
            connected += peer.has_value();
        };
        auto together = [&](TaskScope& tasks) -> awaitable<void> {
            for (int i = 0; i < 10; ++i) {
                tasks.spawn(dial());
            }
            co_await tasks.join();
        };
        co_await with_tasks(together);
        EXPECT_EQ(connected, 10);
        EXPECT_EQ(a.host.connections().size(), 1U);
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(HostTest, SimultaneousConnectLeavesAConnection) {
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto to_a = co_await listen(a);
        auto to_b = co_await listen(b);
        for (int round = 0; round < 20; ++round) {
            auto dial_a = [&]() -> awaitable<void> { (void)co_await b.host.connect(to_a); };
            auto dial_b = [&]() -> awaitable<void> { (void)co_await a.host.connect(to_b); };
            auto together = [&](TaskScope& tasks) -> awaitable<void> {
                tasks.spawn(dial_a());
                tasks.spawn(dial_b());
                co_await tasks.join();
            };
            co_await with_tasks(together);
            EXPECT_TRUE(a.host.is_connected(b.host.id()));
            EXPECT_TRUE(b.host.is_connected(a.host.id()));
            auto answer = co_await echo_once(a, b.host.id(), "both");
            EXPECT_EQ(answer.value(), "both");
            co_await a.host.disconnect(b.host.id());
            co_await b.host.disconnect(a.host.id());
        }
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(HostTest, OpensTheFirstProtocolThatTheRemoteServes) {
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(b);
        auto peer = co_await a.host.connect(address);
        std::vector<ProtocolId> wanted{"/none/1", echo::kProtocol};
        auto stream = co_await a.host.open_stream(*peer, wanted);
        EXPECT_EQ(stream.value()->protocol(), echo::kProtocol);
        stream = Errc::shut_down;
        std::vector<ProtocolId> unknown{"/none/1", "/none/2"};
        auto none = co_await a.host.open_stream(*peer, unknown);
        EXPECT_EQ(none.error(), Errc::no_common_protocol) << none.error();
        auto lazy = co_await a.host.open_stream(*peer, ProtocolId("/none/1"));
        Bytes buffer(1);
        auto got = co_await (*lazy)->read_some(buffer);
        EXPECT_EQ(got.error(), Errc::no_common_protocol) << got.error();
        lazy = Errc::shut_down;
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(HostTest, ServesAMatcherOverVersions) {
    Node a(io_);
    Node b(io_);
    auto any_version = [](const ProtocolId& id) { return id.starts_with("/versioned/1."); };
    b.host.handle("/versioned/1.0.0", any_version, echo::serve);
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(b);
        auto peer = co_await a.host.connect(address);
        auto stream = co_await a.host.open_stream(*peer, ProtocolId("/versioned/1.7.3"));
        auto written = co_await write(**stream, as_bytes("x"));
        EXPECT_TRUE(written);
        Bytes buffer(1);
        auto got = co_await read_exactly(**stream, buffer);
        EXPECT_TRUE(got) << got.error();
        stream = Errc::shut_down;
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(HostTest, TellsConnectionEventsWithTheirReason) {
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto events = b.host.subscribe();
        auto address = co_await listen(b);
        auto peer = co_await a.host.connect(address);
        auto subscription = std::move(events.value());
        bool connected = false;
        bool disconnected = false;
        co_await close(a);
        while (!disconnected) {
            auto event = co_await subscription.next();
            if (!event) {
                break;
            }
            if (auto* up = std::get_if<PeerConnected>(&*event)) {
                connected = up->peer == a.host.id();
            }
            if (auto* down = std::get_if<PeerDisconnected>(&*event)) {
                disconnected = down->peer == a.host.id();
            }
        }
        EXPECT_TRUE(connected);
        EXPECT_TRUE(disconnected);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(HostTest, AHandlerThatThrowsResetsItsStreamOnly) {
    Node a(io_);
    Node b(io_);
    b.host.handle("/throws/1", [](std::unique_ptr<Stream>) -> awaitable<void> {
        throw std::runtime_error("handler");
        co_return;
    });
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(b);
        auto peer = co_await a.host.connect(address);
        auto stream = co_await a.host.open_stream(*peer, ProtocolId("/throws/1"));
        Bytes buffer(1);
        auto got = co_await (*stream)->read_some(buffer);
        EXPECT_EQ(got.error(), Errc::stream_reset) << got.error();
        auto answer = co_await echo_once(a, *peer, "still here");
        EXPECT_EQ(answer.value(), "still here");
        stream = Errc::shut_down;
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(HostTest, ClosingWhileStreamsAreServedLeavesNothing) {
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(b);
        auto peer = co_await a.host.connect(address);
        std::vector<std::unique_ptr<Stream>> streams;
        for (int i = 0; i < 50; ++i) {
            auto stream = co_await a.host.open_stream(*peer, ProtocolId(echo::kProtocol));
            auto written = co_await write(**stream, as_bytes("unfinished"));
            EXPECT_TRUE(written);
            streams.push_back(std::move(*stream));
        }
        co_await close(b);
        streams.clear();
        co_await close(a);
    };
    run(io_, body());
}

TEST_F(HostTest, AClosedHostRefuses) {
    Node a(io_);
    auto body = [&]() -> awaitable<void> {
        co_await close(a);
        co_await close(a);
        auto bound = co_await a.host.listen(Multiaddr::parse("/ip4/127.0.0.1/tcp/0").value());
        EXPECT_EQ(bound.error(), Errc::shut_down);
    };
    run(io_, body());
}

TEST_F(HostTest, ANodeThatIsDestroyedUnclosedUnwindsItself) {
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(b);
        {
            Node a(io_);
            auto peer = co_await a.host.connect(address);
            EXPECT_TRUE(peer);
        }
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(HostTest, TheGaterRefusesAtEachStage) {
    HostOptions no_dial;
    no_dial.gater.dial = [](const PeerId&, const Multiaddr&) { return false; };
    HostOptions no_accept;
    no_accept.gater.accept = [](const Multiaddr&) { return false; };
    HostOptions no_peer;
    no_peer.gater.secured = [](const ConnectionInfo&) { return false; };
    Node free(io_);
    Node cannot_dial(io_, no_dial);
    Node accepts_nobody(io_, no_accept);
    Node likes_nobody(io_, no_peer);
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(free);
        auto dialled = co_await cannot_dial.host.connect(address);
        EXPECT_EQ(dialled.error(), Errc::gated);
        auto closed_door = co_await listen(accepts_nobody);
        auto refused = co_await free.host.connect(closed_door);
        EXPECT_FALSE(refused);
        auto secured = co_await likes_nobody.host.connect(address);
        EXPECT_EQ(secured.error(), Errc::gated);
        co_await close(free);
        co_await close(cannot_dial);
        co_await close(accepts_nobody);
        co_await close(likes_nobody);
    };
    run(io_, body());
}

TEST_F(HostTest, ADialThatNobodyWaitsForIsGivenUp) {
    Node a(io_);
    auto body = [&]() -> awaitable<void> {
        auto silent = co_await listen(a, "/ip4/127.0.0.1/tcp/0");
        // A socket that accepts and says nothing.
        asio::ip::tcp::acceptor mute(io_, {asio::ip::make_address("127.0.0.1"), 0});
        auto port = std::to_string(mute.local_endpoint().port());
        auto target = Multiaddr::parse("/ip4/127.0.0.1/tcp/" + port).value().with_peer(Identity::generate().peer_id());
        auto dialled = co_await with_timeout(100ms, a.host.connect(target));
        EXPECT_EQ(dialled.error(), asio::error::make_error_code(asio::error::timed_out));
        asio::steady_timer pause(io_, 50ms);
        co_await pause.async_wait(asio::use_awaitable);
        EXPECT_EQ(a.host.resources().system_usage().connections_outbound, 0U);
        co_await close(a);
    };
    run(io_, body());
}

TEST_F(HostTest, TrimsConnectionsAboveTheHighWater) {
    HostOptions options;
    options.connection_manager.low_water = 3;
    options.connection_manager.high_water = 6;
    options.connection_manager.grace_period = 0ms;
    options.connection_manager.silence_period = 50ms;
    Node b(io_, options);
    std::vector<std::unique_ptr<Node>> dialers;
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(b);
        for (int i = 0; i < 8; ++i) {
            dialers.push_back(std::make_unique<Node>(io_));
            if (i == 0) {
                b.host.connection_manager().protect(dialers.back()->host.id(), "test");
            }
            auto peer = co_await dialers.back()->host.connect(address);
            EXPECT_TRUE(peer) << peer.error();
        }
        asio::steady_timer pause(io_, 400ms);
        co_await pause.async_wait(asio::use_awaitable);
        EXPECT_LE(b.host.connections().size(), 6U);
        EXPECT_GE(b.host.connections().size(), 3U);
        EXPECT_TRUE(b.host.is_connected(dialers.front()->host.id()));
        for (auto& dialer : dialers) {
            co_await close(*dialer);
        }
        co_await close(b);
    };
    run(io_, body());
}

}  // namespace
}  // namespace libp2p::test
