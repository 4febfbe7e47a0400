// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "proto/webrtc_frame.hpp"

#include <chrono>
#include <cstdint>

namespace libp2p::webrtc {

/// How long the answer to a FIN may take before the write half counts as closed without it.
inline constexpr std::chrono::seconds kFinAckTimeout{10};

/// The same where no FIN_ACK ever comes, and SCTP has not said either that all was received.
inline constexpr std::chrono::seconds kFinAcknowledgedTimeout{1};

/// How long a stream whose handle is gone waits for the rest of the remote's, and for its own data to leave, without
/// any progress.
inline constexpr std::chrono::seconds kAbandonedTimeout{10};

/// How long the channel stays open for a RESET to arrive, in all: peers report a closed channel at once.
inline constexpr std::chrono::milliseconds kResetLinger{500};

/// How long it stays open, unless the remote closes it, behind what has arrived there and may not have been read: a
/// RESET, or the last octet towards a peer that never says that it has read a FIN.
inline constexpr std::chrono::milliseconds kCloseGrace{250};

/// Decides how a stream over a data channel ends (libp2p specs, webrtc: "Data Channel multiplexing"): which frames are
/// sent, when the channel is closed, and what the two halves report to the application.
///
/// Tell it what happens, do what the answer says. It does no I/O, reads no clock, knows no data: it is told after all
/// earlier octets of the channel were processed, and `now` never goes back. Every event is legal in every state. At
/// `deadline` call `on_time`. Once `is_over`, nothing is left to do and every answer is empty.
///
/// After…               write_half   read_half
/// close_write()        closed       -
/// FIN in               -            eof
/// STOP_SENDING in      stopped      -
/// RESET in             reset        reset, or eof when there was a FIN
/// channel closed       reset, or closed after our FIN was sent     likewise
/// abort()              aborted      aborted
class HalfClose {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    /// What has to be done after an event; frames in this order.
    struct Actions {
        bool deliver = false;            ///< `on_payload` only: keep it for the reader, throw it away otherwise
        bool discard_unsent = false;     ///< drop the data that SCTP has not taken yet, whole frames
        bool send_fin_ack = false;       ///< at once, before data that waits
        bool send_fin = false;           ///< behind the data that waits; then say `on_fin_written`
        bool send_stop_sending = false;  ///< at once
        bool send_reset = false;         ///< at once
        bool close_channel = false;      ///< reset the outgoing SCTP stream, behind what was sent on it
        bool wake_reader = false;        ///< `read_half` has changed
        bool wake_writer = false;        ///< `write_half` or `is_write_done` has changed

        friend bool operator==(const Actions&, const Actions&) = default;
    };

    enum class WriteHalf : std::uint8_t {
        open,
        closed,   ///< by the application
        stopped,  ///< the remote reads no more; a FIN can still be sent
        reset,    ///< by the remote
        aborted,  ///< by the application, or because the remote broke a rule
    };
    enum class ReadHalf : std::uint8_t {
        open,
        eof,      ///< behind the data that has arrived
        reset,    ///< by the remote; its data that has arrived may still be delivered
        aborted,  ///< by the application, or because the remote broke a rule
    };

    /// `has_fin_ack` is false for rust-libp2p, which never sends a FIN_ACK and fails its reader on one: it gets none,
    /// and that SCTP has acknowledged everything stands in for its own. It takes STOP_SENDING for an end too, and gets
    /// it only behind our FIN.
    explicit HalfClose(bool has_fin_ack = true) noexcept : has_fin_ack_(has_fin_ack) {}

    /// The remote has turned out to be one without FIN_ACK.
    void expect_no_fin_ack(TimePoint now) noexcept;

    /// The application writes no more.
    Actions close_write(TimePoint now) noexcept;

    /// The application reads no more, but wants to write.
    Actions close_read(TimePoint now) noexcept;

    /// The application gives up both halves.
    Actions abort(TimePoint now) noexcept;

    /// The application has destroyed its handle: a stream that was closed for writing goes on until the remote's end,
    /// another one is reset.
    Actions release(TimePoint now) noexcept;

    /// A frame of the remote carried payload.
    Actions on_payload(TimePoint now) noexcept;

    /// A frame of the remote carried a flag, behind its payload.
    Actions on_flag(Flag flag, TimePoint now) noexcept;

    /// The remote has closed the channel, or broken the framing.
    Actions on_channel_closed(TimePoint now) noexcept;
    Actions on_violation(TimePoint now) noexcept { return abort(now); }

    /// SCTP has taken our FIN.
    Actions on_fin_written(TimePoint now) noexcept;

    /// SCTP has taken or acknowledged some of our data: what waits for the remote waits anew.
    void on_progress(TimePoint now) noexcept;

    /// The remote's SCTP has acknowledged everything that was to be sent on the channel, our last frame too.
    Actions on_acknowledged(TimePoint now) noexcept;

    /// `deadline` is reached, or not: then nothing happens.
    Actions on_time(TimePoint now) noexcept;

    /// When `on_time` has to be called; `TimePoint::max()` for never. Every event may change it.
    TimePoint deadline() const noexcept;

    WriteHalf write_half() const noexcept { return write_; }
    ReadHalf read_half() const noexcept { return read_; }

    /// After `close_write`: the remote has everything, as far as can be known.
    bool is_write_done() const noexcept { return fin_ == Fin::done; }

    /// The channel is closed from this side. Its number may be used again once the remote has closed it too.
    bool is_over() const noexcept { return over_; }

private:
    enum class Fin : std::uint8_t { none, queued, sent, done };

    static constexpr TimePoint kNever = TimePoint::max();

    void queue_fin(Actions& actions) noexcept;
    void stop_reading(Actions& actions) noexcept;
    void finish_fin(Actions& actions, TimePoint now) noexcept;
    void reset(Actions& actions, TimePoint now) noexcept;
    void remote_ended(Actions& actions) noexcept;
    void close_if_done(Actions& actions, TimePoint now) noexcept;
    void close(Actions& actions) noexcept;
    bool is_closing() const noexcept { return close_deadline_ != kNever; }  // only waits for that

    bool has_fin_ack_;
    bool over_ = false;
    bool discards_ = false;     // payload is of no use any more
    bool stop_is_due_ = false;  // a STOP_SENDING waits for our FIN
    bool was_reset_ = false;    // by us
    Fin fin_ = Fin::none;       // ours
    WriteHalf write_ = WriteHalf::open;
    ReadHalf read_ = ReadHalf::open;
    TimePoint fin_deadline_ = kNever;
    TimePoint abandoned_deadline_ = kNever;
    TimePoint close_deadline_ = kNever;
};

}  // namespace libp2p::webrtc
