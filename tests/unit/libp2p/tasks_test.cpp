// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/tasks.hpp"

#include <libp2p/conformance/co_assert.hpp>
#include <libp2p/conformance/loop.hpp>
#include <libp2p/timeout.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <vector>

namespace libp2p {
namespace {

using namespace std::chrono_literals;
using conformance::cancel_after;
using conformance::cancel_at_every_suspension;
using conformance::Loop;
using conformance::pause;
using conformance::settle;

/// Counts what lives.
class Alive {
public:
    explicit Alive(int& count) : count_(count) { ++count_; }
    Alive(const Alive&) = delete;
    Alive& operator=(const Alive&) = delete;
    ~Alive() { --count_; }

private:
    int& count_;
};

class Tasks : public testing::Test {
protected:
    /// A child that ends only by being cancelled.
    awaitable<void> forever() {
        Alive here(alive_);
        ++started_;
        auto executor = co_await asio::this_coro::executor;
        asio::steady_timer timer(executor, asio::steady_timer::time_point::max());
        co_await timer.async_wait(asio::use_awaitable);
        ADD_FAILURE() << "went on after being cancelled";
    }

    /// A child that takes its time to end after it was cancelled.
    awaitable<void> stubborn(int turns) {
        Alive here(alive_);
        ++started_;
        auto executor = co_await asio::this_coro::executor;
        asio::steady_timer timer(executor, asio::steady_timer::time_point::max());
        (void)co_await timer.async_wait(as_result);
        co_await asio::this_coro::throw_if_cancelled(false);
        for (int turn = 0; turn < turns; ++turn) {
            co_await asio::post(executor, asio::use_awaitable);
        }
        ++finished_;
    }

    awaitable<void> brief() {
        Alive here(alive_);
        ++started_;
        co_await settle();
        ++finished_;
    }

    awaitable<void> failing() {
        Alive here(alive_);
        co_await settle();
        throw std::runtime_error("child");
    }

    Loop loop_;
    int alive_ = 0;
    int started_ = 0;
    int finished_ = 0;
};

TEST_F(Tasks, AnEarlyReturnCancelsAndAwaitsTheChildren) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(forever());
        tasks.spawn(stubborn(5));
        co_await settle();
        EXPECT_EQ(tasks.size(), 2U);
    };
    auto test = [&]() -> awaitable<void> {
        co_await with_tasks(body);
        EXPECT_EQ(alive_, 0);
        EXPECT_EQ(finished_, 1);
    };
    loop_.run(test());
}

TEST_F(Tasks, AChildThatNeverRanIsAwaitedToo) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(forever());
        co_return;
    };
    loop_.run(with_tasks(body));
    EXPECT_EQ(alive_, 0);
}

TEST_F(Tasks, AChildIsStoppedAtItsDeadline) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        auto deadline = std::make_shared<Deadline>(tasks.executor(), Clock::now() + 1ms);
        tasks.spawn_until(deadline, forever());
        EXPECT_EQ(alive_, 1);
        co_await tasks.join();
        EXPECT_EQ(alive_, 0);
        EXPECT_TRUE(deadline->has_passed());
    };
    loop_.run(with_tasks(body));
}

TEST_F(Tasks, ADeadlineMayBeBroughtForward) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        auto deadline = std::make_shared<Deadline>(tasks.executor(), Clock::now() + 1h);
        tasks.spawn_until(deadline, forever());
        tasks.spawn(brief());
        co_await settle();
        deadline->expire();
        co_await tasks.join();
        EXPECT_EQ(alive_, 0);
        EXPECT_EQ(finished_, 1);
    };
    loop_.run(with_tasks(body));
}

TEST_F(Tasks, AScopeCancelsAChildWithADeadline) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        auto deadline = std::make_shared<Deadline>(tasks.executor(), Clock::now() + 1h);
        tasks.spawn_until(deadline, forever());
        co_await settle();
        EXPECT_EQ(alive_, 1);
    };
    loop_.run(with_tasks(body));
    EXPECT_EQ(alive_, 0);
}

TEST_F(Tasks, AChildThatEndsInTimeLeavesNoTimerBehind) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        auto deadline = std::make_shared<Deadline>(tasks.executor(), Clock::now() + 1h);
        tasks.spawn_until(deadline, brief());
        co_await tasks.join();
        EXPECT_FALSE(deadline->has_passed());
    };
    loop_.run(with_tasks(body));  // would say that something is left
    EXPECT_EQ(finished_, 1);
}

