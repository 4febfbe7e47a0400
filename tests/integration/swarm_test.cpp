// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/hosts.hpp"

#include <libp2p/conformance/co_assert.hpp>
#include <libp2p/conformance/loop.hpp>
#include <libp2p/tasks.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace libp2p::test {
namespace {

using asio::ip::tcp;
using conformance::eventually;

/// A deadline that a test on a slow machine does not come near.
constexpr auto kFar = 40s;

Multiaddr tcp_address(std::uint16_t port) {
    return Multiaddr::parse("/ip4/127.0.0.1/tcp/" + std::to_string(port)).value();
}

/// A port where the system accepts connections, and nobody says a word.
class MutePort {
public:
    explicit MutePort(asio::io_context& io) : acceptor_(io, {asio::ip::make_address("127.0.0.1"), 0}) {}

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    Multiaddr address() const { return tcp_address(port()); }

    /// True when a connection waits to be accepted: somebody has dialled.
    bool was_dialled() {
        acceptor_.non_blocking(true);
        error_code ec;
        auto socket = acceptor_.accept(ec);
        return !ec;
    }

private:
    tcp::acceptor acceptor_;
};

/// A port that does not answer: its backlog is full, so the system drops who wants to connect.
class BlackHole {
public:
    explicit BlackHole(asio::io_context& io) : acceptor_(io) {
        tcp::endpoint any(asio::ip::make_address("127.0.0.1"), 0);
        acceptor_.open(any.protocol());
        acceptor_.bind(any);
        acceptor_.listen(0);
        for (int i = 0; i < 4; ++i) {
            tcp::socket& filler = fillers_.emplace_back(io);
            filler.open(any.protocol());
            filler.native_non_blocking(true);
            // Asio's own function would wait for the answer, which does not come for the last ones.
            const auto target = acceptor_.local_endpoint();
            const auto begun = ::connect(filler.native_handle(), target.data(), static_cast<socklen_t>(target.size()));
            EXPECT_TRUE(begun == 0 || errno == EINPROGRESS) << errno;
        }
    }

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    Multiaddr address() const { return tcp_address(port()); }

private:
    tcp::acceptor acceptor_;
    std::vector<tcp::socket> fillers_;
};

/// A port that refuses, and that nobody else gets meanwhile.
class ClosedPort {
public:
    explicit ClosedPort(asio::io_context& io) : socket_(io) {
        socket_.open(tcp::v4());
        socket_.bind({asio::ip::make_address("127.0.0.1"), 0});
    }

    Multiaddr address() const { return tcp_address(socket_.local_endpoint().port()); }

private:
    tcp::socket socket_;
};

PeerId stranger() {
    return Identity::generate().peer_id();
}

DialOptions within(std::chrono::milliseconds limit) {
    DialOptions options;
    options.timeout = limit;
    return options;
}

std::size_t streams_of(Host& host) {
    const auto& used = host.resources().system_usage();
    return used.streams_inbound + used.streams_outbound;
}

/// Connects, and does not wait for the addresses among these that say nothing.
awaitable<void> connect_soon(Node& from, Node& to, std::vector<Multiaddr> addresses) {
    const auto start = Clock::now();
    auto peer = co_await from.host.connect(to.host.id(), std::move(addresses), within(kFar));
    EXPECT_OK(peer);
    EXPECT_LT(Clock::now() - start, kFar / 4);
}

class SwarmTest : public testing::Test {
protected:
    /// `node` listens on a port above `port`, so that `port` has the earlier turn: low ports are dialled first.
    awaitable<Multiaddr> listen_above(Node& node, unsigned port) {
        for (unsigned candidate = port + 1; candidate <= 0xffff; ++candidate) {
            const auto address = tcp_address(static_cast<std::uint16_t>(candidate));
            auto bound = co_await node.host.listen(address);
            if (bound) {
                co_return bound.value().with_peer(node.host.id());
            }
        }
        throw std::runtime_error("no port above " + std::to_string(port) + " is free");
    }

