// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/async.hpp>
#include <libp2p/host.hpp>

#include <boost/asio/steady_timer.hpp>

#include <chrono>

// What benchmarks with many connections between few hosts have in common.

namespace libp2p::test {

/// One peer may have as much as all together.
inline HostOptions roomy() {
    HostOptions options;
    options.limits.peer = options.limits.system;
    options.limits.transient = options.limits.system;
    return options;
}

inline awaitable<void> pause(std::chrono::milliseconds time) {
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, time);
    co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace libp2p::test