TEST_F(Tasks, WhatTheBodyThrowsComesOutAfterTheChildrenHaveEnded) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(stubborn(5));
        co_await settle();
        throw std::runtime_error("body");
    };
    auto test = [&]() -> awaitable<void> {
        try {
            co_await with_tasks(body);
            ADD_FAILURE() << "nothing was thrown";
        } catch (const std::runtime_error& error) {
            EXPECT_STREQ(error.what(), "body");
        }
        EXPECT_EQ(finished_, 1);
        EXPECT_EQ(alive_, 0);
        co_await settle();  // goes on as if nothing had been
    };
    loop_.run(test());
}

TEST_F(Tasks, WhatAChildThrowsComesOut) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(failing());
        co_await pause(5ms);
    };
    EXPECT_THROW(loop_.run(with_tasks(body)), std::runtime_error);
    EXPECT_EQ(alive_, 0);
}

TEST_F(Tasks, TheBodysExceptionWinsOverAChilds) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(failing());
        co_await pause(5ms);
        throw std::logic_error("body");
    };
    EXPECT_THROW(loop_.run(with_tasks(body)), std::logic_error);
    EXPECT_EQ(alive_, 0);
}

TEST_F(Tasks, CancellingTheParentCancelsAndAwaitsTheChildren) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(stubborn(5));
        tasks.spawn(forever());
        co_await pause(1h);
        ADD_FAILURE() << "went on after being cancelled";
    };
    auto test = [&]() -> awaitable<void> {
        const bool cut = co_await cancel_after(loop_, 20, with_tasks(body));
        EXPECT_TRUE(cut);
        EXPECT_EQ(finished_, 1);
        EXPECT_EQ(alive_, 0);
    };
    loop_.run(test());
}

TEST_F(Tasks, ACancelledParentIsStillCancelledAfterwards) {
    bool went_on = false;
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(stubborn(5));
        auto executor = co_await asio::this_coro::executor;
        asio::steady_timer timer(executor, 1h);
        (void)co_await timer.async_wait(as_result);  // swallows the cancellation
    };
    auto parent = [&]() -> awaitable<void> {
        co_await with_tasks(body);
        co_await settle();
        went_on = true;
    };
    auto test = [&]() -> awaitable<void> {
        const bool cut = co_await cancel_after(loop_, 20, parent());
        EXPECT_TRUE(cut);
        EXPECT_FALSE(went_on);
        EXPECT_EQ(alive_, 0);
    };
    loop_.run(test());
}

TEST_F(Tasks, CancellationAtEveryPointLeavesNoChild) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(brief());
        tasks.spawn(stubborn(3));
        co_await settle();
        tasks.spawn(forever());
        tasks.spawn(stubborn(30));
        co_await settle();
    };
    auto make = [&] { return with_tasks(body); };
    auto check = [&](std::size_t steps) -> awaitable<void> {
        EXPECT_EQ(alive_, 0) << "cancelled after " << steps << " steps";
        co_return;
    };
    auto test = [&]() -> awaitable<void> {
        const auto rounds = co_await cancel_at_every_suspension(loop_, make, check);
        EXPECT_GT(rounds, 200U);
    };
    loop_.run(test());
}

TEST_F(Tasks, CancellationDuringJoinCancelsTheChildrenAndStillWaits) {
    auto parent = [&]() -> awaitable<void> {
        TaskScope tasks(loop_.executor());
        tasks.spawn(stubborn(5));
        tasks.spawn(forever());
        co_await tasks.join();
        EXPECT_EQ(alive_, 0);
        EXPECT_EQ(finished_, 1);
    };
    auto test = [&]() -> awaitable<void> {
        const bool cut = co_await cancel_after(loop_, 20, parent());
        EXPECT_TRUE(cut);
        EXPECT_EQ(alive_, 0);
        EXPECT_EQ(finished_, 1);
    };
    loop_.run(test());
}

TEST_F(Tasks, JoinReturnsAtOnceWithoutChildren) {
    auto test = [&]() -> awaitable<void> {
        TaskScope tasks(loop_.executor());
        co_await tasks.join();
        tasks.spawn(brief());
        co_await tasks.join();
        EXPECT_EQ(finished_, 1);
        co_await tasks.join();
    };
    loop_.run(test());
}

TEST_F(Tasks, ATaskSpawnedAfterCancelStartsCancelled) {
    auto test = [&]() -> awaitable<void> {
        TaskScope tasks(loop_.executor());
        tasks.cancel();
        tasks.spawn(forever());
        co_await tasks.join();
        EXPECT_EQ(alive_, 0);
    };
    loop_.run(test());
}

