// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "proto/multistream.hpp"
#include "tests/integration/hosts.hpp"
#include "tests/support/heap.hpp"
#include "transports/tcp/tcp_address.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

/// Peers that keep to no rule, and one that does.
namespace libp2p::test::hostile {

/// True where measured times and octets are those of the shipped library.
#if defined(NDEBUG) && !defined(LIBP2P_SUPPORT_ASAN)
inline constexpr bool kIsMeasured = true;
#else
inline constexpr bool kIsMeasured = false;
#endif

/// Lets this process open as many descriptors as it may; returns how many that are.
inline std::size_t raise_descriptor_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

/// A TCP socket without libp2p. It blocks nobody and needs no turn on the victim's io_context: a connection is made by
/// the system alone, so everything that the heap shows afterwards is the victim's.
class RawPeer {
public:
    /// The victim must be listening.
    explicit RawPeer(const Multiaddr& victim) : socket_(quiet_context()) {
        socket_.connect(tcp::to_endpoint(victim.without_peer().value()).value());
        socket_.non_blocking(true);
    }

    /// Sends what the system takes of it now, and says how much.
    std::size_t send(std::string_view octets) {
        error_code ec;
        return socket_.write_some(asio::buffer(octets), ec);
    }

    /// Takes what the victim has sent, and throws it away. True once the victim has ended the connection.
    bool is_cut() {
        std::array<char, 4096> scratch;
        error_code ec;
        while (!ec) {
            socket_.read_some(asio::buffer(scratch), ec);
        }
        return ec != asio::error::would_block;
    }

private:
    /// Never run: nothing asynchronous happens on it.
    static asio::io_context& quiet_context() {
        static asio::io_context context{1};
        return context;
    }

    asio::ip::tcp::socket socket_;
};

/// What a dialer sends first when it wants Noise.
inline std::string noise_proposal() {
    return multistream::encode_message(multistream::kHeader) + multistream::encode_message("/noise");
}

/// Somebody who means well: connects, echoes and leaves, again and again.
class HonestDialer {
public:
    HonestDialer(asio::io_context& io, Multiaddr target) : node_(io), target_(std::move(target)) {}

    awaitable<void> dial_once() {
        const auto start = Clock::now();
        auto peer = co_await node_.host.connect(target_);
        if (!peer) {
            ADD_FAILURE() << "the honest dialer cannot connect: " << peer.error();
            co_return;
        }
        auto answer = co_await echo_once(node_, *peer, "honest");
        if (!answer) {
            ADD_FAILURE() << "the honest dialer hears no echo: " << answer.error();
            co_return;
        }
        EXPECT_EQ(*answer, "honest");
        times_.push_back(Clock::now() - start);
        co_await node_.host.disconnect(*peer);
    }

    awaitable<void> dial(int times) {
        for (int i = 0; i < times; ++i) {
            co_await dial_once();
        }
    }

    std::size_t dials() const noexcept { return times_.size(); }

    /// Median of the dials since the last call.
    std::chrono::microseconds take_median() {
        if (times_.empty()) {
            return {};
        }
        std::sort(times_.begin(), times_.end());
        const auto median = std::chrono::duration_cast<std::chrono::microseconds>(times_[times_.size() / 2]);
        times_.clear();
        return median;
    }

    Node& node() noexcept { return node_; }

private:
    Node node_;
    Multiaddr target_;
    std::vector<Clock::duration> times_;
};

/// How long dials may take beside an attack, from how long they take without.
inline void expect_undisturbed(std::chrono::microseconds idle, std::chrono::microseconds beside) {
    testing::Test::RecordProperty("idle_us", static_cast<int>(idle.count()));
    testing::Test::RecordProperty("beside_us", static_cast<int>(beside.count()));
    if (kIsMeasured) {
        EXPECT_LE(beside, 2 * idle + 5ms);
    }
}

}  // namespace libp2p::test::hostile
