// SPDX-License-Identifier: MIT OR Apache-2.0
// What an idle WebRTC-Direct connection holds on the heap, how many handshakes one core does, and what a ping takes
// beside a thousand connections on one port. All hosts in one process and on one core, over loopback; what both sides
// hold or take together is halved. Prints one JSON object.
#include "tests/bench/roomy.hpp"
#include "tests/integration/hosts.hpp"
#include "tests/support/heap.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>
#include <vector>

namespace {

using namespace libp2p;
using namespace std::chrono_literals;
using test::Node;
using test::pause;
using test::roomy;

constexpr std::size_t kDialers = 10;
constexpr std::size_t kConnectionsEach = 100;
constexpr std::size_t kPings = 200;

/// Every connection costs the system a socket on the dialing side.
void allow_many_descriptors() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

awaitable<bool> connect(Node& dialer, Multiaddr address) {
    DialOptions fresh;
    fresh.fresh = true;
    auto peer = co_await dialer.host.connect(std::move(address), fresh);
    if (!peer) {
        std::fprintf(stderr, "connect: %s\n", peer.error().message().c_str());
    }
    co_return peer.has_value();
}

awaitable<void> measure(asio::io_context& io) {
    Node listener(io, roomy());
    const auto address = co_await test::listen(listener, "/ip4/127.0.0.1/udp/0/webrtc-direct");
    std::vector<std::unique_ptr<Node>> dialers;
    for (std::size_t i = 0; i < kDialers; ++i) {
        dialers.push_back(std::make_unique<Node>(io, roomy()));
        const bool warm = co_await connect(*dialers.back(), address);
        if (!warm) {
            co_return;
        }
    }
    co_await pause(2s);  // identify

    const auto before = support::heap_bytes();
    const auto begin = std::clock();
    for (auto& dialer : dialers) {
        for (std::size_t i = 0; i < kConnectionsEach; ++i) {
            const bool connected = co_await connect(*dialer, address);
            if (!connected) {
                co_return;
            }
        }
    }
    constexpr double count = kDialers * kConnectionsEach;
    const auto took = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    co_await pause(2s);  // identify
    const auto held = static_cast<double>(support::heap_bytes() - before) / count / 2;

    std::vector<double> times;
    for (auto& dialer : dialers) {
        auto stream = co_await dialer->host.open_stream(listener.host.id(), ProtocolId(ping::kProtocol));
        for (std::size_t i = 0; i < kPings && stream; ++i) {
            const auto time = co_await ping::ping(**stream);
            if (time) {
                times.push_back(std::chrono::duration<double, std::milli>(*time).count());
            }
        }
    }
    if (times.size() != kDialers * kPings) {
        std::fprintf(stderr, "pings failed\n");
        co_return;
    }
    std::sort(times.begin(), times.end());
    std::printf(
        "{\"webrtc_handshakes_per_core_second\": %.0f, \"webrtc_idle_connection_bytes\": %.0f, "
        "\"webrtc_ping_p99_among_1000_ms\": %.3f}\n",
        2 * count / took,
        held,
        times[times.size() * 99 / 100]
    );
    for (auto& dialer : dialers) {
        co_await dialer->host.close();
    }
    co_await listener.host.close();
}

}  // namespace

int main() {
    allow_many_descriptors();
    asio::io_context io(1);
    asio::co_spawn(io, measure(io), [](std::exception_ptr failure) {
        if (failure) {
            std::rethrow_exception(failure);
        }
    });
    io.run();
    return 0;
}
