// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/waiter.hpp"

#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/assert.hpp>

#include <utility>

namespace libp2p {

/// One wait, in the frame of the coroutine that waits. Cancellation goes through it, since a cancellation may come when
/// the waiter is gone and the coroutine not yet resumed. Only a coroutine that resumes touches its cancellation slot:
/// where an executor is destroyed, the slot may have gone before the frames.
class Waiter::Turn {
public:
    explicit Turn(Waiter& waiter) noexcept : waiter_(&waiter) { waiter.turn_ = this; }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    ~Turn() {
        if (waiter_ != nullptr) {
            waiter_->turn_ = nullptr;
        }
    }

    /// Takes cancellations from `erased`, the slot of the stored handler, which is fed by the coroutine's `own`.
    void listen(asio::cancellation_slot erased, asio::cancellation_slot own) {
        if (erased.is_connected()) {
            own_ = own;
            erased.assign([this](asio::cancellation_type) { cancel(); });
        }
    }

    /// The waiter has let the coroutine go.
    void detach() noexcept { waiter_ = nullptr; }

    /// The coroutine has resumed.
    void end() noexcept {
        if (own_.is_connected()) {
            own_.clear();
        }
    }

private:
    void cancel() noexcept {
        if (waiter_ != nullptr) {
            waiter_->notify(asio::error::make_error_code(asio::error::operation_aborted));
        }
    }

    Waiter* waiter_;
    asio::cancellation_slot own_;
};

awaitable<error_code> Waiter::wait() {
    BOOST_ASSERT_MSG(!handler_, "a Waiter serves one coroutine at a time");
    Turn turn(*this);
    auto initiate = [](auto handler, Waiter* self, Turn* here) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        // Boost 1.81's any_completion_handler cannot be move-assigned.
        decltype(self->handler_) erased(std::move(handler));
        self->handler_.swap(erased);
        here->listen(self->handler_.get_cancellation_slot(), slot);
    };
    auto [ec] = co_await asio::async_initiate<decltype(as_result), void(error_code)>(initiate, as_result, this, &turn);
    turn.end();
    co_return ec;
}

void Waiter::notify(error_code ec) noexcept {
    if (!handler_) {
        return;
    }
    if (turn_ != nullptr) {
        std::exchange(turn_, nullptr)->detach();
    }
    decltype(handler_) handler;
    handler.swap(handler_);
    // Bound, as Asio would else ask the handler for its executor, which comes in memory of its own: this must not fail.
    asio::post(executor_, asio::bind_executor(executor_, asio::append(std::move(handler), ec)));
}

}  // namespace libp2p