    asio::io_context io_{1};
};

// --- dials -----------------------------------------------------------------------------------------------------------

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
        EXPECT_ERROR(alone, asio::error::make_error_code(asio::error::timed_out));
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
        EXPECT_OK(peer);
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
        CO_ASSERT_ERROR(peer, Errc::dial_failed);
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
        CO_ASSERT_ERROR(peer, Errc::dial_failed);
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
        CO_ASSERT_ERROR(peer, asio::error::make_error_code(asio::error::timed_out));
        EXPECT_NE(peer.error().message().find(mute.address().to_string()), std::string::npos) << peer.error();
        auto unwound = [&] { return a.host.resources().system_usage().is_zero(); };
        auto given_back = co_await eventually(unwound);
        EXPECT_TRUE(given_back);
        co_await close(a);
    };
    run(io_, body());
}

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
            EXPECT_ERROR(peer, asio::error::make_error_code(asio::error::timed_out));
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
            EXPECT_OK(joined);
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
            EXPECT_OK(joined);
            EXPECT_LT(Clock::now() - start, kFar / 4);
            co_await tasks.join();
            EXPECT_OK(first);
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
            EXPECT_OK(peer);
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

TEST_F(SwarmTest, RefusesToDialItself) {
    Node a(io_);
    auto body = [&]() -> awaitable<void> {
        auto own = co_await listen(a);
        auto dialled = co_await a.host.connect(own);
        EXPECT_ERROR(dialled, Errc::invalid_address);
        std::vector<Multiaddr> addresses{own};
        auto again = co_await a.host.connect(a.host.id(), addresses);
        EXPECT_ERROR(again, Errc::invalid_address);
        EXPECT_NE(again.error().message().find("oneself"), std::string::npos) << again.error();
        auto stream = co_await a.host.open_stream(a.host.id(), ProtocolId(echo::kProtocol));
        EXPECT_ERROR(stream, Errc::invalid_address);
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
        EXPECT_ERROR(dialled, Errc::peer_mismatch);
        EXPECT_TRUE(a.host.connections().empty());
        co_await close(a);
    };
    run(io_, body());
}

