// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/timeout.hpp"

#include <libp2p/conformance/co_assert.hpp>
#include <libp2p/conformance/loop.hpp>

#include <boost/asio/post.hpp>

#include <gtest/gtest.h>

#include <stdexcept>

namespace libp2p {
namespace {

using namespace std::chrono_literals;
using conformance::cancel_after;
using conformance::cancel_at_every_suspension;
using conformance::Loop;
using conformance::settle;

const error_code kAborted = asio::error::make_error_code(asio::error::operation_aborted);
const error_code kTimedOut = asio::error::make_error_code(asio::error::timed_out);

class Timeout : public testing::Test {
protected:
    awaitable<result<int>> soon(int value) {
        ++alive_;
        co_await settle();
        --alive_;
        co_return value;
    }

    awaitable<result<int>> at_once(int value) { co_return value; }

    awaitable<result<int>> refused() {
        co_await settle();
        co_return Errc::limit_exceeded;
    }

    awaitable<result<int>> broken() {
        co_await settle();
        throw std::runtime_error("bug");
    }

    /// Ends when cancelled, some turns later.
    awaitable<result<int>> slow_to_stop() {
        ++alive_;
        auto executor = co_await asio::this_coro::executor;
        asio::steady_timer timer(executor, 1h);
        auto [ec] = co_await timer.async_wait(as_result);
        co_await asio::this_coro::throw_if_cancelled(false);
        for (int turn = 0; turn < 10; ++turn) {
            co_await asio::post(executor, asio::use_awaitable);
        }
        --alive_;
        co_return ec;
    }

    Loop loop_;
    int alive_ = 0;
};

TEST_F(Timeout, PassesTheValueOn) {
    auto test = [&]() -> awaitable<void> {
        auto got = co_await with_timeout(1min, soon(7));
        LIBP2P_EXPECT_OK(got);
        EXPECT_EQ(*got, 7);
        got = co_await with_timeout(1min, at_once(8));
        EXPECT_EQ(*got, 8);
    };
    loop_.run(test());  // and the timer does not keep the loop alive
}

TEST_F(Timeout, PassesTheErrorOn) {
    auto test = [&]() -> awaitable<void> {
        auto got = co_await with_timeout(1min, refused());
        LIBP2P_EXPECT_ERROR(got, Errc::limit_exceeded);
    };
    loop_.run(test());
}

TEST_F(Timeout, PassesAnExceptionOn) {
    auto test = [&]() -> awaitable<void> { (void)co_await with_timeout(1min, broken()); };
    EXPECT_THROW(loop_.run(test()), std::runtime_error);
}

TEST_F(Timeout, CancelsAndAwaitsWhatIsLate) {
    auto test = [&]() -> awaitable<void> {
        auto got = co_await with_timeout(1ms, slow_to_stop());
        LIBP2P_EXPECT_ERROR(got, kTimedOut);
        EXPECT_EQ(alive_, 0);
    };
    loop_.run(test());
}

TEST_F(Timeout, ADeadlineThatHasPassedStopsTheOperationAtItsFirstWait) {
    auto test = [&]() -> awaitable<void> {
        auto got = co_await with_deadline(Clock::now() - 1s, slow_to_stop());
        LIBP2P_EXPECT_ERROR(got, kTimedOut);
        EXPECT_EQ(alive_, 0);
    };
    loop_.run(test());
}

TEST_F(Timeout, ResultsWithoutAValueWork) {
    auto nothing = [&]() -> awaitable<result<void>> {
        co_await settle();
        co_return ok();
    };
    auto test = [&]() -> awaitable<void> {
        auto got = co_await with_timeout(1min, nothing());
        LIBP2P_EXPECT_OK(got);
    };
    loop_.run(test());
}

TEST_F(Timeout, ResultsThatCanOnlyMoveWork) {
    auto owner = [&]() -> awaitable<result<std::unique_ptr<int>>> {
        co_await settle();
        co_return std::make_unique<int>(5);
    };
    auto test = [&]() -> awaitable<void> {
        auto got = co_await with_timeout(1min, owner());
        LIBP2P_CO_ASSERT_OK(got);
        EXPECT_EQ(**got, 5);
    };
    loop_.run(test());
}

TEST_F(Timeout, TheInnermostDeadlineDecides) {
    auto test = [&]() -> awaitable<void> {
        auto got = co_await with_timeout(1min, with_timeout(1ms, slow_to_stop()));
        LIBP2P_EXPECT_ERROR(got, kTimedOut);
        got = co_await with_timeout(1ms, with_timeout(1min, slow_to_stop()));
        LIBP2P_EXPECT_ERROR(got, kTimedOut);
        EXPECT_EQ(alive_, 0);
    };
    loop_.run(test());
}

TEST_F(Timeout, CancellingTheCallerStopsTheOperationAndIsNoTimeout) {
    result<int> got = 0;
    auto victim = [&]() -> awaitable<void> { got = co_await with_timeout(1min, slow_to_stop()); };
    auto test = [&]() -> awaitable<void> {
        const bool cut = co_await cancel_after(loop_, 10, victim());
        EXPECT_TRUE(cut);
        EXPECT_EQ(alive_, 0);
        EXPECT_FALSE(got && *got != 0);
        if (!got) {
            LIBP2P_EXPECT_ERROR(got, kAborted);
        }
    };
    loop_.run(test());
}

TEST_F(Timeout, CancellationAtEveryPointLeavesNothing) {
    auto make = [&]() -> awaitable<void> { (void)co_await with_timeout(1min, with_timeout(1min, slow_to_stop())); };
    auto check = [&](std::size_t steps) -> awaitable<void> {
        EXPECT_EQ(alive_, 0) << "cancelled after " << steps << " steps";
        co_return;
    };
    auto test = [&]() -> awaitable<void> {
        // The operation ends by itself only when cancelled, so the rounds are counted here.
        for (std::size_t steps = 1; steps <= 20; ++steps) {
            (void)co_await cancel_after(loop_, steps, make());
            co_await check(steps);
        }
    };
    loop_.run(test());
}

}  // namespace
}  // namespace libp2p
