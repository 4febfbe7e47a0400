// SPDX-License-Identifier: MIT OR Apache-2.0
#include "muxing/yamux/yamux_session.hpp"

#include <boost/asio/error.hpp>
#include <boost/assert.hpp>

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

// What the owners of streams do, and how streams come and go.

namespace libp2p::yamux {
namespace {

namespace asio = boost::asio;

}  // namespace

std::size_t YamuxSession::open_room() const noexcept {
    if (phase_ != Phase::running || remote_goodbye_) {
        return std::numeric_limits<std::size_t>::max();
    }
    const auto limit = remote_takes_streams_ ? kOpenBacklog : kEarlyStreams;
    return unacknowledged_ < limit ? limit - unacknowledged_ : 0;
}

result<StreamState*> YamuxSession::open(Clock::time_point now) {
    if (phase_ != Phase::running) {
        return Errc::connection_closed;
    }
    if (remote_goodbye_) {
        return Error(Errc::connection_closed, "the remote takes no new streams");
    }
    auto id = ids_.take();
    if (!id) {
        goodbye_ = kGoAwayNormal;
        return Error(Errc::connection_closed, "all stream ids of the connection are used up");
    }
    auto& stream = add(*id, Direction::outbound, now);
    stream.syn_pending = true;
    stream.owned = true;
    unannounced_.push_back(stream);
    ++unacknowledged_;
    ++open_count_;
    return &stream;
}

StreamState* YamuxSession::accept(Clock::time_point now) noexcept {
    if (accept_queue_.empty()) {
        return nullptr;
    }
    auto& stream = accept_queue_.front();
    accept_queue_.pop_front();
    --accept_queue_size_;
    stream.queued_for_accept = false;
    stream.owned = true;
    if (std::exchange(stream.record_charged, false)) {
        memory_.release(sizeof(StreamState));
    }
    stream.ack_pending = true;
    if (!stream.control_hook.is_linked()) {
        ack_later_.push_back(stream);
        ack_time_ = std::min(ack_time_, now + kAckDelay);
        if (++ack_later_count_ >= kAckBatch) {
            ack_now();
        }
    }
    return &stream;
}

void YamuxSession::release(StreamState& stream, Clock::time_point now) noexcept {
    stream.owned = false;
    stream.owner = nullptr;
    --open_count_;
    ++unowned_;
    stream.reader = {};
    stream.wake_hook.unlink();
    stream.deadline_hook.unlink();
    withdraw_write(stream);
    if (stream.is_finished()) {
        stream.received.clear(memory_);
    } else if (!stream.fin_queued && !stream.reset_after_flush) {
        send_reset(stream, StreamErrorCode::none);
        finish(stream, StreamEnd::aborted);
    } else {
        linger(stream, now);
    }
    erase_if_done(stream);
    if (unowned_ > kUnowned && (phase_ == Phase::running || phase_ == Phase::closing)) {
        fail(
            Error(Errc::limit_exceeded, "yamux: the remote does not take the resets of its streams"),
            static_cast<std::uint32_t>(ConnectionErrorCode::resource_limit_exceeded),
            now
        );
    }
}

/// Lets a stream finish that nobody reads any more.
void YamuxSession::linger(StreamState& stream, Clock::time_point now) noexcept {
    stream.discarding = true;
    give_back_growth(stream);
    auto unread = stream.received.size();
    stream.received.clear(memory_);
    on_consumed(stream, unread);
    stream.record_charged = memory_.hold(sizeof(StreamState));
    if (!stream.record_charged) {
        send_reset(stream, StreamErrorCode::resource_limit_exceeded);
        finish(stream, StreamEnd::refused);
        return;
    }
    stream.linger_until = now + kLinger;
    lingering_list_.push_back(stream);
    if (++lingering_ > kLingering) {
        auto& oldest = lingering_list_.front();
        send_reset(oldest, StreamErrorCode::resource_limit_exceeded);
        finish(oldest, StreamEnd::refused);
        erase_if_done(oldest);
    }
}

void YamuxSession::stop_lingering(StreamState& stream) noexcept {
    if (stream.linger_hook.is_linked()) {
        stream.linger_hook.unlink();
        --lingering_;
    }
}

result<std::size_t> YamuxSession::read(StreamState& stream, MutableByteView into) noexcept {
    if (stream.end == StreamEnd::aborted) {
        return error_of(stream.end);
    }
    if (!stream.received.empty()) {
        auto n = stream.received.read(into, memory_);
        on_consumed(stream, n);
        return n;
    }
    if (stream.fin_received) {
        return asio::error::make_error_code(asio::error::eof);
    }
    if (auto is_open = check_open(stream); !is_open) {
        return is_open.error();
    }
    return 0;
}

void YamuxSession::lend_reader(StreamState& stream, MutableByteView into) noexcept {
    stream.reader = ReadSlot{into.data(), into.size(), 0};
    stream.paused = false;
}

bool YamuxSession::is_read_done(const StreamState& stream) const noexcept {
    return stream.reader.filled > 0 || stream.fin_received || !check_open(stream);
}

std::size_t YamuxSession::take_back_reader(StreamState& stream) noexcept {
    return std::exchange(stream.reader, ReadSlot{}).filled;
}

result<bool> YamuxSession::write(StreamState& stream, std::span<const ByteView> buffers) {
    if (stream.end != StreamEnd::none) {
        return error_of(stream.end);
    }
    if (stream.fin_queued) {
        return Errc::write_closed;
    }
    if (auto is_open = check_open(stream); !is_open) {
        return is_open.error();
    }
    std::size_t left = 0;
    for (const auto& buffer : buffers) {
        left += buffer.size();
    }
    auto& slot = stream.writer;
    BOOST_ASSERT_MSG(slot.left == 0 && slot.in_flight == 0, "one write of a stream at a time");
    slot.buffer = buffers.data();
    slot.offset = 0;
    if (left <= kSmallWrite && stream.unsent.size() + left <= kSendBuffer) {
        // Where the budget refuses a copy, the rest is borrowed like a large write.
        for (bool granted = true; granted && left > 0;) {
            auto before = stream.unsent.size();
            granted = stream.unsent.append(*slot.buffer, memory_);
            left -= stream.unsent.size() - before;
            if (granted) {
                ++slot.buffer;
            } else {
                slot.offset = stream.unsent.size() - before;
            }
        }
    }
    slot.left = left;
    mark_ready(stream);
    return left == 0;
}

bool YamuxSession::is_write_done(const StreamState& stream) const noexcept {
    return stream.writer.left == 0 && stream.writer.in_flight == 0;
}

result<void> YamuxSession::finish_write(StreamState& stream) noexcept {
    return check_open(stream);
}

void YamuxSession::withdraw_write(StreamState& stream) noexcept {
    stream.writer.left = 0;
    if (stream.unsent.empty()) {
        stream.ready_hook.unlink();
        if (stream.fin_queued && !stream.fin_sent && !stream.syn_pending) {
            mark_control(stream);
        }
    }
}

result<void> YamuxSession::close_write(StreamState& stream) noexcept {
    if (stream.end != StreamEnd::none) {
        return error_of(stream.end);
    }
    if (stream.fin_queued) {
        return ok();
    }
    if (auto is_open = check_open(stream); !is_open) {
        return is_open;
    }
    stream.fin_queued = true;
    if (stream.pending() == 0 && !stream.syn_pending) {
        mark_control(stream);
    }
    return ok();
}

void YamuxSession::reset(StreamState& stream, StreamErrorCode code) noexcept {
    if (!stream.is_finished()) {
        send_reset(stream, code);
    }
    finish(stream, StreamEnd::aborted);
    stream.end = StreamEnd::aborted;
    stream.received.clear(memory_);
}

void YamuxSession::set_deadline(StreamState& stream, Clock::time_point time) noexcept {
    stream.deadline = time;
    stream.expired = false;
    if (stream.deadline_hook.is_linked()) {
        if (stream.deadline_key <= time) {
            return;  // looked at again when the earlier time has come: moving a deadline on costs nothing
        }
        stream.deadline_hook.unlink();
    }
    if (time != Clock::time_point::max()) {
        stream.deadline_key = time;
        deadlines_.insert(stream);
    }
}

StreamState* YamuxSession::next_wake(std::uint8_t& taken) noexcept {
    if (woken_.empty()) {
        return nullptr;
    }
    auto& stream = woken_.front();
    woken_.pop_front();
    taken = std::exchange(stream.wakes, std::uint8_t{0});
    return &stream;
}

StreamState& YamuxSession::add(StreamId id, Direction direction, Clock::time_point now) {
    auto [at, added] = streams_.emplace(
        std::piecewise_construct, std::forward_as_tuple(id.value), std::forward_as_tuple(id, direction, now)
    );
    BOOST_ASSERT(added);
    return at->second;
}

/// From here on the stream carries nothing; what the remote had sent in full stays readable.
void YamuxSession::finish(StreamState& stream, StreamEnd end) noexcept {
    if (stream.end != StreamEnd::none) {
        return;
    }
    stream.end = end;
    stream.reset_after_flush = false;
    stream.unsent.clear(memory_);
    withdraw_write(stream);
    if (!stream.fin_received && end != StreamEnd::connection_closed) {
        stream.received.clear(memory_);
    }
    if (body_stream_ == &stream) {
        body_stream_ = nullptr;
    }
    if (!stream.reset_pending) {
        stream.control_hook.unlink();
        stream.control_urgent = false;
    }
    if (std::exchange(stream.syn_pending, false)) {
        stream.queue_hook.unlink();
    }
    if (std::exchange(stream.queued_for_accept, false)) {
        stream.queue_hook.unlink();
        --accept_queue_size_;
        --open_count_;
        ++unowned_;
    }
    stop_lingering(stream);
    give_back_growth(stream);
    on_acknowledged(stream);
    wake(stream, wake_reader | wake_writer);
}

/// Not for the session that has failed or ended: then nothing is owed.
void YamuxSession::send_reset(StreamState& stream, StreamErrorCode code) noexcept {
    if (stream.syn_pending || (phase_ != Phase::running && phase_ != Phase::closing)) {
        return;  // the remote knows nothing of it
    }
    stream.reset_pending = true;
    stream.reset_code = static_cast<std::uint32_t>(code);
    mark_control(stream);
}

void YamuxSession::erase_if_done(StreamState& stream) noexcept {
    if (stream.owned || stream.queued_for_accept || stream.reset_pending || stream.writer.in_flight > 0 ||
        !stream.is_finished()) {
        return;
    }
    if (body_stream_ == &stream) {
        body_stream_ = nullptr;
    }
    stream.received.clear(memory_);
    stream.unsent.clear(memory_);
    give_back_growth(stream);
    on_acknowledged(stream);
    if (stream.record_charged) {
        memory_.release(sizeof(StreamState));
    }
    stop_lingering(stream);
    --unowned_;
    streams_.erase(stream.id.value);
}

void YamuxSession::on_consumed(StreamState& stream, std::size_t octets) noexcept {
    stream.window.consume(octets);
    if (stream.window.update_due() && !stream.fin_received && stream.end == StreamEnd::none) {
        mark_control(stream);
    }
}

void YamuxSession::mark_ready(StreamState& stream) noexcept {
    if (!stream.ready_hook.is_linked() && !stream.syn_pending && stream.end == StreamEnd::none &&
        stream.pending() > 0 && stream.credit.credit() > 0) {
        ready_.push_back(stream);
    }
}

void YamuxSession::mark_control(StreamState& stream) noexcept {
    if (!std::exchange(stream.control_urgent, true)) {
        stream.control_hook.unlink();
        control_.push_back(stream);
    }
}

void YamuxSession::wake(StreamState& stream, std::uint8_t whom) noexcept {
    if (!stream.owned) {
        return;
    }
    stream.wakes = static_cast<std::uint8_t>(stream.wakes | whom);
    if (!stream.wake_hook.is_linked()) {
        woken_.push_back(stream);
    }
}

void YamuxSession::give_back_growth(StreamState& stream) noexcept {
    if (stream.grown > 0) {
        memory_.shrink(std::exchange(stream.grown, 0U));
    }
}

result<void> YamuxSession::check_open(const StreamState& stream) const noexcept {
    if (stream.end != StreamEnd::none) {
        return error_of(stream.end);
    }
    if (phase_ != Phase::running) {
        return Errc::connection_closed;
    }
    return ok();
}

Error YamuxSession::error_of(StreamEnd end) const noexcept {
    switch (end) {
        case StreamEnd::aborted: return asio::error::make_error_code(asio::error::operation_aborted);
        case StreamEnd::reset: return Errc::stream_reset;
        case StreamEnd::refused: return memory_.refusal();
        case StreamEnd::violated: return Errc::protocol_violation;
        case StreamEnd::none:
        case StreamEnd::connection_closed: break;
    }
    return Errc::connection_closed;
}

}  // namespace libp2p::yamux