TEST_F(SwarmTest, SaysWhichAddressHasNoTransport) {
    Node a(io_);
    auto body = [&]() -> awaitable<void> {
        const auto peer = stranger();
        for (const std::string text : {"/ip4/127.0.0.1/udp/9/quic-v1", "/ip4/127.0.0.1/tcp/9/ws", "/memory/1"}) {
            auto dialled = co_await a.host.connect(Multiaddr::parse(text).value().with_peer(peer));
            CO_ASSERT_ERROR(dialled, Errc::unsupported_address);
            EXPECT_NE(dialled.error().message().find(text), std::string::npos) << dialled.error();
        }
        const auto udp = Multiaddr::parse("/ip4/127.0.0.1/udp/9").value();
        auto bound = co_await a.host.listen(udp);
        CO_ASSERT_ERROR(bound, Errc::unsupported_address);
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
        EXPECT_OK(peer);
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
        EXPECT_ERROR(unknown, Errc::no_addresses);
        auto no_stream = co_await a.host.open_stream(b.host.id(), ProtocolId(echo::kProtocol));
        EXPECT_ERROR(no_stream, Errc::no_addresses);

        auto address = co_await listen(b);
        std::vector<Multiaddr> known{address};
        a.host.peer_store().add_addresses(b.host.id(), known, 1h, Clock::now());
        auto peer = co_await a.host.connect(b.host.id(), std::vector<Multiaddr>());
        EXPECT_OK(peer);
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
        EXPECT_ERROR(stream, Errc::connection_closed);
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
        EXPECT_OK(first);
        EXPECT_OK(same);
        EXPECT_EQ(a.host.connections(b.host.id()).size(), 1U);
        DialOptions fresh;
        fresh.fresh = true;
        auto second = co_await a.host.connect(address, fresh);
        EXPECT_OK(second);
        EXPECT_EQ(a.host.connections(b.host.id()).size(), 2U);
        co_await close(a);
        co_await close(b);
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
            EXPECT_ERROR(blocked, asio::error::make_error_code(asio::error::timed_out));
            EXPECT_FALSE(a.host.is_connected(b.host.id()));
        };
        co_await with_tasks(together);
        EXPECT_EQ(most, 2U);
        auto peer = co_await a.host.connect(good, within(kFar));
        EXPECT_OK(peer);
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

TEST_F(SwarmTest, AnAddressThatNobodyWaitsBehindHasTheWholeDeadline) {
    HostOptions options;
    options.limits.dials_per_peer = 1;
    options.timeouts.dial_attempt = 1ms;
    Node a(io_, options);
    auto body = [&]() -> awaitable<void> {
        MutePort mute(io_);
        const auto start = Clock::now();
        auto peer = co_await a.host.connect(mute.address().with_peer(stranger()), within(300ms));
        EXPECT_ERROR(peer, asio::error::make_error_code(asio::error::timed_out));
        EXPECT_GE(Clock::now() - start, 300ms);
        co_await close(a);
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
        CO_ASSERT_ERROR(peer, Errc::dial_failed);
        EXPECT_EQ(peer.error().causes().size(), 2U);
        co_await close(a);
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
        EXPECT_OK(accepted);
        auto not_dialled = co_await c.host.connect(good, within(kFar));
        EXPECT_ERROR(not_dialled, Errc::gated);
        co_await close(a);
        co_await close(b);
        co_await close(c);
    };
    run(io_, body());
}

// --- the peer store --------------------------------------------------------------------------------------------------

TEST_F(SwarmTest, WhatIdentifyTellsIsInThePeerStore) {
    HostOptions named;
    named.agent = "somebody/1.0";
    Node a(io_);
    Node b(io_, named);
    auto body = [&]() -> awaitable<void> {
        auto good = co_await listen(b);
        auto peer = co_await a.host.connect(good, within(kFar));
        CO_ASSERT_OK(peer);
        auto info = co_await a.host.identify(*peer);
        EXPECT_OK(info);
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
        CO_ASSERT_OK(peer);
        auto info = co_await a.host.identify(*peer);
        EXPECT_OK(info);
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
        EXPECT_ERROR(late, Errc::shut_down);
    };
    run(io_, body());
}

// --- both sides at once ----------------------------------------------------------------------------------------------

TEST_F(SwarmTest, SimultaneousConnectFiftyTimesNeverEndsWithoutAConnection) {
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto to_a = co_await listen(a);
        auto to_b = co_await listen(b);
        auto dial = [](Node& from, const Multiaddr& to) -> awaitable<void> {
            auto peer = co_await from.host.connect(to);
            EXPECT_OK(peer);
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

// --- events ----------------------------------------------------------------------------------------------------------

TEST_F(SwarmTest, AFloodOfEventsIsBoundedAndCounted) {
    constexpr std::size_t kCapacity = 8;
    constexpr int kStreams = 200;
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(b);
        auto peer = co_await a.host.connect(address);
        CO_ASSERT_OK(peer);
        // Identify is over: from here on the test alone makes events.
        auto known_here = co_await a.host.identify(b.host.id());
        auto known_there = co_await b.host.identify(a.host.id());
        EXPECT_OK(known_here);
        EXPECT_OK(known_there);
        auto idle = [&] { return streams_of(a.host) == 0 && streams_of(b.host) == 0; };
        auto quiet = co_await eventually(idle);
        EXPECT_TRUE(quiet);
        auto slow = b.host.subscribe(kCapacity);
        auto roomy = b.host.subscribe(1000);
        CO_ASSERT_OK(slow);
        CO_ASSERT_OK(roomy);
        for (int i = 0; i < kStreams; ++i) {
            auto answer = co_await echo_once(a, b.host.id(), "x");
            EXPECT_EQ(answer.value(), "x");
        }
        auto first = co_await slow->next();
        CO_ASSERT_OK(first);
        const auto* missed = std::get_if<EventsMissed>(&*first);
        CO_ASSERT_TRUE(missed != nullptr);
        EXPECT_EQ(missed->count, kStreams - kCapacity);
        for (std::size_t i = 0; i < kCapacity; ++i) {
            auto event = co_await slow->next();
            CO_ASSERT_OK(event);
            const auto* opened = std::get_if<StreamOpened>(&*event);
            CO_ASSERT_TRUE(opened != nullptr);
            EXPECT_EQ(opened->protocol, echo::kProtocol);
        }
        // One that is emptied goes on without a gap.
        auto answer = co_await echo_once(a, b.host.id(), "y");
        EXPECT_OK(answer);
        auto next = co_await slow->next();
        CO_ASSERT_OK(next);
        EXPECT_TRUE(std::holds_alternative<StreamOpened>(*next));
        for (int i = 0; i < kStreams + 1; ++i) {
            auto event = co_await roomy->next();
            CO_ASSERT_OK(event);
            EXPECT_TRUE(std::holds_alternative<StreamOpened>(*event)) << "a slow subscriber is nobody else's matter";
        }
        co_await close(a);
        co_await close(b);
        auto end = result<Event>(Errc::stream_reset);
        do {
            end = co_await slow->next();
        } while (end);
        EXPECT_ERROR(end, Errc::shut_down);
    };
    run(io_, body());
}

TEST_F(SwarmTest, TheEndOfAConnectionTellsTheReasonThatTheRemoteGave) {
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(b);
        auto events = b.host.subscribe();
        CO_ASSERT_OK(events);
        auto code_of_end = [&]() -> awaitable<ConnectionErrorCode> {
            for (;;) {
                auto event = co_await events->next();
                if (!event) {
                    co_return ConnectionErrorCode::code_out_of_range;
                }
                if (const auto* closed = std::get_if<ConnectionClosed>(&*event)) {
                    co_return closed->code;
                }
            }
        };
        Node a(io_);
        auto peer = co_await a.host.connect(address);
        CO_ASSERT_OK(peer);
        co_await a.host.disconnect(b.host.id());
        auto code = co_await code_of_end();
        EXPECT_EQ(code, ConnectionErrorCode::none);
        peer = co_await a.host.connect(address);
        CO_ASSERT_OK(peer);
        co_await close(a);
        code = co_await code_of_end();
        EXPECT_EQ(code, ConnectionErrorCode::shut_down);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(SwarmTest, SubscriptionsAreBounded) {
    HostOptions options;
    options.limits.subscriptions = 2;
    Node a(io_, options);
    auto too_large = a.host.subscribe(kMaxEventCapacity + 1);
    EXPECT_ERROR(too_large, Errc::limit_exceeded);
    auto body = [&]() -> awaitable<void> {
        auto first = a.host.subscribe(kMaxEventCapacity);
        auto second = a.host.subscribe();
        EXPECT_OK(first);
        EXPECT_OK(second);
        auto third = a.host.subscribe();
        EXPECT_ERROR(third, Errc::limit_exceeded);
        EXPECT_NE(third.error().message().find("limits.subscriptions"), std::string::npos) << third.error();
        first = Errc::shut_down;
        auto again = a.host.subscribe();
        EXPECT_OK(again);
        co_await close(a);
        auto late = a.host.subscribe();
        EXPECT_ERROR(late, Errc::shut_down);
    };
    run(io_, body());
}

// --- handlers --------------------------------------------------------------------------------------------------------

TEST_F(SwarmTest, ARemovedHandlerServesItsStreamsToTheirEnd) {
    const ProtocolId protocol = "/short-lived/1.0.0";
    Node a(io_);
    Node b(io_);
    auto witness = std::make_shared<int>(0);
    const std::weak_ptr<int> alive = witness;
    b.host.handle(protocol, [witness = std::move(witness)](std::unique_ptr<Stream> stream) {
        return echo::serve(std::move(stream));
    });
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(b);
        auto peer = co_await a.host.connect(address);
        CO_ASSERT_OK(peer);
        auto opened = co_await a.host.open_stream(b.host.id(), protocol);
        CO_ASSERT_OK(opened);
        auto stream = std::move(*opened);
        Bytes buffer(6);
        auto sent = co_await write(*stream, as_bytes("before"));
        EXPECT_OK(sent);
        auto got = co_await read_exactly(*stream, buffer);
        EXPECT_OK(got);

        b.host.unhandle(protocol);
        b.host.unhandle(protocol);
        const auto served = b.host.protocols();
        EXPECT_EQ(std::find(served.begin(), served.end(), protocol), served.end());
        EXPECT_FALSE(alive.expired());
        sent = co_await write(*stream, as_bytes("behind"));
        EXPECT_OK(sent);
        got = co_await read_exactly(*stream, buffer);
        EXPECT_OK(got);
        EXPECT_EQ(as_text(buffer), "behind");

        std::vector<ProtocolId> wanted{"/other/1", protocol + "/x"};
        auto refused = co_await a.host.open_stream(b.host.id(), wanted);
        EXPECT_ERROR(refused, Errc::no_common_protocol);
        auto lazy = co_await a.host.open_stream(b.host.id(), protocol);
        CO_ASSERT_OK(lazy);
        auto none = co_await (*lazy)->read_some(buffer);
        EXPECT_ERROR(none, Errc::no_common_protocol);
        lazy = Errc::shut_down;

        auto closed = co_await stream->close_write();
        EXPECT_OK(closed);
        auto end = co_await stream->read_some(buffer);
        EXPECT_ERROR(end, asio::error::make_error_code(asio::error::eof));
        stream.reset();
        auto let_go = [&] { return alive.expired(); };
        auto freed = co_await eventually(let_go);
        EXPECT_TRUE(freed) << "the handler outlives its last stream";

        b.host.handle(protocol, echo::serve);
        auto again = co_await a.host.open_stream(b.host.id(), protocol);
        CO_ASSERT_OK(again);
        sent = co_await write(**again, as_bytes("anew12"));
        EXPECT_OK(sent);
        got = co_await read_exactly(**again, buffer);
        EXPECT_OK(got);
        again = Errc::shut_down;
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
        CO_ASSERT_OK(peer);
        auto here = co_await a.host.identify(b.host.id());
        auto there = co_await b.host.identify(a.host.id());
        EXPECT_OK(here);
        EXPECT_OK(there);
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

// --- the connection manager ------------------------------------------------------------------------------------------

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
            EXPECT_OK(manager.tag_peer(id, "half", weight / 2));
            EXPECT_OK(manager.tag_peer(id, "other half", weight - weight / 2));
            EXPECT_EQ(manager.weight(id), weight);
            auto peer = co_await dialers.back()->host.connect(address);
            CO_ASSERT_OK(peer);
            auto there = co_await b.host.identify(id);
            EXPECT_OK(there);
        }
        EXPECT_OK(manager.protect(dialers[1]->host.id(), "one"));
        EXPECT_OK(manager.protect(dialers[1]->host.id(), "two"));
        EXPECT_TRUE(manager.unprotect(dialers[1]->host.id(), "one"));
        EXPECT_OK(manager.protect(dialers[2]->host.id(), "for a while"));
        EXPECT_FALSE(manager.unprotect(dialers[2]->host.id(), "for a while"));
        EXPECT_EQ(b.host.connections().size(), 5U) << "as many as the high water is not too many";

        const auto& sixth = dialers.emplace_back(std::make_unique<Node>(io_))->host.id();
        EXPECT_OK(manager.protect(sixth, "new"));
        auto peer = co_await dialers.back()->host.connect(address);
        CO_ASSERT_OK(peer);
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

// --- an application around it ----------------------------------------------------------------------------------------

TEST_F(SwarmTest, SharesItsContextWithAnApplication) {
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        tcp::acceptor acceptor(io_, {asio::ip::make_address("127.0.0.1"), 0});
        tcp::socket near(io_);
        co_await near.async_connect(acceptor.local_endpoint(), asio::use_awaitable);
        auto far = co_await acceptor.async_accept(asio::use_awaitable);
        int ticks = 0;
        int round_trips = 0;
        auto tick = [&]() -> awaitable<void> {
            asio::steady_timer timer(io_);
            for (;;) {
                timer.expires_after(1ms);
                co_await timer.async_wait(asio::use_awaitable);
                ++ticks;
            }
        };
        auto answer = [&]() -> awaitable<void> {
            Bytes octet(1);
            for (;;) {
                co_await asio::async_read(far, asio::buffer(octet), asio::use_awaitable);
                co_await asio::async_write(far, asio::buffer(octet), asio::use_awaitable);
            }
        };
        auto ask = [&]() -> awaitable<void> {
            Bytes octet(1);
            for (;;) {
                co_await asio::async_write(near, asio::buffer(octet), asio::use_awaitable);
                co_await asio::async_read(near, asio::buffer(octet), asio::use_awaitable);
                ++round_trips;
            }
        };
        auto application = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(tick());
            tasks.spawn(answer());
            tasks.spawn(ask());
            auto address = co_await listen(b);
            auto peer = co_await a.host.connect(address);
            CO_ASSERT_OK(peer);
            const std::string text(100 * 1024, 'x');  // fits the windows: echo_once reads when all is written
            const auto ticks_before = ticks;
            const auto trips_before = round_trips;
            for (int i = 0; i < 80; ++i) {
                auto echoed = co_await echo_once(a, b.host.id(), text);
                EXPECT_TRUE(echoed.value() == text);
            }
            EXPECT_GT(ticks, ticks_before) << "the hosts let nobody else run";
            EXPECT_GT(round_trips, trips_before) << "the hosts let nobody else run";
            co_await close(a);
            co_await close(b);
            // The application goes on without its hosts.
            const auto ticks_then = ticks;
            const auto trips_then = round_trips;
            auto going_on = [&] { return ticks > ticks_then + 5 && round_trips > trips_then + 5; };
            auto goes_on = co_await eventually(going_on);
            EXPECT_TRUE(goes_on);
        };
        co_await with_tasks(application);
    };
    run(io_, body());
}

}  // namespace
}  // namespace libp2p::test
