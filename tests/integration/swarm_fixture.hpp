// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "tests/integration/hosts.hpp"

#include <libp2p/conformance/co_assert.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <vector>

/// What the tests of the swarm share: addresses that do not answer as one would wish.
namespace libp2p::test {

/// A deadline that a test on a slow machine does not come near.
inline constexpr auto kFar = 40s;

inline Multiaddr tcp_address(std::uint16_t port) {
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
    asio::ip::tcp::acceptor acceptor_;
};

/// A port that does not answer: its backlog is full, so the system drops who wants to connect.
class BlackHole {
public:
    explicit BlackHole(asio::io_context& io) : acceptor_(io) {
        asio::ip::tcp::endpoint any(asio::ip::make_address("127.0.0.1"), 0);
        acceptor_.open(any.protocol());
        acceptor_.bind(any);
        acceptor_.listen(0);
        for (int i = 0; i < 4; ++i) {
            asio::ip::tcp::socket& filler = fillers_.emplace_back(io);
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
    asio::ip::tcp::acceptor acceptor_;
    std::vector<asio::ip::tcp::socket> fillers_;
};

/// A port that refuses, and that nobody else gets meanwhile.
class ClosedPort {
public:
    explicit ClosedPort(asio::io_context& io) : socket_(io) {
        socket_.open(asio::ip::tcp::v4());
        socket_.bind({asio::ip::make_address("127.0.0.1"), 0});
    }

    Multiaddr address() const { return tcp_address(socket_.local_endpoint().port()); }

private:
    asio::ip::tcp::socket socket_;
};

/// A peer that is nowhere.
inline PeerId stranger() {
    return Identity::generate().peer_id();
}

inline DialOptions within(std::chrono::milliseconds limit) {
    DialOptions options;
    options.timeout = limit;
    return options;
}

inline std::size_t streams_of(Host& host) {
    const auto& used = host.resources().system_usage();
    return used.streams_inbound + used.streams_outbound;
}

/// Connects, and does not wait for the addresses among these that say nothing.
inline awaitable<void> connect_soon(Node& from, Node& to, std::vector<Multiaddr> addresses) {
    const auto start = Clock::now();
    auto peer = co_await from.host.connect(to.host.id(), std::move(addresses), within(kFar));
    LIBP2P_EXPECT_OK(peer);
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

}  // namespace libp2p::test
