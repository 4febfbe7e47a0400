// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/buffers/memory_account.hpp"
#include "muxing/yamux/yamux_flight.hpp"
#include "muxing/yamux/yamux_frame.hpp"
#include "muxing/yamux/yamux_liveness.hpp"
#include "muxing/yamux/yamux_stream_ids.hpp"
#include "muxing/yamux/yamux_stream_state.hpp"

#include <libp2p/error_codes.hpp>
#include <libp2p/limits.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace libp2p::yamux {

/// Streams that we open ahead of the remote's acknowledgement. More have to wait.
inline constexpr std::uint32_t kOpenBacklog = 256;
/// The same before the remote has said anything about any stream: js-libp2p resets what comes early beyond ten.
inline constexpr std::uint32_t kEarlyStreams = 8;
/// Payload of one data frame at most: with its header it fits one Noise message (65 535 less a tag of 16).
inline constexpr std::uint32_t kMaxPayload = 65'535 - 16 - static_cast<std::uint32_t>(kHeaderSize);
/// Octets of small writes that a stream copies and holds, so that their writers need not wait.
inline constexpr std::size_t kSendBuffer = 8 * 1024;
/// Answers to pings that wait to be sent. What comes beyond is not answered.
inline constexpr std::size_t kPingAnswers = 32;
/// Resets of streams that were refused and wait to be sent. With so many nothing more is taken from the remote.
inline constexpr std::size_t kRefusals = 1024;
/// Streams that finish without an owner. Beyond, the oldest is reset.
inline constexpr std::size_t kLingering = 4096;
/// Streams without an owner, those whose reset has not been sent included. A remote that takes no resets while it makes
/// us owe more is cut off.
inline constexpr std::size_t kUnowned = 16'384;
/// How long a stream without an owner waits for the remote to finish.
inline constexpr std::chrono::seconds kLinger{30};
/// The acknowledgement of an accepted stream waits this long for a frame to ride on, or for so many others.
inline constexpr std::chrono::milliseconds kAckDelay{10};
inline constexpr std::size_t kAckBatch = 64;
/// How long we wait for the remote's end after we have said goodbye.
inline constexpr std::chrono::milliseconds kFarewell{500};
/// An arriving piece of this size or more, for a reader that was just woken, waits one turn for it to read again.
inline constexpr std::size_t kWorthWaiting = 8 * 1024;

/// The protocol, without input, output, or clock. Serves the driver (octets) and the streams (operations).
///
/// Whatever is called, afterwards the caller looks at `next_wake`, `wants_write` and `deadline`; streams are changed by
/// calls, never behind the caller's back.
class YamuxSession {
public:
    /// Whom a stream's owner has to wake.
    enum Wake : std::uint8_t { wake_reader = 1, wake_writer = 2 };

    /// `role` outbound: we are the client. `hash_key` keeps the remote from choosing ids that collide.
    YamuxSession(
        Direction role,
        const Limits& limits,
        const Timeouts& timeouts,
        std::shared_ptr<Budget> budget,
        std::uint64_t hash_key,
        Clock::time_point now
    );
    ~YamuxSession();
    YamuxSession(const YamuxSession&) = delete;
    YamuxSession& operator=(const YamuxSession&) = delete;

    // --- octets

    /// Takes what the remote sent; returns how much. Less than all means: let the readers that were woken run once, and
    /// send while it `is_held_up`, then come back with the rest. An error means that the remote broke a rule: send what
    /// `fill` gives, then end.
    result<std::size_t> receive(ByteView chunk, Clock::time_point now);

    bool wants_write() const noexcept;

    /// Takes nothing before resets that are due were sent.
    bool is_held_up() const noexcept { return phase_ < Phase::failed && refusals_.size() >= kRefusals; }

    /// Puts together what is sent next. The flight stays with the session until `landed`, for at most one at a time.
    void fill(Flight& flight, Clock::time_point now);

    /// The channel has taken the flight, or failed: what it borrowed is free again.
    void landed(Flight& flight) noexcept;

    /// The goodbye is out and nothing follows: close the channel for writing.
    bool has_said_goodbye() const noexcept { return goodbye_sent_ && !flying_; }

