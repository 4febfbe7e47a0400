// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/async.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>

namespace libp2p {

using Clock = std::chrono::steady_clock;

/// Runs `operation` until `deadline`. When the time is up the operation is cancelled and awaited, then the result is
/// `timed_out`; nothing it borrowed is in use afterwards. Costs some microseconds: meant for stages (a dial, a handshake,
/// a request), not for single reads; streams have deadlines of their own (`Stream::expires_at`).
template <class T>
awaitable<result<T>> with_deadline(Clock::time_point deadline, awaitable<result<T>> operation) {
    using namespace asio::experimental::awaitable_operators;
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, deadline);
    auto first = co_await (std::move(operation) || timer.async_wait(as_result));
    if (first.index() == 0) {
        co_return std::get<0>(std::move(first));
    }
    auto [ec] = std::get<1>(first);
    if (ec) {
        co_return ec;  // the caller was cancelled
    }
    co_return make_error_code(asio::error::timed_out);
}

/// `with_deadline`, `limit` from now.
template <class T>
awaitable<result<T>> with_timeout(Clock::duration limit, awaitable<result<T>> operation) {
    return with_deadline(Clock::now() + limit, std::move(operation));
}

}  // namespace libp2p
