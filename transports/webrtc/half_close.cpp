// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/half_close.hpp"

#include <algorithm>
#include <utility>

namespace libp2p::webrtc {

using Actions = HalfClose::Actions;

void HalfClose::expect_no_fin_ack(TimePoint now) noexcept {
    if (std::exchange(has_fin_ack_, false) && !over_ && fin_ == Fin::sent) {
        fin_deadline_ = now + kFinAcknowledgedTimeout;
    }
}

Actions HalfClose::close_write(TimePoint) noexcept {
    Actions actions;
    if (!over_ && (write_ == WriteHalf::open || write_ == WriteHalf::stopped)) {
        queue_fin(actions);
    }
    return actions;
}

Actions HalfClose::close_read(TimePoint) noexcept {
    Actions actions;
    if (!over_ && read_ == ReadHalf::open) {
        stop_reading(actions);
    }
    return actions;
}

Actions HalfClose::abort(TimePoint now) noexcept {
    Actions actions;
    if (over_ || was_reset_) {
        return actions;
    }
    if (is_closing()) {  // both ends were seen: a RESET could only destroy what the remote has not read yet
        write_ = WriteHalf::aborted;
        read_ = ReadHalf::aborted;
        discards_ = true;
        return actions;
    }
    reset(actions, now);
    return actions;
}

Actions HalfClose::release(TimePoint now) noexcept {
    Actions actions;
    if (over_ || is_closing()) {
        return actions;
    }
    if (write_ == WriteHalf::stopped && read_ == ReadHalf::eof) {
        queue_fin(actions);  // the remote wants nothing more but to see the end
    }
    if (write_ != WriteHalf::closed) {
        reset(actions, now);
        return actions;
    }
    discards_ = true;  // without a STOP_SENDING: a remote that still writes did nothing wrong
    abandoned_deadline_ = now + kAbandonedTimeout;
    return actions;
}

Actions HalfClose::on_payload(TimePoint now) noexcept {
    Actions actions;
    if (over_ || was_reset_) {
        return actions;
    }
    if (read_ == ReadHalf::eof) {
        reset(actions, now);
        return actions;
    }
    actions.deliver = !discards_;
    if (abandoned_deadline_ != kNever) {
        abandoned_deadline_ = now + kAbandonedTimeout;
    }
    return actions;
}

Actions HalfClose::on_flag(Flag flag, TimePoint now) noexcept {
    Actions actions;
    if (over_) {
        return actions;
    }
    switch (flag) {
        case Flag::fin:
            if (read_ == ReadHalf::open) {
                read_ = ReadHalf::eof;
                stop_is_due_ = false;
                actions.wake_reader = true;
                actions.send_fin_ack = has_fin_ack_;
                close_if_done(actions, now);
            }
            break;
        case Flag::fin_ack:
            if (fin_ == Fin::sent) {
                finish_fin(actions, now);
            }
            break;
        case Flag::stop_sending:
            if (write_ == WriteHalf::open) {
                write_ = WriteHalf::stopped;
                actions.wake_writer = true;
            }
            // A FIN that waits behind the data stays.
            actions.discard_unsent = fin_ == Fin::none || fin_ == Fin::queued;
            break;
        case Flag::reset: remote_ended(actions); break;
    }
    return actions;
}

Actions HalfClose::on_channel_closed(TimePoint now) noexcept {
    Actions actions;
    if (over_) {
        return actions;
    }
    if (fin_ == Fin::sent) {
        finish_fin(actions, now);  // some peers close their channel instead
    }
    if (!over_) {
        remote_ended(actions);
    }
    return actions;
}

Actions HalfClose::on_fin_written(TimePoint now) noexcept {
    Actions actions;
    if (over_ || was_reset_ || fin_ != Fin::queued) {
        return actions;
    }
    fin_ = Fin::sent;
    fin_deadline_ = now + (has_fin_ack_ ? kFinAckTimeout : kFinAcknowledgedTimeout);
    actions.send_stop_sending = std::exchange(stop_is_due_, false);
    on_progress(now);
    return actions;
}

void HalfClose::on_progress(TimePoint now) noexcept {
    if (abandoned_deadline_ != kNever && fin_ != Fin::done) {
        abandoned_deadline_ = std::max(abandoned_deadline_, now + kAbandonedTimeout);
    }
    if (fin_deadline_ != kNever) {
        fin_deadline_ = std::max(fin_deadline_, now + (has_fin_ack_ ? kFinAckTimeout : kFinAcknowledgedTimeout));
    }
}

Actions HalfClose::on_acknowledged(TimePoint now) noexcept {
    Actions actions;
    if (over_) {
        return actions;
    }
    if (was_reset_) {
        close_deadline_ = std::min(close_deadline_, now + kCloseGrace);
    } else if (fin_ == Fin::sent && !has_fin_ack_) {
        finish_fin(actions, now);
    }
    return actions;
}

Actions HalfClose::on_time(TimePoint now) noexcept {
    Actions actions;
    if (over_) {
        return actions;
    }
    if (now >= close_deadline_) {
        close(actions);
        return actions;
    }
    if (now >= fin_deadline_) {
        finish_fin(actions, now);
    }
    if (!over_ && now >= abandoned_deadline_) {
        abandoned_deadline_ = kNever;
        if (read_ == ReadHalf::eof && fin_ == Fin::done) {
            return actions;  // the channel closes by itself in a moment
        }
        reset(actions, now);
    }
    return actions;
}

HalfClose::TimePoint HalfClose::deadline() const noexcept {
    return std::min({fin_deadline_, abandoned_deadline_, close_deadline_});
}

void HalfClose::queue_fin(Actions& actions) noexcept {
    fin_ = Fin::queued;
    write_ = WriteHalf::closed;
    actions.send_fin = true;
}

void HalfClose::stop_reading(Actions& actions) noexcept {
    if (std::exchange(discards_, true)) {
        return;
    }
    const bool is_fin_out = fin_ == Fin::sent || fin_ == Fin::done;
    if (has_fin_ack_ || is_fin_out) {
        actions.send_stop_sending = true;
    } else {
        stop_is_due_ = true;
    }
}

void HalfClose::finish_fin(Actions& actions, TimePoint now) noexcept {
    fin_ = Fin::done;
    fin_deadline_ = kNever;
    actions.wake_writer = true;
    close_if_done(actions, now);
}

/// Ends both halves from this side.
void HalfClose::reset(Actions& actions, TimePoint now) noexcept {
    if (std::exchange(was_reset_, true)) {
        return;
    }
    discards_ = true;
    stop_is_due_ = false;
    write_ = WriteHalf::aborted;
    read_ = ReadHalf::aborted;
    fin_deadline_ = kNever;
    abandoned_deadline_ = kNever;
    close_deadline_ = now + kResetLinger;
    actions = Actions{};
    actions.discard_unsent = true;
    actions.send_reset = true;
    actions.wake_reader = true;
    actions.wake_writer = true;
}

/// The remote has reset the stream or closed the channel.
void HalfClose::remote_ended(Actions& actions) noexcept {
    if (read_ == ReadHalf::open) {
        read_ = ReadHalf::reset;
        actions.wake_reader = true;
    }
    if (!was_reset_ && fin_ != Fin::done) {
        write_ = WriteHalf::reset;
        actions.wake_writer = true;
    }
    actions.discard_unsent = true;
    close(actions);
}

void HalfClose::close_if_done(Actions& actions, TimePoint now) noexcept {
    if (fin_ != Fin::done || read_ != ReadHalf::eof || is_closing()) {
        return;
    }
    if (has_fin_ack_) {
        close(actions);
    } else {
        close_deadline_ = now + kCloseGrace;
    }
}

void HalfClose::close(Actions& actions) noexcept {
    over_ = true;
    actions.close_channel = true;
    fin_deadline_ = abandoned_deadline_ = close_deadline_ = kNever;
}

}  // namespace libp2p::webrtc