    // --- life

    /// Refuses new streams, lets what was written go out, says goodbye.
    void close(ConnectionErrorCode code, Clock::time_point now);

    /// Nothing can be sent or received any more. The first call decides what `error` tells.
    void end(Error why) noexcept;

    /// The channel came to its end by the remote's doing.
    void on_eof() noexcept;

    bool has_ended() const noexcept { return phase_ == Phase::ended; }
    const Error& error() const noexcept { return error_; }

    /// When `on_time` has to be called at the latest.
    Clock::time_point deadline() const noexcept;
    void on_time(Clock::time_point now);

    // --- streams

    /// How many streams can be opened before the remote has acknowledged more; without end when `open` would fail.
    std::size_t open_room() const noexcept;
    result<StreamState*> open(Clock::time_point now);

    /// The next stream of the remote; null when there is none now.
    StreamState* accept(Clock::time_point now) noexcept;

    /// The owner is gone: finishes the stream politely if it was closed for writing, else resets it.
    void release(StreamState& stream, Clock::time_point now) noexcept;

    /// Copies out what is there. 0: nothing yet, lend a slot.
    result<std::size_t> read(StreamState& stream, MutableByteView into) noexcept;
    void lend_reader(StreamState& stream, MutableByteView into) noexcept;
    bool is_read_done(const StreamState& stream) const noexcept;
    /// Ends the loan; tells how much had come.
    std::size_t take_back_reader(StreamState& stream) noexcept;

    /// True: done, nothing is borrowed. False: wait until `is_write_done`, then ask `finish_write`.
    result<bool> write(StreamState& stream, std::span<const ByteView> buffers);
    bool is_write_done(const StreamState& stream) const noexcept;
    result<void> finish_write(StreamState& stream) noexcept;
    /// Forgets what has not been sent. What is in flight stays borrowed until it lands.
    void withdraw_write(StreamState& stream) noexcept;

    result<void> close_write(StreamState& stream) noexcept;
    void reset(StreamState& stream, StreamErrorCode code) noexcept;
    void set_deadline(StreamState& stream, Clock::time_point time) noexcept;

    // --- news

    /// A stream whose owner has something to do, with `taken` telling whom to wake; null when there is none.
    StreamState* next_wake(std::uint8_t& taken) noexcept;

    bool has_accept() const noexcept { return !accept_queue_.empty(); }
    bool takes_streams() const noexcept { return phase_ == Phase::running; }

    std::size_t open_count() const noexcept { return open_count_; }
    Clock::duration round_trip() const noexcept { return liveness_.round_trip(); }
    /// What the remote's GoAway said, once it has.
    std::optional<std::uint32_t> remote_goodbye() const noexcept { return remote_goodbye_; }

    // For tests and figures.
    std::size_t record_count() const noexcept { return streams_.size(); }
    const MemoryAccount& memory() const noexcept { return memory_; }
    StreamState* find(StreamId id) noexcept;
    StreamIds& ids() noexcept { return ids_; }

private:
    enum class Phase : std::uint8_t {
        running,
        closing,  ///< we say goodbye
        failed,   ///< the remote broke a rule: only our GoAway goes out
        ended,
    };

    /// Ids are chosen by the remote, so buckets are not: multiplied by a key that it does not know.
    struct IdHash {
        std::uint64_t key;
        std::size_t operator()(std::uint32_t id) const noexcept { return (id * key) >> 20U; }
    };

    struct Refusal {
        StreamId id;
        StreamErrorCode code;
    };

    // what comes in: yamux_session.cpp
    result<void> on_header(const FrameHeader& header, Clock::time_point now);
    result<void> on_stream_frame(const FrameHeader& header, Clock::time_point now);
    result<StreamState*> on_syn(const FrameHeader& header, Clock::time_point now);
    result<void> on_ping(const FrameHeader& header, Clock::time_point now);
    result<void> on_data(StreamState& stream, const FrameHeader& header);
    std::size_t deliver(ByteView piece);
    void on_body_end() noexcept;
    void on_acknowledged(StreamState& stream) noexcept;
    void on_fin(StreamState& stream) noexcept;
    void on_reset(StreamState& stream, std::uint32_t code) noexcept;
    Error fail(Error error, std::uint32_t code, Clock::time_point now) noexcept;

