// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/waiter.hpp"

#include <boost/asio/append.hpp>
#include <boost/asio/post.hpp>
#include <boost/assert.hpp>

namespace libp2p {

awaitable<error_code> Waiter::wait() {
    BOOST_ASSERT_MSG(!handler_, "a Waiter serves one coroutine at a time");
    auto initiate = [](auto handler, Waiter* self) {
        // Boost 1.81's any_completion_handler cannot be move-assigned; and once it holds the handler, cancellation goes
        // through its own slot.
        decltype(self->handler_) erased(std::move(handler));
        self->handler_.swap(erased);
        auto slot = self->handler_.get_cancellation_slot();
        if (slot.is_connected()) {
            slot.assign([self](asio::cancellation_type) {
                self->notify(asio::error::make_error_code(asio::error::operation_aborted));
            });
        }
    };
    auto [ec] = co_await asio::async_initiate<decltype(as_result), void(error_code)>(initiate, as_result, this);
    co_return ec;
}

void Waiter::notify(error_code ec) noexcept {
    if (!handler_) {
        return;
    }
    // The slot must forget this waiter before the handler leaves it: a later cancellation would find it gone.
    auto slot = handler_.get_cancellation_slot();
    if (slot.is_connected()) {
        slot.clear();
    }
    decltype(handler_) handler;
    handler.swap(handler_);
    asio::post(executor_, asio::append(std::move(handler), ec));
}

}  // namespace libp2p
