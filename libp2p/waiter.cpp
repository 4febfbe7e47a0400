// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/waiter.hpp"

#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <boost/assert.hpp>

namespace libp2p {

awaitable<error_code> Waiter::wait() {
    BOOST_ASSERT_MSG(!handler_, "a Waiter serves one coroutine at a time");
    auto initiate = [](auto handler, Waiter* self) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        self->handler_ = std::move(handler);
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
    auto slot = asio::get_associated_cancellation_slot(handler_);
    if (slot.is_connected()) {
        slot.clear();
    }
    auto handler = std::exchange(handler_, nullptr);
    asio::post(executor_, asio::append(std::move(handler), ec));
}

}  // namespace libp2p
