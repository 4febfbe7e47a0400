// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/events.hpp"

#include <libp2p/tasks.hpp>
#include <libp2p/timeout.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace libp2p {
namespace {

using namespace std::chrono_literals;

PeerId alice() {
    return PeerId::parse("12D3KooWB1b3qZxWJanuhtseF3DmPggHCtG36KZ9ixkqHtdKH9fh").value();
}

/// An event with a number in it, to tell it from others.
Event numbered(int number) {
    return StreamOpened{nullptr, std::to_string(number), Direction::inbound};
}

class EventsTest : public testing::Test {
protected:
    void run(awaitable<void> body) {
        asio::co_spawn(io_, std::move(body), [](std::exception_ptr failure) {
            if (failure) {
                std::rethrow_exception(failure);
            }
        });
        io_.restart();
        io_.run();
    }

    /// Reads what waits: the numbers, and missed ones as negative counts. Ends where nothing is left.
    awaitable<std::vector<int>> drain(EventSubscription& subscription) {
        std::vector<int> numbers;
        bus_.close();
        for (;;) {
            auto event = co_await subscription.next();
            if (!event) {
                EXPECT_EQ(event.error(), Errc::shut_down);
                co_return numbers;
            }
            if (const auto* opened = std::get_if<StreamOpened>(&*event)) {
                numbers.push_back(std::stoi(opened->protocol));
            } else if (const auto* missed = std::get_if<EventsMissed>(&*event)) {
                numbers.push_back(-static_cast<int>(missed->count));
            }
        }
    }

