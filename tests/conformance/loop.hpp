// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/async.hpp>
#include <libp2p/tasks.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>

/// Running the coroutines of a test, and stopping them where it hurts.
namespace libp2p::conformance {

/// An io_context that counts its steps: handlers run, which is where coroutines go on.
class Loop {
public:
    asio::io_context& context() noexcept { return context_; }
    asio::any_io_executor executor() noexcept { return context_.get_executor(); }

    /// Runs `task` to its end, and then until nothing is left to do. Fails the test when the task does not end in time
    /// or leaves a handler behind that does not go by itself within a second. Rethrows what the task throws.
    void run(awaitable<void> task, std::chrono::seconds limit = std::chrono::seconds(120));

    /// The same for a task with a value, which has to end.
    template <class T>
    T run(awaitable<T> task) {
        std::optional<T> value;
        run(store(std::move(task), value));
        return std::move(value.value());
    }

    /// Steps so far.
    std::size_t steps() const noexcept { return steps_; }

    /// Has `action` called once that many more steps are done, or the loop has had nothing to do for 50 ms; replaces
    /// what was there. An empty one disarms.
    void after_steps(std::size_t steps, std::function<void()> action);

private:
    template <class T>
    static awaitable<void> store(awaitable<T> task, std::optional<T>& value) {
        value = co_await std::move(task);
    }

    bool step(std::chrono::steady_clock::time_point deadline);

    asio::io_context context_{1};
    std::size_t steps_ = 0;
    std::size_t alarm_at_ = 0;
    std::function<void()> alarm_;
};

/// Runs `victim`, cancels it once the loop has made `steps` more steps or all wait for something that does not come,
/// and waits for its end. False when the victim ended before that. Rethrows what it throws, unless it is being
/// cancelled.
awaitable<bool> cancel_after(Loop& loop, std::size_t steps, awaitable<void> victim);

/// The number of steps to cancel after in the next round: one more, and of a long way, past its first 256 steps, a
/// sample that takes a few hundred rounds.
constexpr std::size_t next_round(std::size_t steps) noexcept {
    return steps < 256 ? steps + 1 : steps + steps / 64;
}

/// Starts `make()` again and again, and cancels it at its first point of suspension, at its second, … until it ends
/// before it can be cancelled; see `next_round`. `check(steps)`, a coroutine, looks after each round whether something
/// was left behind. Returns the number of rounds that were cancelled.
template <class Make, class Check>
awaitable<std::size_t> cancel_at_every_suspension(Loop& loop, Make make, Check check) {
    std::size_t rounds = 0;
    for (std::size_t steps = 1;; steps = next_round(steps)) {
        auto victim = make();
        const bool cut = co_await cancel_after(loop, steps, std::move(victim));
        co_await check(steps);
        if (!cut) {
            co_return rounds;
        }
        ++rounds;
    }
}

/// Lets everything run that can run now.
awaitable<void> settle();

awaitable<void> pause(std::chrono::steady_clock::duration time);

/// Waits until `condition()` holds; false when it does not within ten seconds.
awaitable<bool> eventually(std::function<bool()> condition);

/// A value for later, to one task that waits.
template <class T>
class Promise {
public:
    explicit Promise(asio::any_io_executor executor) : waiter_(std::move(executor)) {}

    void set(T value) {
        value_ = std::move(value);
        waiter_.notify();
    }

    bool is_set() const noexcept { return value_.has_value(); }

    awaitable<T> get() {
        while (!value_) {
            (void)co_await waiter_.wait();
        }
        co_return std::move(*value_);
    }

private:
    std::optional<T> value_;
    Waiter waiter_;
};

/// Runs `task` and keeps its result in `promise`.
template <class T>
awaitable<void> keep(awaitable<T> task, Promise<T>& promise) {
    auto value = co_await std::move(task);
    promise.set(std::move(value));
}

/// Descriptors that this process holds.
std::size_t open_descriptors();

}  // namespace libp2p::conformance