TEST_F(Tasks, ATaskSpawnedByAChildThatIsBeingCancelledIsAwaited) {
    auto spawner = [&](TaskScope& tasks) -> awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        asio::steady_timer timer(executor, 1h);
        (void)co_await timer.async_wait(as_result);
        tasks.spawn(stubborn(3));
    };
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(spawner(tasks));
        co_await settle();
    };
    loop_.run(with_tasks(body));
    EXPECT_EQ(alive_, 0);
}

TEST_F(Tasks, ChildrenThatEndByThemselvesLeaveTheScope) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        for (int i = 0; i < 100; ++i) {
            tasks.spawn(brief());
            co_await settle();
            co_await settle();
            EXPECT_LE(tasks.size(), 1U);
        }
    };
    loop_.run(with_tasks(body));
    EXPECT_EQ(finished_, 100);
}

TEST_F(Tasks, KeepAliveIsLetGoAfterTheTaskHasLeft) {
    struct Owner {
        explicit Owner(asio::any_io_executor executor) : tasks(std::move(executor)) {}
        TaskScope tasks;
    };
    auto owner = std::make_shared<Owner>(loop_.executor());
    std::weak_ptr<Owner> watch = owner;
    auto test = [&]() -> awaitable<void> {
        owner->tasks.spawn(brief(), owner);
        owner.reset();
        EXPECT_FALSE(watch.expired());
        co_await settle();
        co_await settle();
        EXPECT_TRUE(watch.expired());
    };
    loop_.run(test());
}

awaitable<result<int>> scope_without_end(Tasks&, awaitable<void> scope) {
    co_await std::move(scope);
    co_return 1;
}

TEST_F(Tasks, ATimeoutAroundAScopeAwaitsItsChildren) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(stubborn(5));
        tasks.spawn(forever());
        co_await pause(1h);
    };
    auto test = [&]() -> awaitable<void> {
        auto ended = co_await with_timeout(2ms, scope_without_end(*this, with_tasks(body)));
        LIBP2P_EXPECT_ERROR(ended, asio::error::make_error_code(asio::error::timed_out));
        EXPECT_EQ(alive_, 0);
        EXPECT_EQ(finished_, 1);
    };
    loop_.run(test());
}

TEST_F(Tasks, ScopesInALoopLeaveNothingBehind) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(forever());
        tasks.spawn(brief());
        co_await settle();
    };
    auto test = [&]() -> awaitable<void> {
        for (int round = 0; round < 200; ++round) {
            co_await with_tasks(body);
            EXPECT_EQ(alive_, 0);
        }
    };
    loop_.run(test());
    EXPECT_EQ(started_, 400);
}

TEST_F(Tasks, ScopesNest) {
    auto inner = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(forever());
        tasks.spawn(stubborn(3));
        co_await pause(1h);
    };
    auto outer = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(with_tasks(inner));
        tasks.spawn(with_tasks(inner));
        co_await settle();
        EXPECT_EQ(alive_, 4);
    };
    loop_.run(with_tasks(outer));
    EXPECT_EQ(alive_, 0);
    EXPECT_EQ(finished_, 2);
}

TEST_F(Tasks, CancellingManyChildrenThatEndEachOtherIsSafe) {
    // Each child that ends wakes the next, so the list changes while it is gone through.
    std::vector<std::unique_ptr<Waiter>> waiters;
    for (int i = 0; i < 50; ++i) {
        waiters.push_back(std::make_unique<Waiter>(loop_.executor()));
    }
    auto child = [&](std::size_t i) -> awaitable<void> {
        Alive here(alive_);
        (void)co_await waiters[i]->wait();
        if (i + 1 < waiters.size()) {
            waiters[i + 1]->notify();
        }
    };
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        for (std::size_t i = 0; i < waiters.size(); ++i) {
            tasks.spawn(child(i));
        }
        co_await settle();
        waiters[0]->notify();
    };
    loop_.run(with_tasks(body));
    EXPECT_EQ(alive_, 0);
}

TEST_F(Tasks, AContextThatIsDestroyedWithTasksInsideLeaksNothing) {
    int alive = 0;
    {
        asio::io_context context(1);
        auto child = [&]() -> awaitable<void> {
            Alive here(alive);
            auto executor = co_await asio::this_coro::executor;
            asio::steady_timer timer(executor, 1h);
            co_await timer.async_wait(asio::use_awaitable);
        };
        TaskScope tasks(context.get_executor());
        tasks.spawn(child());
        tasks.spawn(child());
        context.poll();
        EXPECT_EQ(alive, 2);
        // The scope goes first, then the context with the frames.
    }
    EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace libp2p
