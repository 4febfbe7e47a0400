// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/swarm_fixture.hpp"

#include <libp2p/conformance/loop.hpp>

#include <boost/asio/ip/udp.hpp>

#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace libp2p::test {
namespace {

using conformance::eventually;

TEST_F(SwarmTest, ASilentAddressDoesNotKeepTheNextOneWaiting) {
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        MutePort mute(io_);
        auto good = co_await listen_above(b, mute.port());
        std::vector<Multiaddr> addresses{mute.address(), good};
        co_await connect_soon(a, b, addresses);
        EXPECT_TRUE(mute.was_dialled()) << "the silent address was to be the first";
        auto alone = [&] { return a.host.resources().system_usage().connections_outbound == 1; };
        auto settled = co_await eventually(alone);
        EXPECT_TRUE(settled) << "the dial that lost still holds its place";
        auto answer = co_await echo_once(a, b.host.id(), "hello");
        EXPECT_EQ(answer.value(), "hello");
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(SwarmTest, AnAddressThatDropsPacketsDoesNotKeepTheNextOneWaiting) {
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        BlackHole hole(io_);
        auto good = co_await listen_above(b, hole.port());
        auto alone = co_await a.host.connect(hole.address().with_peer(stranger()), within(150ms));
        LIBP2P_EXPECT_ERROR(alone, asio::error::make_error_code(asio::error::timed_out));
        std::vector<Multiaddr> addresses{hole.address(), good};
        co_await connect_soon(a, b, addresses);
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(SwarmTest, ManyRefusalsDoNotSpoilTheAddressThatIsGood) {
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto good = co_await listen(b);
        std::vector<std::unique_ptr<ClosedPort>> closed;
        std::vector<Multiaddr> addresses{good};
        for (int i = 0; i < 30; ++i) {
            closed.push_back(std::make_unique<ClosedPort>(io_));
            addresses.push_back(closed.back()->address());
        }
        auto peer = co_await a.host.connect(b.host.id(), addresses, within(kFar));
        LIBP2P_EXPECT_OK(peer);
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(SwarmTest, WhenAllAddressesRefuseTheErrorTellsOfEach) {
    Node a(io_);
    auto body = [&]() -> awaitable<void> {
        std::vector<std::unique_ptr<ClosedPort>> closed;
        std::vector<Multiaddr> addresses;
        std::set<std::string> expected;
        constexpr int kAddresses = 90;
        for (int i = 0; i < kAddresses; ++i) {
            closed.push_back(std::make_unique<ClosedPort>(io_));
            addresses.push_back(closed.back()->address());
            expected.insert(addresses.back().to_string());
        }
        const auto start = Clock::now();
        auto peer = co_await a.host.connect(stranger(), addresses, within(kFar));
        LIBP2P_CO_ASSERT_ERROR(peer, Errc::dial_failed);
        EXPECT_LT(Clock::now() - start, (kAddresses - 1) * 30ms) << "a refusal did not start the next address at once";
        std::set<std::string> told;
        for (const auto& cause : peer.error().causes()) {
            told.insert(cause.subject);
            EXPECT_EQ(cause.error, asio::error::make_error_code(asio::error::connection_refused)) << cause.error;
        }
        EXPECT_EQ(told, expected);
        EXPECT_EQ(peer.error().causes().size(), expected.size());
        co_await close(a);
    };
    run(io_, body());
}

TEST_F(SwarmTest, RefusesToDialItself) {
    Node a(io_);
    auto body = [&]() -> awaitable<void> {
        auto own = co_await listen(a);
        auto dialled = co_await a.host.connect(own);
        LIBP2P_EXPECT_ERROR(dialled, Errc::invalid_address);
        std::vector<Multiaddr> addresses{own};
        auto again = co_await a.host.connect(a.host.id(), addresses);
        LIBP2P_EXPECT_ERROR(again, Errc::invalid_address);
        EXPECT_NE(again.error().message().find("oneself"), std::string::npos) << again.error();
        auto stream = co_await a.host.open_stream(a.host.id(), ProtocolId(echo::kProtocol));
        LIBP2P_EXPECT_ERROR(stream, Errc::invalid_address);
        EXPECT_TRUE(a.host.connections().empty());
        co_await close(a);
    };
    run(io_, body());
}

TEST_F(SwarmTest, AnAddressOfItselfUnderAnotherNameIsAMismatch) {
    Node a(io_);
    auto body = [&]() -> awaitable<void> {
        auto own = co_await listen(a);
        auto dialled = co_await a.host.connect(own.without_peer()->with_peer(stranger()));
        LIBP2P_EXPECT_ERROR(dialled, Errc::peer_mismatch);
        EXPECT_TRUE(a.host.connections().empty());
        co_await close(a);
    };
    run(io_, body());
}

TEST_F(SwarmTest, SaysWhichAddressHasNoTransport) {
    Node a(io_);
    auto body = [&]() -> awaitable<void> {
        const auto peer = stranger();
        for (const std::string text :
             {"/ip4/127.0.0.1/udp/9/quic-v1", "/ip4/127.0.0.1/udp/9/quic-v1/webtransport", "/memory/1"}) {
            auto dialled = co_await a.host.connect(Multiaddr::parse(text).value().with_peer(peer));
            LIBP2P_CO_ASSERT_ERROR(dialled, Errc::unsupported_address);
            EXPECT_NE(dialled.error().message().find(text), std::string::npos) << dialled.error();
        }
        const auto udp = Multiaddr::parse("/ip4/127.0.0.1/udp/9").value();
        auto bound = co_await a.host.listen(udp);
        LIBP2P_CO_ASSERT_ERROR(bound, Errc::unsupported_address);
        EXPECT_NE(bound.error().message().find(udp.to_string()), std::string::npos) << bound.error();
        co_await close(a);
    };
    run(io_, body());
}

TEST_F(SwarmTest, AnUnsupportedAddressDoesNotSpoilTheOthers) {
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto good = co_await listen(b);
        std::vector<Multiaddr> addresses{Multiaddr::parse("/ip4/127.0.0.1/udp/9/quic-v1").value(), good};
        auto peer = co_await a.host.connect(b.host.id(), addresses);
        LIBP2P_EXPECT_OK(peer);
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(SwarmTest, DialsWhatThePeerStoreKnows) {
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto unknown = co_await a.host.connect(b.host.id(), std::vector<Multiaddr>());
        LIBP2P_EXPECT_ERROR(unknown, Errc::no_addresses);
        auto no_stream = co_await a.host.open_stream(b.host.id(), ProtocolId(echo::kProtocol));
        LIBP2P_EXPECT_ERROR(no_stream, Errc::no_addresses);

        auto address = co_await listen(b);
        std::vector<Multiaddr> known{address};
        a.host.peer_store().add_addresses(b.host.id(), known, 1h, Clock::now());
        auto peer = co_await a.host.connect(b.host.id(), std::vector<Multiaddr>());
        LIBP2P_EXPECT_OK(peer);
        co_await a.host.disconnect(b.host.id());
        auto gone = [&] { return !a.host.is_connected(b.host.id()); };
        auto apart = co_await eventually(gone);
        EXPECT_TRUE(apart);
        auto answer = co_await echo_once(a, b.host.id(), "known");
        EXPECT_EQ(answer.value(), "known");
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(SwarmTest, DoesNotDialForAStreamWhereThatIsForbidden) {
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(b);
        std::vector<Multiaddr> known{address};
        a.host.peer_store().add_addresses(b.host.id(), known, 1h, Clock::now());
        OpenStreamOptions options;
        options.dial = false;
        auto stream = co_await a.host.open_stream(b.host.id(), ProtocolId(echo::kProtocol), options);
        LIBP2P_EXPECT_ERROR(stream, Errc::connection_closed);
        EXPECT_FALSE(a.host.is_connected(b.host.id()));
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(SwarmTest, MakesASecondConnectionOnlyWhenAsked) {
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(b);
        auto first = co_await a.host.connect(address);
        auto same = co_await a.host.connect(address);
        LIBP2P_EXPECT_OK(first);
        LIBP2P_EXPECT_OK(same);
        EXPECT_EQ(a.host.connections(b.host.id()).size(), 1U);
        DialOptions fresh;
        fresh.fresh = true;
        auto second = co_await a.host.connect(address, fresh);
        LIBP2P_EXPECT_OK(second);
        EXPECT_EQ(a.host.connections(b.host.id()).size(), 2U);
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(SwarmTest, ANameThatIsBeingLookedUpKeepsNoAddressWaiting) {
    asio::ip::udp::socket silent(io_, {asio::ip::make_address("127.0.0.1"), 0});
    HostOptions options;
    options.dns_servers = "127.0.0.1:" + std::to_string(silent.local_endpoint().port());
    options.timeouts.resolve = kFar;
    Node a(io_, options);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto good = co_await listen(b);
        std::vector<Multiaddr> addresses{Multiaddr::parse("/dns4/slow.example/tcp/1").value(), good};
        co_await connect_soon(a, b, addresses);
        EXPECT_GT(silent.available(), 0U) << "the name was to be looked up";
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(SwarmTest, AGaterThatThrowsRefuses) {
    bool throws = true;
    HostOptions strict;
    strict.gater.accept = [&](const Multiaddr&) -> bool {
        if (throws) {
            throw std::runtime_error("no opinion");
        }
        return true;
    };
    HostOptions shy;
    shy.gater.dial = [](const PeerId&, const Multiaddr&) -> bool { throw std::runtime_error("no opinion"); };
    Node a(io_);
    Node b(io_, strict);
    Node c(io_, shy);
    auto body = [&]() -> awaitable<void> {
        auto good = co_await listen(b);
        auto refused = co_await a.host.connect(good, within(kFar));
        EXPECT_FALSE(refused);
        throws = false;
        auto accepted = co_await a.host.connect(good, within(kFar));
        LIBP2P_EXPECT_OK(accepted);
        auto not_dialled = co_await c.host.connect(good, within(kFar));
        LIBP2P_EXPECT_ERROR(not_dialled, Errc::gated);
        co_await close(a);
        co_await close(b);
        co_await close(c);
    };
    run(io_, body());
}

}  // namespace
}  // namespace libp2p::test
