// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/waiter.hpp"

#include <libp2p/conformance/co_assert.hpp>
#include <libp2p/conformance/loop.hpp>
#include <libp2p/tasks.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>

namespace libp2p {
namespace {

using conformance::cancel_after;
using conformance::Loop;
using conformance::settle;

const error_code kAborted = asio::error::make_error_code(asio::error::operation_aborted);

class WaiterTest : public testing::Test {
protected:
    awaitable<void> wait_once() {
        ended_with_ = co_await waiter_->wait();
        ++resumed_;
    }

    Loop loop_;
    std::unique_ptr<Waiter> waiter_ = std::make_unique<Waiter>(loop_.executor());
    std::optional<error_code> ended_with_;
    int resumed_ = 0;
};

TEST_F(WaiterTest, SucceedsWhenNotified) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(wait_once());
        co_await settle();
        EXPECT_TRUE(waiter_->is_waiting());
        waiter_->notify();
        EXPECT_FALSE(waiter_->is_waiting());
        EXPECT_EQ(resumed_, 0) << "resumed inside notify";
        co_await settle();
        EXPECT_EQ(ended_with_, error_code());
    };
    loop_.run(with_tasks(body));
}

TEST_F(WaiterTest, PassesTheErrorOfTheNotificationOn) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(wait_once());
        co_await settle();
        waiter_->notify(make_error_code(Errc::shut_down));
        co_await settle();
        EXPECT_EQ(ended_with_, make_error_code(Errc::shut_down));
    };
    loop_.run(with_tasks(body));
}

TEST_F(WaiterTest, ForgetsANotificationThatNobodyWaitsFor) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        waiter_->notify();
        tasks.spawn(wait_once());
        co_await settle();
        EXPECT_EQ(resumed_, 0);
    };
    loop_.run(with_tasks(body));
}

TEST_F(WaiterTest, ASecondNotificationIsHarmless) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(wait_once());
        co_await settle();
        waiter_->notify();
        waiter_->notify(kAborted);
        co_await settle();
        EXPECT_EQ(resumed_, 1);
        EXPECT_EQ(ended_with_, error_code());
    };
    loop_.run(with_tasks(body));
}

TEST_F(WaiterTest, CancellationWakesItWithOperationAborted) {
    auto body = [&]() -> awaitable<void> {
        const bool cut = co_await cancel_after(loop_, 3, wait_once());
        EXPECT_TRUE(cut);
        EXPECT_EQ(ended_with_, kAborted);
        EXPECT_FALSE(waiter_->is_waiting());
    };
    loop_.run(body());
}

TEST_F(WaiterTest, CancellationRightAfterANotificationChangesNothing) {
    asio::cancellation_signal signal;
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(wait_once());
        co_await settle();
        waiter_->notify();
        tasks.cancel();
        co_await settle();
        EXPECT_EQ(resumed_, 1);
        EXPECT_EQ(ended_with_, error_code());
    };
    loop_.run(with_tasks(body));
}

TEST_F(WaiterTest, MayBeUsedAgain) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        for (int round = 1; round <= 100; ++round) {
            tasks.spawn(wait_once());
            co_await settle();
            waiter_->notify();
            co_await settle();
            EXPECT_EQ(resumed_, round);
        }
    };
    loop_.run(with_tasks(body));
}

TEST_F(WaiterTest, MayBeUsedAgainAfterACancellation) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        (void)co_await cancel_after(loop_, 3, wait_once());
        tasks.spawn(wait_once());
        co_await settle();
        EXPECT_TRUE(waiter_->is_waiting());
        waiter_->notify();
        co_await settle();
        EXPECT_EQ(ended_with_, error_code());
    };
    loop_.run(with_tasks(body));
}

TEST_F(WaiterTest, ItsDeathWakesWhoWaits) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(wait_once());
        co_await settle();
        waiter_.reset();
        co_await settle();
        EXPECT_EQ(resumed_, 1);
        EXPECT_EQ(ended_with_, kAborted);
    };
    loop_.run(with_tasks(body));
}

TEST_F(WaiterTest, CancellationAfterItsDeathIsHarmless) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(wait_once());
        co_await settle();
        waiter_.reset();
        tasks.cancel();
        co_await settle();
        EXPECT_EQ(resumed_, 1);
    };
    loop_.run(with_tasks(body));
}

TEST_F(WaiterTest, AContextThatIsDestroyedWhileOneWaitsLeaksNothing) {
    auto context = std::make_unique<asio::io_context>(1);
    auto alone = std::make_unique<Waiter>(context->get_executor());
    auto witness = std::make_shared<int>(0);
    TaskScope tasks(context->get_executor());
    auto wait = [&](std::shared_ptr<int> held) -> awaitable<void> {
        (void)co_await alone->wait();
        ++*held;
    };
    tasks.spawn(wait(witness));
    context->poll();
    EXPECT_EQ(witness.use_count(), 2);
    alone.reset();
    context.reset();
    EXPECT_EQ(witness.use_count(), 1);
    EXPECT_EQ(*witness, 0);
}

}  // namespace
}  // namespace libp2p
