// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/events.hpp"

#include <libp2p/waiter.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/intrusive/list.hpp>

#include <deque>
#include <string>
#include <utility>

namespace libp2p {

namespace intrusive = boost::intrusive;

struct EventSubscription::Queue {
    Queue(asio::any_io_executor executor, std::size_t most) : capacity(most), waiter(std::move(executor)) {}

    void push(const Event& event) noexcept {
        if (capacity == 0) {
            ++missed;
        } else {
            try {
                events.push_back(event);
            } catch (const std::bad_alloc&) {
                ++missed;
            }
            if (events.size() > capacity) {
                events.pop_front();
                ++missed;
            }
        }
        waiter.notify();
    }

    void close(Error with) noexcept {
        closed = true;
        reason = std::move(with);
        waiter.notify();
    }

    bool has_something() const noexcept { return missed > 0 || !events.empty(); }

    Event pop() {
        if (missed > 0) {
            return EventsMissed{std::exchange(missed, 0)};
        }
        auto event = std::move(events.front());
        events.pop_front();
        return event;
    }

    std::size_t capacity;
    std::deque<Event> events;
    std::uint64_t missed = 0;  // older than the first of `events`
    bool closed = false;
    Error reason;  // what `next` says once there is nothing left
    Waiter waiter;
    intrusive::list_member_hook<intrusive::link_mode<intrusive::auto_unlink>> subscribed;
};

struct EventBus::Subscriptions {
    using Queue = EventSubscription::Queue;
    intrusive::list<
        Queue,
        intrusive::member_hook<Queue, decltype(Queue::subscribed), &Queue::subscribed>,
        intrusive::constant_time_size<false>>
        queues;
};

// --- EventSubscription -------------------------------------------------------------------------------------------

EventSubscription::EventSubscription(std::shared_ptr<Queue> queue) noexcept : queue_(std::move(queue)) {}

EventSubscription::EventSubscription(EventSubscription&&) noexcept = default;

EventSubscription& EventSubscription::operator=(EventSubscription&& other) noexcept {
    EventSubscription previous(std::move(other));
    queue_.swap(previous.queue_);
    return *this;
}

EventSubscription::~EventSubscription() {
    if (queue_) {
        queue_->subscribed.unlink();
        queue_->events.clear();
        queue_->missed = 0;
        queue_->close(make_error_code(asio::error::operation_aborted));
    }
}

awaitable<result<Event>> EventSubscription::next() {
    return next_of(queue_);
}

awaitable<result<Event>> EventSubscription::next_of(std::shared_ptr<Queue> queue) {
    while (!queue->has_something()) {
        if (queue->closed) {
            co_return queue->reason;
        }
        auto ec = co_await queue->waiter.wait();
        if (ec) {
            co_return ec;
        }
        // Woken and cancelled in one turn: nobody may be there to take the event, so it stays.
        auto cancellation = co_await asio::this_coro::cancellation_state;
        if (cancellation.cancelled() != asio::cancellation_type::none) {
            co_return make_error_code(asio::error::operation_aborted);
        }
    }
    co_return queue->pop();
}

// --- EventBus ------------------------------------------------------------------------------------------------------

EventBus::EventBus(asio::any_io_executor executor, std::size_t max_subscriptions)
    : executor_(std::move(executor)),
      max_subscriptions_(max_subscriptions),
      subscriptions_(std::make_unique<Subscriptions>()) {}

EventBus::~EventBus() {
    close();
}

result<EventSubscription> EventBus::subscribe(std::size_t capacity) {
    if (closed_) {
        return Error(Errc::shut_down);
    }
    auto& queues = subscriptions_->queues;
    if (const auto used = queues.size(); used >= max_subscriptions_) {
        return Error(
            Errc::limit_exceeded,
            "events: " + std::to_string(used) + " of " + std::to_string(max_subscriptions_) +
                " subscriptions used, 1 more asked (limits.subscriptions)"
        );
    }
    if (capacity > kMaxEventCapacity) {
        return Error(
            Errc::limit_exceeded,
            "events: a capacity of " + std::to_string(capacity) + " was asked for, at most " +
                std::to_string(kMaxEventCapacity) + " can be had (kMaxEventCapacity)"
        );
    }
    auto queue = std::make_shared<EventSubscription::Queue>(executor_, capacity);
    queues.push_back(*queue);
    return EventSubscription(std::move(queue));
}

bool EventBus::has_subscribers() const noexcept {
    return !subscriptions_->queues.empty();
}

void EventBus::publish(const Event& event) noexcept {
    for (auto& queue : subscriptions_->queues) {
        queue.push(event);
    }
}

void EventBus::close() noexcept {
    closed_ = true;
    while (!subscriptions_->queues.empty()) {
        auto& queue = subscriptions_->queues.front();
        subscriptions_->queues.pop_front();
        queue.close(Errc::shut_down);
    }
}

}  // namespace libp2p