    // what goes out: yamux_session_output.cpp
    void put_session_frames(Flight& flight, Clock::time_point now);
    void put_refusals(Flight& flight);
    void put_announcements(Flight& flight, Clock::time_point now);
    void put_control(Flight& flight, Clock::time_point now);
    void put_data(Flight& flight);
    void put_goodbye(Flight& flight, Clock::time_point now);
    void put_first_frame(Flight& flight, StreamState& stream, Flags flags, Clock::time_point now);
    void put_end(Flight& flight, StreamState& stream, Flags flags);
    void put_data_frame(Flight& flight, StreamState& stream, std::uint32_t octets, Flags flags);
    void after_data(StreamState& stream);
    void ack_now() noexcept;
    std::uint32_t take_window_update(StreamState& stream, Clock::time_point now);
    bool is_flushed() const noexcept;

    // streams: yamux_session_streams.cpp
    StreamState& add(StreamId id, Direction direction, Clock::time_point now);
    void finish(StreamState& stream, StreamEnd end) noexcept;
    void send_reset(StreamState& stream, StreamErrorCode code) noexcept;
    void erase_if_done(StreamState& stream) noexcept;
    void linger(StreamState& stream, Clock::time_point now) noexcept;
    void stop_lingering(StreamState& stream) noexcept;
    void on_consumed(StreamState& stream, std::size_t octets) noexcept;
    void mark_ready(StreamState& stream) noexcept;
    void mark_control(StreamState& stream) noexcept;
    void wake(StreamState& stream, std::uint8_t whom) noexcept;
    void give_back_growth(StreamState& stream) noexcept;
    result<void> check_open(const StreamState& stream) const noexcept;
    Error error_of(StreamEnd end) const noexcept;

    StreamIds ids_;
    Liveness liveness_;
    MemoryAccount memory_;
    std::uint32_t window_limit_;
    std::uint32_t accept_backlog_;
    Clock::duration write_patience_;

    Phase phase_ = Phase::running;
    Error error_ = Errc::connection_closed;
    std::uint32_t unacknowledged_ = 0;  // streams of ours
    bool remote_takes_streams_ = false;
    std::size_t open_count_ = 0;
    std::size_t accept_queue_size_ = 0;
    std::size_t lingering_ = 0;
    std::size_t unowned_ = 0;

    std::unordered_map<std::uint32_t, StreamState, IdHash> streams_;
    StreamList<&StreamState::queue_hook> accept_queue_;
    StreamList<&StreamState::queue_hook> unannounced_;  // in the order of their ids
    StreamList<&StreamState::control_hook> control_;    // have frames to send
    StreamList<&StreamState::control_hook> ack_later_;  // have an ACK to send, which may wait
    StreamList<&StreamState::ready_hook> ready_;        // have data and credit; first come, first served
    StreamList<&StreamState::wake_hook> woken_;
    StreamList<&StreamState::linger_hook> lingering_list_;  // oldest first
    StreamDeadlines deadlines_;

    // the frame that is being received
    std::array<std::uint8_t, kHeaderSize> head_;
    std::size_t head_size_ = 0;
    std::uint32_t body_left_ = 0;
    StreamState* body_stream_ = nullptr;  // null: thrown away
    bool body_fin_ = false;

    // what the session itself has to send
    std::array<std::uint32_t, kPingAnswers> ping_answers_;
    std::size_t ping_answer_count_ = 0;
    std::vector<Refusal> refusals_;
    std::optional<std::uint32_t> goodbye_;  // the reason to give
    bool goodbye_sent_ = false;
    std::optional<std::uint32_t> remote_goodbye_;
    std::size_t ack_later_count_ = 0;
    Clock::time_point ack_time_ = Clock::time_point::max();

    bool flying_ = false;
    Clock::time_point flight_deadline_ = Clock::time_point::max();
    Clock::time_point farewell_deadline_ = Clock::time_point::max();
};

}  // namespace libp2p::yamux
