// SPDX-License-Identifier: MIT OR Apache-2.0
#include "muxing/yamux/yamux_session.hpp"

#include <algorithm>
#include <utility>

// What the session sends: control frames first, then data, one frame of each stream in turn.

namespace libp2p::yamux {
namespace {

/// What a stream may need for its first frame, so that a flight which has this much room takes it.
constexpr std::size_t kControlRoom = 3 * kHeaderSize + kSmallWrite;

FrameHeader session_frame(FrameType type, Flags flags, std::uint32_t value) noexcept {
    return FrameHeader{type, flags, StreamId{}, value};
}

}  // namespace

bool YamuxSession::wants_write() const noexcept {
    switch (phase_) {
        case Phase::ended: return false;
        case Phase::failed: return !goodbye_sent_;
        case Phase::running:
        case Phase::closing: break;
    }
    if (!control_.empty() || !ready_.empty() || !unannounced_.empty() || ping_answer_count_ > 0 || !refusals_.empty() ||
        liveness_.is_urgent()) {
        return true;
    }
    return goodbye_ && !goodbye_sent_ && (phase_ == Phase::running || is_flushed());
}

void YamuxSession::fill(Flight& flight, Clock::time_point now) {
    flight.clear();
    if (phase_ == Phase::ended) {
        return;
    }
    if (phase_ != Phase::failed) {
        put_session_frames(flight, now);
        put_refusals(flight);
        ack_now();
        put_control(flight, now);
        put_announcements(flight, now);  // after the resets that make room for them at the remote
        put_data(flight);
    }
    put_goodbye(flight, now);
    if (!flight.empty()) {
        flying_ = true;
        flight_deadline_ = now + write_patience_;
    }
}

void YamuxSession::landed(Flight& flight) noexcept {
    flying_ = false;
    flight_deadline_ = Clock::time_point::max();
    for (auto* stream : flight.lenders()) {
        stream->writer.in_flight = 0;
        if (stream->writer.left == 0) {
            wake(*stream, wake_writer);
        }
        erase_if_done(*stream);
    }
    flight.clear();
}

void YamuxSession::put_session_frames(Flight& flight, Clock::time_point now) {
    for (std::size_t i = 0; i < ping_answer_count_; ++i) {
        flight.put(session_frame(FrameType::ping, Flags::ack, ping_answers_[i]));
    }
    ping_answer_count_ = 0;
    if (liveness_.has_ping()) {
        flight.put(session_frame(FrameType::ping, Flags::syn, liveness_.take_ping(now)));
    }
}

void YamuxSession::put_refusals(Flight& flight) {
    for (const auto& refusal : refusals_) {
        auto code = static_cast<std::uint32_t>(refusal.code);
        flight.put(FrameHeader{FrameType::window_update, Flags::rst, refusal.id, code});
    }
    if (!refusals_.empty()) {
        std::vector<Refusal>().swap(refusals_);
    }
}

void YamuxSession::put_announcements(Flight& flight, Clock::time_point now) {
    while (!unannounced_.empty() && flight.has_room(kControlRoom)) {
        auto& stream = unannounced_.front();
        unannounced_.pop_front();
        stream.syn_pending = false;
        put_first_frame(flight, stream, Flags::syn, now);
    }
}

void YamuxSession::put_control(Flight& flight, Clock::time_point now) {
    while (!control_.empty() && flight.has_room(kControlRoom)) {
        auto& stream = control_.front();
        control_.pop_front();
        stream.control_urgent = false;
        if (std::exchange(stream.reset_pending, false)) {
            flight.put(FrameHeader{FrameType::window_update, Flags::rst, stream.id, stream.reset_code});
            erase_if_done(stream);
            continue;
        }
        put_first_frame(flight, stream, Flags::none, now);
    }
}

/// Sends what a stream has to say besides bulk: `flags`, an acknowledgement, window, its end; with little data in the
/// same frame where that saves one.
void YamuxSession::put_first_frame(Flight& flight, StreamState& stream, Flags flags, Clock::time_point now) {
    if (std::exchange(stream.ack_pending, false)) {
        flags = flags | Flags::ack;
    }
    auto update = take_window_update(stream, now);
    auto pending = stream.pending();
    bool is_small = pending > 0 && pending <= kSmallWrite && pending <= stream.credit.credit();
    bool ends_now = stream.ends_now();
    if (update > 0 || (flags != Flags::none && !is_small && !ends_now)) {
        flight.put(FrameHeader{FrameType::window_update, flags, stream.id, update});
        flags = Flags::none;
    }
    if (is_small) {
        put_data_frame(flight, stream, static_cast<std::uint32_t>(pending), flags);
        flags = Flags::none;
    }
    put_end(flight, stream, flags);
    after_data(stream);
}

/// The end of what this side writes, once all of it has gone out. Always a frame of its own: js-libp2p drops the body
/// of a data frame that carries FIN.
void YamuxSession::put_end(Flight& flight, StreamState& stream, Flags flags) {
    if (stream.ends_now()) {
        stream.fin_sent = true;
        flight.put(FrameHeader{FrameType::data, flags | Flags::fin, stream.id, 0});
    }
}

void YamuxSession::put_data(Flight& flight) {
    while (!ready_.empty() && flight.octets() < Flight::kFull && flight.has_room(2 * kHeaderSize + kSendBuffer)) {
        auto& stream = ready_.front();
        ready_.pop_front();
        auto sendable = std::min<std::size_t>(stream.pending(), stream.credit.credit());
        auto frames = (sendable + kMaxPayload - 1) / kMaxPayload;
        auto even = (sendable + frames - 1) / frames;
        put_data_frame(flight, stream, static_cast<std::uint32_t>(even), Flags::none);
        put_end(flight, stream, Flags::none);
        after_data(stream);
    }
}

void YamuxSession::put_data_frame(Flight& flight, StreamState& stream, std::uint32_t octets, Flags flags) {
    stream.credit.take(octets);
    if (std::exchange(stream.ack_pending, false)) {
        flags = flags | Flags::ack;
    }
    flight.put(FrameHeader{FrameType::data, flags, stream.id, octets});
    std::size_t left = octets;
    while (left > 0 && !stream.unsent.empty()) {
        auto piece = stream.unsent.front();
        piece = piece.first(std::min(piece.size(), left));
        flight.copy(piece);
        stream.unsent.drop(piece.size(), memory_);
        left -= piece.size();
    }
    if (left == 0) {
        return;
    }
    auto& writer = stream.writer;
    while (left > 0) {
        auto piece = writer.buffer->subspan(writer.offset);
        if (piece.size() > left) {
            piece = piece.first(left);
            writer.offset += left;
        } else {
            ++writer.buffer;
            writer.offset = 0;
        }
        if (piece.size() <= kSmallWrite && flight.has_room(piece.size())) {
            if (!piece.empty()) {
                flight.copy(piece);
            }
        } else {
            flight.lend(piece, stream);
        }
        writer.left -= piece.size();
        left -= piece.size();
    }
    if (is_write_done(stream)) {
        wake(stream, wake_writer);
    }
}

/// Where a stream goes on once some of its data is on its way.
void YamuxSession::after_data(StreamState& stream) {
    if (stream.reset_after_flush && stream.pending() == 0) {
        stream.reset_after_flush = false;
        send_reset(stream, StreamErrorCode::shut_down);
        finish(stream, StreamEnd::connection_closed);
    }
    if (stream.pending() == 0 || stream.credit.credit() == 0) {
        stream.ready_hook.unlink();
    } else {
        mark_ready(stream);
    }
    erase_if_done(stream);
}

/// What to grant now, 0 when an update is not worth a frame.
std::uint32_t YamuxSession::take_window_update(StreamState& stream, Clock::time_point now) {
    auto& window = stream.window;
    if (!window.update_due() || stream.fin_received || stream.end != StreamEnd::none) {
        return 0;
    }
    if (!stream.discarding) {
        auto growth = window.wanted_growth(now, liveness_.round_trip(), window_limit_);
        if (growth > 0 && memory_.grow(growth)) {
            window.grow(growth);
            stream.grown += growth;
        }
    }
    return window.take_update(now);
}

void YamuxSession::put_goodbye(Flight& flight, Clock::time_point now) {
    if (!goodbye_ || goodbye_sent_ || !flight.has_room(kHeaderSize)) {
        return;
    }
    if (phase_ == Phase::running) {  // out of ids: the connection goes on with the streams it has
        flight.put(session_frame(FrameType::go_away, Flags::none, *goodbye_));
        goodbye_.reset();
        return;
    }
    bool nothing_left = control_.empty() && ready_.empty() && unannounced_.empty();
    if (phase_ == Phase::failed || (nothing_left && is_flushed())) {
        flight.put(session_frame(FrameType::go_away, Flags::none, *goodbye_));
        goodbye_sent_ = true;
        farewell_deadline_ = now + kFarewell;
    }
}

/// No stream has anything left to send, not even for want of credit.
bool YamuxSession::is_flushed() const noexcept {
    return std::ranges::all_of(streams_, [](const auto& entry) {
        const StreamState& stream = entry.second;
        return stream.end != StreamEnd::none || (stream.pending() == 0 && (!stream.fin_queued || stream.fin_sent));
    });
}

/// Lets acknowledgements wait no longer.
void YamuxSession::ack_now() noexcept {
    while (!ack_later_.empty()) {
        auto& stream = ack_later_.front();
        ack_later_.pop_front();
        stream.control_urgent = true;
        control_.push_back(stream);
    }
    ack_later_count_ = 0;
    ack_time_ = Clock::time_point::max();
}

}  // namespace libp2p::yamux
