// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/async.hpp>
#include <libp2p/waiter.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>
#include <list>
#include <memory>
#include <utility>

namespace libp2p {

class Deadline;

/// Children of one coroutine. Use it through `with_tasks`, or join it before its owner goes. What a child throws, other
/// than being cancelled, is rethrown by `join`.
class TaskScope {
public:
    explicit TaskScope(asio::any_io_executor executor) : executor_(executor), idle_(std::move(executor)) {}
    TaskScope(const TaskScope&) = delete;
    TaskScope& operator=(const TaskScope&) = delete;

    /// Starts `task` on the scope's executor. It must own what it uses, or borrow from somebody who joins the scope.
    /// After `cancel` a new task starts cancelled: its first wait ends it. `keep_alive` is let go after the task has
    /// left the scope; give it the owner of the scope where nobody joins.
    void spawn(awaitable<void> task, std::shared_ptr<void> keep_alive = nullptr) {
        start(std::move(task), nullptr, std::move(keep_alive));
    }

    /// The same for a task that is also asked to stop once `deadline` has passed. A deadline serves one task.
    void spawn_until(
        std::shared_ptr<Deadline> deadline, awaitable<void> task, std::shared_ptr<void> keep_alive = nullptr
    ) {
        start(std::move(task), std::move(deadline), std::move(keep_alive));
    }

    /// Asks every child to stop (terminal cancellation).
    void cancel() noexcept;

    /// Waits until no child is left. Being cancelled meanwhile cancels the children and does not cut the wait short.
    awaitable<void> join();

    std::size_t size() const noexcept { return children_.size(); }
    const asio::any_io_executor& executor() const noexcept { return executor_; }

private:
    using Children = std::list<asio::cancellation_signal>;

    /// Without a deadline where that is null.
    void start(awaitable<void> task, std::shared_ptr<Deadline> deadline, std::shared_ptr<void> keep_alive);
    void finish(Children::iterator child, std::exception_ptr failure) noexcept;

    asio::any_io_executor executor_;
    Children children_;
    Waiter idle_;
    std::exception_ptr failure_;
    bool cancelled_ = false;
};

/// Runs `body(scope)`; whatever way it ends, the children spawned in the scope are cancelled and awaited before this
/// returns. `body` is a coroutine lambda that captures by reference, or a function object.
template <class Body>
awaitable<void> with_tasks(Body body) {
    auto executor = co_await asio::this_coro::executor;
    TaskScope tasks(executor);
    std::exception_ptr failure;
    try {
        co_await body(tasks);
    } catch (...) {
        failure = std::current_exception();
    }
    tasks.cancel();
    // A cancelled coroutine cannot await anything while this is on; what it was cancelled for is thrown by its next
    // co_await.
    bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    try {
        co_await tasks.join();
    } catch (...) {
        if (!failure) {  // the body's comes first
            failure = std::current_exception();
        }
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
    if (failure) {
        std::rethrow_exception(failure);
    }
}

}  // namespace libp2p
