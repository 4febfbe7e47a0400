// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/webrtc/congestion_control.hpp"
#include "transports/webrtc/sctp_stack.hpp"

#include <libp2p/bytes.hpp>
#include <libp2p/error.hpp>

#include <cstdint>
#include <memory>
#include <span>

struct socket;  // usrsctp's

namespace libp2p::webrtc {

/// What a data channel's message is (RFC 8831 section 8).
enum class PayloadProtocol : std::uint32_t {
    dcep = 50,
    text = 51,
    binary_partial = 52,
    binary = 53,
    text_partial = 54,
    text_empty = 56,
    binary_empty = 57,
};

/// What an association tells whoever made it.
class SctpEvents {
public:
    virtual ~SctpEvents() = default;

    /// A packet to send to the remote, with its checksum. The association must not be called from here.
    virtual void send_packet(ByteView packet) noexcept = 0;

    /// Streams 0 to `streams` - 1 may be used, in both directions.
    virtual void on_established(std::uint16_t streams) = 0;

    /// A message, or a part of one: `is_last` with the end of it. Messages of one stream come in order.
    virtual void on_message(std::uint16_t stream, PayloadProtocol protocol, ByteView piece, bool is_last) = 0;

    /// The remote has reset its half of these; everything that it sent on them before was delivered.
    virtual void on_remote_reset(std::span<const std::uint16_t> streams) = 0;

    /// Our half of these was reset; or could not be, because the remote refused.
    virtual void on_local_reset(std::span<const std::uint16_t> streams, bool is_done) = 0;

    /// There may be room for more.
    virtual void on_writable() = 0;

    /// Everything that was sent has been acknowledged.
    virtual void on_all_acknowledged() = 0;

    /// The association has ended; nothing follows. `asio::error::eof` where the remote shut it down politely.
    virtual void on_ended(Error why) = 0;

    /// The association was looked at, and everything above was told.
    virtual void on_looked() = 0;

    /// By which round trips are measured.
    virtual std::chrono::steady_clock::time_point now() const noexcept = 0;
};

/// Buffers and streams of one association.
struct SctpOptions {
    std::uint16_t streams = 1024;               ///< each way; the remote may want fewer
    std::uint32_t send_buffer = 256 * 1024;     ///< octets
    std::uint32_t receive_buffer = 256 * 1024;  ///< octets; the window that the remote is offered
    std::uint32_t path_mtu = 1191;              ///< octets of an SCTP packet
};

/// One SCTP association (RFC 9260) between ports 5000, over whatever carries packets (RFC 8261): packets in, events
/// out, no socket of the system and no waiting. One thread at a time, that of `executor`; events come only from within
/// `receive` and `look`. Destroying it aborts the association.
class SctpAssociation : public std::enable_shared_from_this<SctpAssociation> {
public:
    /// Octets of a message that a packet of `path_mtu` octets carries.
    static std::size_t max_fragment(std::uint32_t path_mtu) noexcept;

    static result<std::shared_ptr<SctpAssociation>> make(
        asio::any_io_executor executor,
        const SctpOptions& options,
        SctpEvents& events,
        std::chrono::steady_clock::time_point now
    );

    SctpAssociation(const SctpAssociation&) = delete;
    SctpAssociation& operator=(const SctpAssociation&) = delete;
    ~SctpAssociation();

    /// Sends an INIT. Before this, packets are not taken.
    result<void> connect();

    /// A packet of the remote.
    void receive(ByteView packet) noexcept;

    /// Hands out what has arrived, unless paused, and tells whether there is room. Called by the stack after timers;
    /// call it after a burst of `receive` and after `resume`.
    void look();

    /// No more messages until `resume`: the window that the remote is offered closes.
    void pause() noexcept { paused_ = true; }
    void resume() noexcept { paused_ = false; }
    bool is_paused() const noexcept { return paused_; }

    /// Sends one message. False when there is no room for it now: nothing was taken, `on_writable` follows.
    result<bool> send(std::uint16_t stream, PayloadProtocol protocol, ByteView message);

    /// Sends two messages, or none.
    result<bool> send_both(std::uint16_t stream, PayloadProtocol protocol, ByteView first, ByteView second);

    /// Resets our half of a stream, behind what was sent on it (RFC 6525).
    result<void> reset(std::uint16_t stream);

    /// Octets that were sent and are not acknowledged, and that have arrived and are not handed out.
    struct Held {
        std::size_t to_send = 0;
        std::size_t received = 0;
    };
    Held held() const noexcept;

    /// While this is on, a message that does not fill a packet waits for the next one to share it, if anything is
    /// unacknowledged; it leaves with the first message that is sent when this is off again.
    void set_bundling(bool is_on) noexcept;

    void set_send_buffer(std::uint32_t octets) noexcept;
    void set_receive_buffer(std::uint32_t octets) noexcept;

    /// What SCTP knows of the path.
    struct Path {
        std::chrono::milliseconds round_trip{};  ///< smoothed; zero when it is not known
        std::size_t congestion_window = 0;       ///< octets
    };
    Path path() const noexcept;

    /// Tells the remote, and forgets the association. Idempotent; no event follows.
    void abort() noexcept;

    /// For `make`.
    struct Token {
        explicit Token() = default;
    };
    SctpAssociation(Token, SctpEvents& events, const SctpOptions& options) noexcept;

private:
    friend class SctpStack;

    /// A call into usrsctp by the owner of an association, for as long as it lasts.
    class Calling;

    /// What usrsctp calls, under its locks: it sends a packet of association `number`; something can be read or
    /// written.
    static int on_packet(
        void* number, void* packet, std::size_t size, std::uint8_t type_of_service, std::uint8_t set_df
    ) noexcept;
    static void on_news(struct socket* socket, void* number, int flags) noexcept;

    result<void> open(const SctpOptions& options);
    void transmit(ByteView packet) noexcept;
    void take_acknowledgements(ByteView packet) noexcept;
    void set_window() noexcept;
    bool collect_one(MutableByteView scratch);
    void take_notification(ByteView octets);
    void end(Error why);

    SctpEvents& events_;
    std::uintptr_t number_ = 0;
    struct socket* socket_ = nullptr;
    bool paused_ = false;
    bool bundles_ = false;
    std::size_t wanted_ = 0;  // octets that a send has found no room for
    std::size_t send_buffer_ = 0;
    bool looking_ = false;
    Bytes notification_;  // of which more follows
    CongestionControl congestion_;
    std::uint32_t window_ = 0;  // octets, as usrsctp was told
};

}  // namespace libp2p::webrtc
