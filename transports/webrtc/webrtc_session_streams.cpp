// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/webrtc_session.hpp"

#include <boost/asio/error.hpp>
#include <boost/assert.hpp>

#include <utility>

// What the owners of streams do, and how streams come and go.

namespace libp2p::webrtc {
namespace {

Error aborted() noexcept {
    return asio::error::make_error_code(asio::error::operation_aborted);
}

}  // namespace

result<Channel*> WebRtcSession::open() {
    if (phase_ != Phase::open) {
        return Errc::connection_closed;
    }
    auto id = ids_.take();
    if (!id) {
        return Error(Errc::limit_exceeded, "webrtc: all " + std::to_string(streams_ / 2) + " channels are in use");
    }
    auto& channel = add(*id, Direction::outbound);
    channel.owned = true;
    channel.open_pending = true;
    ++open_count_;
    ++unacknowledged_;
    mark(channel);
    pump_later();
    return &channel;
}

Channel* WebRtcSession::accept() noexcept {
    if (accept_queue_.empty()) {
        return nullptr;
    }
    auto& channel = accept_queue_.front();
    accept_queue_.pop_front();
    --accept_queue_size_;
    channel.queued_for_accept = false;
    channel.owned = true;
    return &channel;
}

void WebRtcSession::release(Channel& channel) noexcept {
    if (&channel == handshake_ && !handshake_is_released_) {
        release_handshake_channel();
        return;
    }
    channel.owned = false;
    channel.owner = nullptr;
    channel.reader = {};
    channel.wake_hook.unlink();
    withdraw_write(channel);
    channel.received.clear(memory_);
    on_backlog(channel);
    if (&channel != handshake_) {
        --open_count_;
    }
    if (phase_ != Phase::ended) {
        apply(channel, channel.state.release(driver_.now()));
        check_backlog();
        linger(channel);
    }
    bury_if_done(channel);
    erase_dead();
}

/// A channel without an owner is charged to the connection until it has ended.
void WebRtcSession::linger(Channel& channel) noexcept {
    if (channel.is_detached) {
        return;
    }
    channel.record_charged = memory_.hold(sizeof(Channel));
    ++lingering_;
    channel.is_lingering = true;
    auto* victim = channel.record_charged ? nullptr : &channel;
    if (victim == nullptr && lingering_ > kLingering) {
        victim = oldest_lingering();
    }
    if (victim != nullptr) {
        apply(*victim, victim->state.abort(driver_.now()));
        bury_if_done(*victim);
    }
}

/// Null when all of them have been cut off, and go by themselves in a moment.
Channel* WebRtcSession::oldest_lingering() noexcept {
    for (auto& channel : channels_) {
        if (channel.is_lingering && channel.state.write_half() != HalfClose::WriteHalf::aborted) {
            return &channel;
        }
    }
    return nullptr;
}

/// Nobody needs the channel any more. It goes with the next `erase_dead`, as a caller may be looking at it.
void WebRtcSession::bury_if_done(Channel& channel) noexcept {
    const bool is_done = channel.is_detached || phase_ == Phase::ended;
    if (is_done && !channel.owned && !channel.queued_for_accept && !channel.dead_hook.is_linked()) {
        dead_.push_back(channel);
    }
}

void WebRtcSession::erase_dead() noexcept {
    while (!dead_.empty()) {
        auto& channel = dead_.front();
        dead_.pop_front();
        if (&channel == handshake_) {
            handshake_ = nullptr;
        }
        if (!channel.is_detached) {
            by_id_.erase(channel.id);
        }
        channel.received.clear(memory_);
        on_backlog(channel);
        if (channel.is_lingering) {
            --lingering_;
        }
        if (channel.record_charged) {
            memory_.release(sizeof(Channel));
        }
        delete &channel;  // its hooks unlink it
    }
}

void WebRtcSession::release_handshake_channel() {
    handshake_is_released_ = true;
    if (handshake_ != nullptr) {
        handshake_->owned = false;
        handshake_->owner = nullptr;
        handshake_->reader = {};
        handshake_->wake_hook.unlink();
        handshake_->received.clear(memory_);
        on_backlog(*handshake_);
        if (handshake_->state.read_half() == HalfClose::ReadHalf::eof) {
            on_handshake_channel_end();
        }
        bury_if_done(*handshake_);
    }
}

result<std::size_t> WebRtcSession::read(Channel& channel, MutableByteView into) noexcept {
    const auto half = channel.state.read_half();
    if (half == HalfClose::ReadHalf::aborted) {
        return channel.failure.code() ? channel.failure : aborted();
    }
    if (!channel.received.empty()) {
        const auto n = channel.received.read(into, memory_);
        on_backlog(channel);
        if (association_ && association_->is_paused()) {
            check_backlog();
            if (!association_->is_paused()) {
                look();
            } else {
                patience_until_ = driver_.now() + kPatience;  // somebody reads
            }
        }
        return n;
    }
    if (half == HalfClose::ReadHalf::eof) {
        return asio::error::make_error_code(asio::error::eof);
    }
    if (half == HalfClose::ReadHalf::reset) {
        return Errc::stream_reset;
    }
    if (phase_ == Phase::closing || phase_ == Phase::ended) {
        return Errc::connection_closed;
    }
    return 0;
}

bool WebRtcSession::is_read_done(const Channel& channel) const noexcept {
    return channel.reader.filled > 0 || !channel.received.empty() ||
           channel.state.read_half() != HalfClose::ReadHalf::open || phase_ == Phase::closing || phase_ == Phase::ended;
}

std::size_t WebRtcSession::take_back_reader(Channel& channel) noexcept {
    return std::exchange(channel.reader, ReadSlot{}).filled;
}

/// `was_taken`: for a write that has begun before the half was closed.
result<void> WebRtcSession::check_write(const Channel& channel, bool was_taken) const noexcept {
    switch (channel.state.write_half()) {
        case HalfClose::WriteHalf::aborted: return channel.failure.code() ? channel.failure : aborted();
        case HalfClose::WriteHalf::reset:
        case HalfClose::WriteHalf::stopped: return Errc::stream_reset;
        case HalfClose::WriteHalf::closed:
            if (!was_taken && phase_ != Phase::closing && phase_ != Phase::ended) {
                return Errc::write_closed;
            }
            break;
        case HalfClose::WriteHalf::open: break;
    }
    if (phase_ == Phase::closing || phase_ == Phase::ended) {
        return Errc::connection_closed;
    }
    return ok();
}

result<bool> WebRtcSession::write(Channel& channel, std::span<const ByteView> buffers) {
    if (auto is_open = check_write(channel, false); !is_open) {
        return is_open.error();
    }
    std::size_t left = 0;
    for (const auto& buffer : buffers) {
        left += buffer.size();
    }
    auto& writer = channel.writer;
    BOOST_ASSERT_MSG(writer.left == 0, "one write of a stream at a time");
    writer = WriteSlot{buffers.data(), 0, left};
    mark(channel);
    pump();
    return writer.left == 0;
}

void WebRtcSession::withdraw_write(Channel& channel) noexcept {
    channel.writer.left = 0;
    if (!channel.has_output()) {
        channel.ready_hook.unlink();
        mark(channel);
    }
}

result<void> WebRtcSession::close_write(Channel& channel) noexcept {
    const auto half = channel.state.write_half();
    const bool is_over = phase_ == Phase::closing || phase_ == Phase::ended;
    // go-libp2p stops reading when it closes a stream, and may have closed the channel too by now: that is no reset.
    const bool is_closed_there =
        half == HalfClose::WriteHalf::reset && channel.state.read_half() == HalfClose::ReadHalf::eof;
    if (!is_over && (half == HalfClose::WriteHalf::closed || is_closed_there)) {
        return ok();
    }
    const bool is_unwanted = half == HalfClose::WriteHalf::stopped && !is_over;
    if (auto is_open = check_write(channel, false); !is_open && !is_unwanted) {
        return is_open;
    }
    apply(channel, channel.state.close_write(driver_.now()));
    return ok();
}

void WebRtcSession::abort(Channel& channel) noexcept {
    channel.failure = {};
    if (phase_ == Phase::ended) {
        return;
    }
    apply(channel, channel.state.abort(driver_.now()));
    check_backlog();
}

void WebRtcSession::set_deadline(Channel& channel, Clock::time_point time) noexcept {
    channel.deadline = time;
    channel.expired = false;
    if (phase_ != Phase::ended) {
        update_timer(channel);
    }
}

Channel* WebRtcSession::next_wake(std::uint8_t& whom) noexcept {
    if (woken_.empty()) {
        return nullptr;
    }
    auto& channel = woken_.front();
    woken_.pop_front();
    whom = std::exchange(channel.wakes, std::uint8_t{0});
    return &channel;
}

}  // namespace libp2p::webrtc
