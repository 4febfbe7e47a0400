// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/waiter.hpp>

#include <list>

namespace libp2p {

/// Any number of coroutines that wait for the same thing, first come first served. Outlives those who wait.
class WaitList {
public:
    explicit WaitList(asio::any_io_executor executor) noexcept : executor_(std::move(executor)) {}

    /// Succeeds when woken by `notify_one` or `notify_all`; `operation_aborted` when cancelled.
    /// Check the condition again.
    awaitable<error_code> wait();

    void notify_one() noexcept;
    void notify_all() noexcept;

    bool empty() const noexcept { return waiters_.empty(); }

private:
    asio::any_io_executor executor_;
    std::list<Waiter> waiters_;
};

}  // namespace libp2p
