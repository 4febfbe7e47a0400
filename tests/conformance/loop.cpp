// SPDX-License-Identifier: MIT OR Apache-2.0
#include <libp2p/conformance/loop.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <iterator>

namespace libp2p::conformance {
namespace {

using Clock = std::chrono::steady_clock;

/// A loop that has nothing to do for so long will not reach the step of its alarm.
constexpr auto kPatience = std::chrono::milliseconds(50);

void rethrow_unless_cancelled(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
        if (error.code() != asio::error::operation_aborted) {
            throw;
        }
    }
}

}  // namespace

void Loop::run(awaitable<void> task, std::chrono::seconds limit) {
    bool ended = false;
    std::exception_ptr failure;
    asio::co_spawn(context_, std::move(task), [&](std::exception_ptr thrown) {
        ended = true;
        failure = std::move(thrown);
    });
    context_.restart();
    const auto deadline = Clock::now() + limit;
    while (!ended && step(deadline)) {
    }
    if (!ended) {
        ADD_FAILURE()
            << (Clock::now() < deadline ? "the coroutine waits for something that nobody will ever do"
                                        : "the coroutine does not end");
        return;
    }
    const auto end = Clock::now() + std::chrono::seconds(1);
    while (step(end)) {
    }
    EXPECT_TRUE(context_.stopped()) << "something is left behind that still waits";
    if (failure) {
        std::rethrow_exception(failure);
    }
}

void Loop::after_steps(std::size_t steps, std::function<void()> action) {
    alarm_at_ = steps_ + steps;
    alarm_ = std::move(action);
}

bool Loop::step(Clock::time_point deadline) {
    const bool stepped = context_.run_one_until(alarm_ ? std::min(deadline, Clock::now() + kPatience) : deadline) != 0;
    if (stepped) {
        ++steps_;
    }
    if (alarm_ && (!stepped || steps_ >= alarm_at_)) {
        auto action = std::exchange(alarm_, nullptr);
        action();
        return true;
    }
    return stepped;
}

awaitable<bool> cancel_after(Loop& loop, std::size_t steps, awaitable<void> victim) {
    asio::cancellation_signal signal;
    Waiter end(loop.executor());
    bool ended = false;
    bool cut = false;
    std::exception_ptr failure;
    auto done = [&](std::exception_ptr thrown) {
        ended = true;
        failure = std::move(thrown);
        end.notify();
    };
    asio::co_spawn(loop.context(), std::move(victim), asio::bind_cancellation_slot(signal.slot(), done));
    loop.after_steps(steps, [&] {
        if (!ended) {
            cut = true;
            signal.emit(asio::cancellation_type::terminal);
        }
    });
    while (!ended) {
        (void)co_await end.wait();
    }
    loop.after_steps(0, nullptr);
    if (failure) {
        rethrow_unless_cancelled(failure);
    }
    co_return cut;
}

awaitable<void> settle() {
    auto executor = co_await asio::this_coro::executor;
    for (int i = 0; i < 100; ++i) {
        co_await asio::post(executor, asio::use_awaitable);
    }
}

awaitable<void> pause(Clock::duration time) {
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, time);
    co_await timer.async_wait(asio::use_awaitable);
}

awaitable<bool> eventually(std::function<bool()> condition) {
    const auto end = Clock::now() + std::chrono::seconds(10);
    while (!condition()) {
        if (Clock::now() > end) {
            co_return false;
        }
        co_await settle();
        if (!condition()) {
            co_await pause(std::chrono::milliseconds(1));
        }
    }
    co_return true;
}

std::size_t open_descriptors() {
    const std::filesystem::directory_iterator entries("/proc/self/fd");
    const auto count = std::distance(begin(entries), end(entries));
    return static_cast<std::size_t>(count) - 1;  // without the one that reads the folder
}

}  // namespace libp2p::conformance
