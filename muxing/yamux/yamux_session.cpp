// SPDX-License-Identifier: MIT OR Apache-2.0
#include "muxing/yamux/yamux_session.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

// The session's life and what comes in. What goes out: yamux_session_output.cpp; streams: yamux_session_streams.cpp.

namespace libp2p::yamux {
namespace {

namespace asio = boost::asio;

Error violation(const char* what, StreamId id) {
    return Error(Errc::protocol_violation, "yamux: " + std::string(what) + ", stream " + std::to_string(id.value));
}

std::uint32_t window_limit(const Limits& limits) noexcept {
    constexpr std::size_t kMost = std::numeric_limits<std::uint32_t>::max() / 2;
    return static_cast<std::uint32_t>(std::clamp<std::size_t>(limits.stream_window, kInitialWindow, kMost));
}

}  // namespace

YamuxSession::YamuxSession(
    Direction role,
    const Limits& limits,
    const Timeouts& timeouts,
    std::shared_ptr<Budget> budget,
    std::uint64_t hash_key,
    Clock::time_point now
)
    : ids_(role),
      liveness_(timeouts.keep_alive, timeouts.write, now),
      memory_(std::move(budget), limits.connection_window_growth),
      window_limit_(window_limit(limits)),
      accept_backlog_(limits.accept_backlog),
      write_patience_(timeouts.write),
      streams_(0, IdHash{hash_key | 1U}) {}

YamuxSession::~YamuxSession() = default;

result<std::size_t> YamuxSession::receive(ByteView chunk, Clock::time_point now) {
    if (phase_ == Phase::failed || phase_ == Phase::ended) {
        return chunk.size();
    }
    liveness_.on_receive(now);
    std::size_t at = 0;
    while (at < chunk.size()) {
        auto rest = chunk.subspan(at);
        if (body_left_ > 0) {
            auto piece = rest.first(std::min<std::size_t>(rest.size(), body_left_));
            auto taken = deliver(piece);
            at += taken;
            body_left_ -= static_cast<std::uint32_t>(taken);
            if (body_left_ == 0) {
                on_body_end();
            }
            if (taken < piece.size()) {
                return at;
            }
            continue;
        }
        if (is_held_up()) {
            return at;
        }
        auto missing = std::min(kHeaderSize - head_size_, rest.size());
        std::memcpy(head_.data() + head_size_, rest.data(), missing);
        head_size_ += missing;
        at += missing;
        if (head_size_ < kHeaderSize) {
            break;
        }
        head_size_ = 0;
        auto header = decode(head_);
        if (!header) {
            return fail(header.error(), kGoAwayProtocolError, now);
        }
        if (auto handled = on_header(*header, now); !handled) {
            return fail(handled.error(), kGoAwayProtocolError, now);
        }
    }
    return at;
}

result<void> YamuxSession::on_header(const FrameHeader& header, Clock::time_point now) {
    switch (header.type) {
        case FrameType::data:
        case FrameType::window_update: return on_stream_frame(header, now);
        case FrameType::ping: return on_ping(header, now);
        case FrameType::go_away:
            if (header.stream.value != 0) {
                return violation("GoAway on a stream", header.stream);
            }
            remote_goodbye_ = header.length;
            return ok();
    }
    return ok();
}

result<void> YamuxSession::on_ping(const FrameHeader& header, Clock::time_point now) {
    if (header.stream.value != 0) {
        return violation("ping on a stream", header.stream);
    }
    if (has(header.flags, Flags::ack)) {
        liveness_.on_answer(header.length, now);
    } else if (has(header.flags, Flags::syn) && ping_answer_count_ < kPingAnswers) {
        ping_answers_[ping_answer_count_++] = header.length;
    }
    return ok();
}

result<void> YamuxSession::on_stream_frame(const FrameHeader& header, Clock::time_point now) {
    if (header.stream.value == 0) {
        return violation("stream frame for the session", header.stream);
    }
    if (header.type == FrameType::data) {
        body_left_ = header.length;
        body_stream_ = nullptr;
        body_fin_ = false;
    }
    StreamState* stream = nullptr;
    if (has(header.flags, Flags::syn)) {
        auto opened = on_syn(header, now);
        if (!opened) {
            return opened.error();
        }
        stream = *opened;
    } else {
        if (ids_.is_ours(header.stream) && !ids_.was_taken(header.stream)) {
            return violation("frame for a stream that was never opened", header.stream);
        }
        stream = find(header.stream);
        if (stream != nullptr && stream->syn_pending) {
            return violation("frame for a stream that was never announced", header.stream);
        }
    }
    remote_takes_streams_ = true;
    if (stream == nullptr) {
        return ok();  // forgotten, or refused: its frames are thrown away
    }
    on_acknowledged(*stream);
    if (has(header.flags, Flags::rst)) {
        on_reset(*stream, header.type == FrameType::window_update ? header.length : 0);
        return ok();
    }
    if (header.type == FrameType::data) {
        return on_data(*stream, header);
    }
    if (!stream->credit.add(header.length)) {
        return violation("window beyond 32 bits", header.stream);
    }
    mark_ready(*stream);
    if (has(header.flags, Flags::fin)) {
        on_fin(*stream);
    }
    return ok();
}

/// Null when the stream is refused.
result<StreamState*> YamuxSession::on_syn(const FrameHeader& header, Clock::time_point now) {
    if (ids_.is_ours(header.stream)) {
        return violation("stream opened with an id of ours", header.stream);
    }
    if (!ids_.note_remote(header.stream)) {
        return violation("stream id used again", header.stream);
    }
    if (header.type == FrameType::data && header.length > kInitialWindow) {
        return violation("first data beyond the window", header.stream);
    }
    if (has(header.flags, Flags::rst)) {
        return nullptr;
    }
    auto refuse = [&](StreamErrorCode code) -> StreamState* {
        refusals_.push_back(Refusal{header.stream, code});
        return nullptr;
    };
    if (phase_ != Phase::running) {
        return refuse(StreamErrorCode::shut_down);
    }
    if (accept_queue_size_ >= accept_backlog_ || !memory_.hold(sizeof(StreamState))) {
        return refuse(StreamErrorCode::resource_limit_exceeded);
    }
    auto& stream = add(header.stream, Direction::inbound, now);
    stream.record_charged = true;
    stream.queued_for_accept = true;
    accept_queue_.push_back(stream);
    ++accept_queue_size_;
    ++open_count_;
    return &stream;
}

result<void> YamuxSession::on_data(StreamState& stream, const FrameHeader& header) {
    if (stream.end != StreamEnd::none) {
        return ok();
    }
    if (!stream.window.receive(header.length)) {
        return violation("data beyond the window", header.stream);
    }
    if (stream.fin_received) {
        if (header.length > 0) {
            send_reset(stream, StreamErrorCode::protocol_violation);
            finish(stream, StreamEnd::violated);
            erase_if_done(stream);
        }
        return ok();
    }
    body_stream_ = &stream;
    body_fin_ = has(header.flags, Flags::fin);
    if (body_left_ == 0) {
        on_body_end();
    }
    return ok();
}

/// Hands payload to its stream; less than all when it is worth waiting for the reader. At most one copy is made here,
/// into the reader's memory where there is one.
std::size_t YamuxSession::deliver(ByteView piece) {
    if (body_stream_ == nullptr) {
        return piece.size();
    }
    auto& stream = *body_stream_;
    if (stream.discarding) {
        on_consumed(stream, piece.size());
        return piece.size();
    }
    auto& reader = stream.reader;
    auto direct = std::min(piece.size(), reader.room());
    if (direct > 0) {
        std::memcpy(reader.data + reader.filled, piece.data(), direct);
        reader.filled += direct;
        wake(stream, wake_reader);
        on_consumed(stream, direct);
    }
    auto rest = piece.subspan(direct);
    if (rest.size() >= kWorthWaiting && reader.data != nullptr && !stream.paused) {
        stream.paused = true;
        return direct;
    }
    if (!stream.received.append(rest, memory_)) {
        send_reset(stream, StreamErrorCode::resource_limit_exceeded);
        finish(stream, StreamEnd::refused);
        erase_if_done(stream);
    }
    return piece.size();
}

void YamuxSession::on_body_end() noexcept {
    auto* stream = std::exchange(body_stream_, nullptr);
    if (stream != nullptr && std::exchange(body_fin_, false)) {
        on_fin(*stream);
    }
}

void YamuxSession::on_fin(StreamState& stream) noexcept {
    if (stream.end != StreamEnd::none || stream.fin_received) {
        return;
    }
    stream.fin_received = true;
    give_back_growth(stream);
    wake(stream, wake_reader);
    erase_if_done(stream);
}

void YamuxSession::on_reset(StreamState& stream, std::uint32_t code) noexcept {
    stream.reset_pending = false;
    if (stream.end == StreamEnd::none) {
        stream.remote_code = code;
        finish(stream, StreamEnd::reset);
    }
    erase_if_done(stream);
}

void YamuxSession::on_acknowledged(StreamState& stream) noexcept {
    if (stream.direction == Direction::outbound && !std::exchange(stream.acknowledged, true)) {
        --unacknowledged_;
    }
}

Error YamuxSession::fail(Error error, std::uint32_t code, Clock::time_point now) noexcept {
    phase_ = Phase::failed;
    error_ = error;
    goodbye_ = code;
    goodbye_sent_ = false;
    farewell_deadline_ = now + kFarewell;
    body_stream_ = nullptr;
    for (auto at = streams_.begin(); at != streams_.end();) {
        auto& stream = (at++)->second;
        stream.reset_pending = false;
        finish(stream, StreamEnd::connection_closed);
        erase_if_done(stream);
    }
    return error;
}

void YamuxSession::close(ConnectionErrorCode code, Clock::time_point now) {
    if (phase_ != Phase::running) {
        return;
    }
    phase_ = Phase::closing;
    error_ = asio::error::make_error_code(asio::error::operation_aborted);
    goodbye_ = static_cast<std::uint32_t>(code);
    liveness_.on_receive(now);
    for (auto at = streams_.begin(); at != streams_.end();) {
        auto& stream = (at++)->second;
        wake(stream, wake_reader | wake_writer);
        if (stream.fin_queued || stream.end != StreamEnd::none) {
            continue;  // ends by itself
        }
        withdraw_write(stream);
        if (stream.pending() > 0) {
            stream.reset_after_flush = true;
            continue;
        }
        send_reset(stream, StreamErrorCode::shut_down);
        finish(stream, StreamEnd::connection_closed);
        erase_if_done(stream);
    }
}

void YamuxSession::end(Error why) noexcept {
    if (phase_ == Phase::ended) {
        return;
    }
    if (phase_ == Phase::running) {
        error_ = std::move(why);
    }
    phase_ = Phase::ended;
    body_stream_ = nullptr;
    for (auto at = streams_.begin(); at != streams_.end();) {
        auto& stream = (at++)->second;
        stream.reset_pending = false;
        finish(stream, StreamEnd::connection_closed);
        erase_if_done(stream);
    }
}

void YamuxSession::on_eof() noexcept {
    if (!remote_goodbye_ || *remote_goodbye_ == kGoAwayNormal) {
        end(asio::error::make_error_code(asio::error::eof));
        return;
    }
    auto reason = describe(static_cast<ConnectionErrorCode>(*remote_goodbye_));
    if (*remote_goodbye_ == kGoAwayProtocolError) {
        reason = "protocol error";
    } else if (*remote_goodbye_ == kGoAwayInternalError) {
        reason = "internal error";
    }
    end(Error(Errc::refused_by_remote, "yamux GoAway, " + std::string(reason)));
}

Clock::time_point YamuxSession::deadline() const noexcept {
    if (phase_ == Phase::ended) {
        return Clock::time_point::max();
    }
    auto next = std::min({liveness_.deadline(), ack_time_, flight_deadline_, farewell_deadline_});
    if (!lingering_list_.empty()) {
        next = std::min(next, lingering_list_.front().linger_until);
    }
    if (!deadlines_.empty()) {
        next = std::min(next, deadlines_.begin()->deadline_key);
    }
    return next;
}

void YamuxSession::on_time(Clock::time_point now) {
    auto timed_out = asio::error::make_error_code(asio::error::timed_out);
    if (now >= flight_deadline_) {
        end(Error(timed_out, "yamux: the remote takes no data"));
    } else if (!liveness_.on_time(now)) {
        end(Error(timed_out, "yamux: no answer to a ping"));
    } else if (now >= farewell_deadline_) {
        end(error_);
    }
    if (now >= ack_time_) {
        ack_now();
    }
    while (!lingering_list_.empty() && lingering_list_.front().linger_until <= now) {
        auto& stream = lingering_list_.front();
        send_reset(stream, StreamErrorCode::none);
        finish(stream, StreamEnd::aborted);
        erase_if_done(stream);
    }
    while (!deadlines_.empty() && deadlines_.begin()->deadline_key <= now) {
        auto& stream = *deadlines_.begin();
        stream.deadline_hook.unlink();
        if (stream.deadline <= now) {
            stream.expired = true;
            wake(stream, wake_reader | wake_writer);
        } else {
            set_deadline(stream, stream.deadline);
        }
    }
}

StreamState* YamuxSession::find(StreamId id) noexcept {
    auto found = streams_.find(id.value);
    return found == streams_.end() ? nullptr : &found->second;
}

}  // namespace libp2p::yamux
