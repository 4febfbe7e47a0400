// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/async.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>

namespace libp2p {

using Clock = std::chrono::steady_clock;

/// A point in time at which one operation or task is cancelled; somebody else may bring it forward. Shared with its
/// timer's handler, which may run after the operation.
class Deadline : public std::enable_shared_from_this<Deadline> {
public:
    Deadline(asio::any_io_executor executor, Clock::time_point time) : timer_(std::move(executor), time) {}

    /// Cancels the operation now.
    void expire() {
        has_passed_ = true;
        signal_.emit(asio::cancellation_type::terminal);
    }

    bool has_passed() const noexcept { return has_passed_; }

private:
    friend class TaskScope;
    template <class T>
    friend awaitable<result<T>> with_deadline(std::shared_ptr<Deadline> deadline, awaitable<result<T>> operation);

    void start() {
        timer_.async_wait([self = shared_from_this()](error_code ec) {
            if (!ec) {
                self->expire();
            }
        });
    }

    asio::steady_timer timer_;
    asio::cancellation_signal signal_;
    bool has_passed_ = false;
};

namespace detail {

/// Passes the cancellation of a coroutine on to a signal, for the time of a scope.
class CancellationRelay {
public:
    CancellationRelay(asio::cancellation_slot from, asio::cancellation_signal& to) : from_(from) {
        if (from_.is_connected()) {
            from_.assign([&to](asio::cancellation_type type) { to.emit(type); });
        }
    }
    CancellationRelay(const CancellationRelay&) = delete;
    CancellationRelay& operator=(const CancellationRelay&) = delete;

    /// Not done by the destructor: where an executor is destroyed, the slot may have gone before the frames.
    void end() noexcept {
        if (from_.is_connected()) {
            from_.clear();
        }
    }

private:
    asio::cancellation_slot from_;
};

/// True when `failure` is what a cancelled coroutine throws.
bool is_cancellation(const std::exception_ptr& failure) noexcept;

template <class T>
awaitable<void> store_result(awaitable<result<T>> operation, std::optional<result<T>>& into) {
    auto outcome = co_await std::move(operation);
    into.emplace(std::move(outcome));
}

}  // namespace detail

/// Runs `operation` until `deadline`, which serves one operation. When the time is up the operation is cancelled and
/// awaited, and nothing it borrowed is in use afterwards; the result is then `timed_out`, with the detail of the error
/// that the operation ended with, or the value when there was one all the same. What the operation throws is passed on.
/// Cancelling the caller cancels the operation. Costs about a microsecond: meant for stages (a dial, a handshake, a
/// request), not for single reads; streams have deadlines of their own (`Stream::expires_at`).
template <class T>
awaitable<result<T>> with_deadline(std::shared_ptr<Deadline> deadline, awaitable<result<T>> operation) {
    auto executor = co_await asio::this_coro::executor;
    auto caller = co_await asio::this_coro::cancellation_state;
    if (deadline->has_passed()) {
        co_return asio::error::make_error_code(asio::error::timed_out);
    }
    detail::CancellationRelay relay(caller.slot(), deadline->signal_);
    deadline->start();
    std::optional<result<T>> outcome;
    std::exception_ptr failure;
    auto task = detail::store_result(std::move(operation), outcome);
    try {
        auto token = asio::bind_cancellation_slot(deadline->signal_.slot(), asio::use_awaitable);
        co_await asio::co_spawn(executor, std::move(task), token);
    } catch (...) {
        failure = std::current_exception();
    }
    relay.end();
    deadline->timer_.cancel();
    if (failure && !(deadline->has_passed() && detail::is_cancellation(failure))) {
        std::rethrow_exception(failure);
    }
    if (failure) {
        co_return asio::error::make_error_code(asio::error::timed_out);
    }
    if (deadline->has_passed() && !*outcome) {
        const auto detail = outcome->error().detail();
        co_return Error(asio::error::make_error_code(asio::error::timed_out), std::string(detail));
    }
    co_return std::move(*outcome);
}

/// The same, until a point in time.
template <class T>
awaitable<result<T>> with_deadline(Clock::time_point time, awaitable<result<T>> operation) {
    auto executor = co_await asio::this_coro::executor;
    auto deadline = std::make_shared<Deadline>(std::move(executor), time);
    auto outcome = co_await with_deadline(std::move(deadline), std::move(operation));
    co_return outcome;
}

/// The same, until `limit` from now.
template <class T>
awaitable<result<T>> with_timeout(Clock::duration limit, awaitable<result<T>> operation) {
    return with_deadline(Clock::now() + limit, std::move(operation));
}

}  // namespace libp2p
