// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/async.hpp>

#include <boost/asio/any_completion_handler.hpp>

namespace libp2p {

/// A place where one coroutine waits until somebody calls `notify`. The condition itself lives with the owner:
///
///     while (queue.empty()) {
///         if (auto ec = co_await waiter.wait(); ec) { co_return ec; }
///     }
///
/// A notification with nobody waiting is not remembered. The waiting coroutine resumes from the executor's queue, never
/// inside `notify`, so the condition has to be checked again. All calls from the executor's thread.
class Waiter {
public:
    explicit Waiter(asio::any_io_executor executor) noexcept : executor_(std::move(executor)) {}
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    /// Wakes the waiting coroutine with `operation_aborted`.
    ~Waiter() { notify(asio::error::make_error_code(asio::error::operation_aborted)); }

    /// Succeeds when notified; `operation_aborted` when cancelled or when the waiter dies. At most one coroutine may
    /// wait at a time.
    awaitable<error_code> wait();

    /// Wakes the waiting coroutine, if there is one.
    void notify(error_code ec = {}) noexcept;

    bool is_waiting() const noexcept { return static_cast<bool>(handler_); }
    const asio::any_io_executor& executor() const noexcept { return executor_; }

private:
    class Turn;

    asio::any_io_executor executor_;
    asio::any_completion_handler<void(error_code)> handler_;
    Turn* turn_ = nullptr;  // of the coroutine that waits, in its frame
};

}  // namespace libp2p
