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
#include <ctime>
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

/// How long a dial with its echo takes, by the clock on the wall and by that of the process, attackers included.
struct DialTime {
    std::chrono::microseconds wall{};
    std::chrono::microseconds cpu{};
};

/// Somebody who means well: connects, echoes and leaves, again and again.
class HonestDialer {
public:
    HonestDialer(asio::io_context& io, Multiaddr target) : node_(io), target_(std::move(target)) {}

    awaitable<void> dial_once() {
        const auto start = now();
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
        const auto end = now();
        wall_.push_back(end.wall - start.wall);
        cpu_.push_back(end.cpu - start.cpu);
        co_await node_.host.disconnect(*peer);
    }

    awaitable<void> dial(int times) {
        for (int i = 0; i < times; ++i) {
            co_await dial_once();
        }
    }

    std::size_t dials() const noexcept { return wall_.size(); }

    /// Of the dials since the last call.
    DialTime take_median() {
        DialTime median{median_of(wall_), median_of(cpu_)};
        wall_.clear();
        cpu_.clear();
        return median;
    }

    Node& node() noexcept { return node_; }

private:
    static DialTime now() {
        timespec cpu{};
        ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
        const auto spent = std::chrono::seconds(cpu.tv_sec) + std::chrono::nanoseconds(cpu.tv_nsec);
        return {
            std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch()),
            std::chrono::duration_cast<std::chrono::microseconds>(spent)
        };
    }

    static std::chrono::microseconds median_of(std::vector<std::chrono::microseconds>& times) {
        EXPECT_FALSE(times.empty());
        std::sort(times.begin(), times.end());
        return times.empty() ? 0us : times[times.size() / 2];
    }

    Node node_;
    Multiaddr target_;
    std::vector<std::chrono::microseconds> wall_;
    std::vector<std::chrono::microseconds> cpu_;
};

/// Work that comes first for one attacker who has just arrived: to accept it, to read what it says, to cut it.
inline constexpr auto kWorkForOne = 150us;

/// How long dials may take beside an attack, from how long they take without, and the work on attackers that they queue
/// behind. What others do on the machine shows in the wall clock, not in the time of our processor.
inline void expect_undisturbed(const DialTime& idle, const DialTime& beside, std::chrono::microseconds queue = 0us) {
    testing::Test::RecordProperty("idle_us", static_cast<int>(idle.cpu.count()));
    testing::Test::RecordProperty("beside_us", static_cast<int>(beside.cpu.count()));
    if (kIsMeasured) {
        EXPECT_LE(beside.cpu, 2 * idle.cpu + 20ms + queue);
        EXPECT_LE(beside.wall, 2 * idle.wall + 500ms);
    }
}

}  // namespace libp2p::test::hostile