    asio::io_context io_{1};
    EventBus bus_{io_.get_executor(), 3};
};

TEST_F(EventsTest, DeliversEventsInOrderToEverySubscription) {
    auto first = bus_.subscribe(8).value();
    bus_.publish(numbered(1));
    auto second = bus_.subscribe(8).value();
    bus_.publish(numbered(2));
    bus_.publish(numbered(3));
    auto body = [&]() -> awaitable<void> {
        auto seen_by_first = co_await drain(first);
        EXPECT_EQ(seen_by_first, (std::vector<int>{1, 2, 3}));
        auto seen_by_second = co_await drain(second);
        EXPECT_EQ(seen_by_second, (std::vector<int>{2, 3})) << "only what came after it subscribed";
    };
    run(body());
}

TEST_F(EventsTest, CarriesThePayloadOfEachEvent) {
    auto subscription = bus_.subscribe(8).value();
    bus_.publish(PeerConnected{alice()});
    bus_.publish(PeerDisconnected{alice(), make_error_code(asio::error::eof)});
    bus_.publish(AddressesChanged{{Multiaddr::parse("/ip4/127.0.0.1/tcp/1").value()}});
    auto body = [&]() -> awaitable<void> {
        auto up = co_await subscription.next();
        EXPECT_EQ(std::get<PeerConnected>(*up).peer, alice());
        auto down = co_await subscription.next();
        EXPECT_EQ(std::get<PeerDisconnected>(*down).reason, make_error_code(asio::error::eof));
        EXPECT_EQ(std::get<PeerDisconnected>(*down).code, ConnectionErrorCode::none);
        auto changed = co_await subscription.next();
        EXPECT_EQ(std::get<AddressesChanged>(*changed).addresses.size(), 1u);
    };
    run(body());
}

TEST_F(EventsTest, DropsTheOldestAndTellsHowManyFirst) {
    for (std::size_t capacity : {std::size_t{0}, std::size_t{1}, std::size_t{4}, std::size_t{5}, std::size_t{6}}) {
        EventBus bus(io_.get_executor(), 1);
        auto subscription = bus.subscribe(capacity).value();
        for (int i = 1; i <= 5; ++i) {
            bus.publish(numbered(i));
        }
        bus.close();
        auto body = [&]() -> awaitable<void> {
            auto seen = co_await drain(subscription);
            std::vector<int> expected;
            const int kept = std::min(5, static_cast<int>(capacity));
            if (kept < 5) {
                expected.push_back(kept - 5);
            }
            for (int i = 6 - kept; i <= 5; ++i) {
                expected.push_back(i);
            }
            EXPECT_EQ(seen, expected) << capacity;
        };
        run(body());
    }
}

TEST_F(EventsTest, MemoryStaysFlatUnderAMillionEvents) {
    auto subscription = bus_.subscribe(2).value();
    for (int i = 1; i <= 1'000'000; ++i) {
        bus_.publish(EventsMissed{});
    }
    bus_.publish(numbered(7));
    auto body = [&]() -> awaitable<void> {
        auto missed = co_await subscription.next();
        EXPECT_EQ(std::get<EventsMissed>(*missed).count, 999'999u);
    };
    run(body());
}

TEST_F(EventsTest, RefusesMoreSubscriptionsThanTheLimitAndCountsEndedOnesNoMore) {
    auto one = bus_.subscribe(1);
    auto two = bus_.subscribe(1);
    auto three = bus_.subscribe(kMaxEventCapacity);
    ASSERT_TRUE(one && two && three);
    auto refused = bus_.subscribe(1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), Errc::limit_exceeded);
    EXPECT_NE(refused.error().detail().find("limits.subscriptions"), std::string_view::npos);
    {
        auto ended = std::move(*two);
    }
    EXPECT_TRUE(bus_.subscribe(1));
    EXPECT_FALSE(bus_.subscribe(kMaxEventCapacity + 1));
    EXPECT_FALSE(bus_.subscribe(std::numeric_limits<std::size_t>::max()));
    EventBus none(io_.get_executor(), 0);
    EXPECT_FALSE(none.subscribe(1));
}

TEST_F(EventsTest, KnowsWhetherAnybodyListens) {
    EXPECT_FALSE(bus_.has_subscribers());
    bus_.publish(numbered(1));
    {
        auto subscription = bus_.subscribe(1);
        ASSERT_TRUE(subscription);
        EXPECT_TRUE(bus_.has_subscribers());
        auto moved = std::move(*subscription);
        EXPECT_TRUE(bus_.has_subscribers());
    }
    EXPECT_FALSE(bus_.has_subscribers());
}

TEST_F(EventsTest, AssignmentUnsubscribesWhatWasThere) {
    auto first = bus_.subscribe(1).value();
    auto second = bus_.subscribe(1).value();
    auto third = bus_.subscribe(1).value();
    first = std::move(second);
    EXPECT_TRUE(bus_.subscribe(1)) << "one place is free again";
    auto& self = first;
    first = std::move(self);
    bus_.publish(numbered(4));
    auto body = [&]() -> awaitable<void> {
        auto event = co_await first.next();
        EXPECT_TRUE(event);
    };
    run(body());
}

TEST_F(EventsTest, NextWaitsForAnEvent) {
    auto subscription = bus_.subscribe(4).value();
    std::vector<int> order;
    auto body = [&]() -> awaitable<void> {
        auto work = [&](TaskScope& tasks) -> awaitable<void> {
            auto reader = [&]() -> awaitable<void> {
                auto event = co_await subscription.next();
                EXPECT_TRUE(event);
                order.push_back(2);
            };
            tasks.spawn(reader());
            asio::steady_timer timer(io_, 1ms);
            co_await timer.async_wait(asio::use_awaitable);
            order.push_back(1);
            bus_.publish(numbered(1));
            co_await tasks.join();
        };
        co_await with_tasks(work);
    };
    run(body());
    EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST_F(EventsTest, ClosingEndsAWaitingNextAndRefusesNewSubscriptions) {
    auto subscription = bus_.subscribe(4).value();
    std::optional<Error> ended;
    auto reader = [&]() -> awaitable<void> {
        auto event = co_await subscription.next();
        ended = event.error();
        auto again = co_await subscription.next();
        EXPECT_EQ(again.error(), Errc::shut_down);
    };
    asio::co_spawn(io_, reader(), asio::detached);
    io_.poll();
    EXPECT_FALSE(ended);
    bus_.close();
    bus_.close();
    bus_.publish(numbered(1));
    io_.restart();
    io_.run();
    ASSERT_TRUE(ended);
    EXPECT_EQ(*ended, Errc::shut_down);
    EXPECT_EQ(bus_.subscribe(1).error(), Errc::shut_down);
}

TEST_F(EventsTest, ASubscriptionMayOutliveItsBus) {
    std::optional<EventBus> bus(std::in_place, io_.get_executor(), 1);
    auto subscription = bus->subscribe(4).value();
    bus->publish(numbered(3));
    bus.reset();
    auto body = [&]() -> awaitable<void> {
        auto seen = co_await drain(subscription);
        EXPECT_EQ(seen, (std::vector<int>{3}));
    };
    run(body());
}

TEST_F(EventsTest, DestroyingTheSubscriptionEndsAWaitingNext) {
    std::optional<EventSubscription> subscription(bus_.subscribe(4).value());
    std::optional<Error> ended;
    auto reader = [&]() -> awaitable<void> {
        auto event = co_await subscription->next();
        ended = event.error();
    };
    asio::co_spawn(io_, reader(), asio::detached);
    io_.poll();
    subscription.reset();
    EXPECT_FALSE(bus_.has_subscribers());
    io_.restart();
    io_.run();
    ASSERT_TRUE(ended);
    EXPECT_EQ(*ended, make_error_code(asio::error::operation_aborted));
}

TEST_F(EventsTest, CancellationLosesNoEvent) {
    for (bool cancel_first : {false, true}) {
        EventBus bus(io_.get_executor(), 1);
        auto subscription = bus.subscribe(4).value();
        asio::cancellation_signal signal;
        int got = 0;
        auto reader = [&]() -> awaitable<void> {
            auto event = co_await subscription.next();
            got += event ? 1 : 0;
        };
        auto done = asio::bind_cancellation_slot(signal.slot(), [](std::exception_ptr) {});
        asio::co_spawn(io_, reader(), done);
        io_.restart();
        io_.poll();
        // Both in one turn, either way round: the event must be there afterwards.
        asio::post(io_, [&] {
            if (cancel_first) {
                signal.emit(asio::cancellation_type::terminal);
            }
            bus.publish(numbered(1));
            signal.emit(asio::cancellation_type::terminal);
        });
        io_.restart();
        io_.run();
        EXPECT_EQ(got, 0);
        auto body = [&]() -> awaitable<void> {
            auto event = co_await subscription.next();
            EXPECT_EQ(std::get<StreamOpened>(*event).protocol, "1");
        };
        run(body());
    }
}

TEST_F(EventsTest, ATimeoutLosesNoEvent) {
    auto subscription = bus_.subscribe(4).value();
    auto body = [&]() -> awaitable<void> {
        auto late = co_await with_timeout(1ms, subscription.next());
        EXPECT_EQ(late.error(), make_error_code(asio::error::timed_out));
        bus_.publish(numbered(1));
        auto event = co_await with_timeout(1s, subscription.next());
        EXPECT_EQ(std::get<StreamOpened>(*event).protocol, "1");
    };
    run(body());
}

}  // namespace
}  // namespace libp2p
