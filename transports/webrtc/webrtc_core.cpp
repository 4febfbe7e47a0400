// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/webrtc_core.hpp"

#include "transports/webrtc/webrtc_stream.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <utility>

namespace libp2p::webrtc {

WebRtcCore::WebRtcCore(
    asio::any_io_executor executor,
    std::shared_ptr<const crypto::DtlsContext> context,
    const WebRtcSession::Options& options,
    const Limits& limits,
    std::shared_ptr<Budget> budget,
    std::unique_ptr<DatagramLink> link,
    std::shared_ptr<SctpTicker> ticker
)
    : session(executor, std::move(context), options, limits, std::move(budget), *this),
      accepted(executor),
      openers(executor),
      changed(executor),
      link_(std::move(link)),
      ticker_(std::move(ticker)),
      timer_(executor) {
    ticker_->start();
}

WebRtcCore::~WebRtcCore() {
    if (ticks_) {
        ticker_->stop();
    }
}

void WebRtcCore::flush() noexcept {
    std::uint8_t whom = 0;
    while (auto* channel = session.next_wake(whom)) {
        if (channel->owner != nullptr) {
            channel->owner->wake(whom);
        }
    }
    if (session.has_accept() || !session.takes_streams()) {
        accepted.notify();
    }
    if (!openers.empty() && session.can_open()) {
        openers.notify_one();
    }
    if (session.is_open() != was_open_ || session.has_ended()) {
        was_open_ = session.is_open();
        changed.notify_all();
    }
    link_->flush();
    if (session.has_ended()) {
        openers.notify_all();
        timer_.cancel();
        if (std::exchange(ticks_, false)) {
            ticker_->stop();
            link_->close();
        }
        return;
    }
    if (session.deadline() < armed_for_) {
        arm();
    }
    if (session.has_pending() && !std::exchange(will_send_, true)) {
        send_at_end_of_turn();
    }
}

/// Behind everybody who has been woken by now: what they write shares packets with what is pending.
void WebRtcCore::send_at_end_of_turn() {
    asio::post(executor(), [weak = weak_from_this()] {
        if (auto self = weak.lock()) {
            self->will_send_ = false;
            self->session.send_pending();
            self->flush();
        }
    });
}

void WebRtcCore::end(Error why) noexcept {
    session.end(std::move(why));
    flush();
}

void WebRtcCore::arm() {
    armed_for_ = session.deadline();
    timer_.expires_at(armed_for_);
    timer_.async_wait([weak = weak_from_this()](error_code ec) {
        auto self = weak.lock();
        if (ec || !self) {
            return;
        }
        self->armed_for_ = Clock::time_point::max();
        self->session.on_time();
        self->flush();
    });
}

awaitable<result<void>> WebRtcCore::wait_until_open() {
    const auto self = shared_from_this();
    while (!session.has_opened() && !session.has_ended()) {
        auto interrupted = co_await changed.wait();
        if (interrupted) {
            co_return interrupted;
        }
    }
    if (!session.has_opened()) {
        co_return session.error();
    }
    co_return ok();
}

}  // namespace libp2p::webrtc
