// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/buffers/memory_account.hpp"
#include "libp2p/crypto/dtls.hpp"
#include "transports/webrtc/channel_ids.hpp"
#include "transports/webrtc/data_channel.hpp"
#include "transports/webrtc/sctp_association.hpp"
#include "transports/webrtc/stream_reset_gate.hpp"

#include <libp2p/limits.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>

namespace libp2p::webrtc {

/// DTLS, SCTP and data channels of one connection: datagrams in, datagrams and news out, time by argument. It decides
/// everything between the socket and the streams; `WebRtcCore` wakes who waits for it.
///
/// Flow control: SCTP has one window for the connection and none for a stream. What arrives is buffered per stream; a
/// stream whose buffer is full holds up the connection, so that its writer waits. Where others are held up with it and
/// nothing is read for `kPatience`, that stream is reset, unless its owner waits for the remote to read.
class WebRtcSession final : private SctpEvents, private crypto::DtlsSession::Output {
public:
    /// Who drives the session. Outlives it.
    class Driver {
    public:
        /// A datagram for the remote.
        virtual void send_datagram(ByteView datagram) noexcept = 0;

        /// Something has changed: see what `next_wake`, `has_accept` and so on say. Not called from within `write` and
        /// the like, whose caller knows.
        virtual void on_change() noexcept = 0;

        virtual Clock::time_point now() const noexcept = 0;

    protected:
        ~Driver() = default;
    };

    using Role = crypto::DtlsSession::Role;

    /// For whom `next_wake` has news.
    enum Wake : std::uint8_t { wake_reader = 1, wake_writer = 2 };

    /// Streams that SCTP keeps room for, each way; 104 octets each. Peers that count their ids up and never use one
    /// again announce 65 535 and get the second number; after half of it they have to dial again.
    static constexpr std::uint16_t kStreams = 1024;
    static constexpr std::uint16_t kStreamsForSpenders = 4096;

    /// Channels of ours that the remote has not answered. pion and webrtc-rs, which are the ones that spend ids, lose
    /// or close channels when more than 16 or 10 wait there to be accepted.
    static constexpr std::size_t kUnacknowledged = 64;
    static constexpr std::size_t kUnacknowledgedForSpenders = 8;

    /// Channels that the remote may open before it is proven, and what may wait in each of them. In octets.
    static constexpr std::size_t kEarlyChannels = 16;
    static constexpr std::size_t kEarlyBacklog = 16 * 1024;

    /// What may wait in a stream before it holds up the connection, in octets.
    static constexpr std::size_t kBacklog = 1024 * 1024;
    static constexpr std::chrono::milliseconds kPatience{50};

    /// SCTP's buffers, each way, in octets: at first, and for a fast connection. Of more than 4 096 packets in flight
    /// usrsctp would drop the last, and as many do not fit into a UDP socket of 4 MiB.
    static constexpr std::uint32_t kFirstBuffer = 256 * 1024;
    static constexpr std::uint32_t kLargestBuffer = 4 * 1024 * 1024;

    /// Channels without an owner that end politely. Beyond them the oldest is cut off.
    static constexpr std::size_t kLingering = 256;

    /// A goodbye waits so long for what was written to arrive.
    static constexpr std::chrono::milliseconds kGoodbye{500};

    /// A remote is taken for gone when nothing authentic comes from it for so long, though SCTP asks it for a sign of
    /// life every 10 s.
    static constexpr std::chrono::seconds kSilence{30};

    struct Options {
        Role role = Role::client;
        std::vector<crypto::Sha256Digest> remote_certificates;  ///< the remote shows one of these; empty: any
        std::uint32_t path_mtu = 1232;  ///< octets of a datagram, what IPv6 lets pass everywhere
        /// The remote proves itself on channel 0. False: its certificate proves it, channel 0 is one like all others,
        /// and a channel named "init", which js-libp2p makes to have one in its offer, carries no stream.
        bool proves_on_channel_0 = true;
    };

    WebRtcSession(
        asio::any_io_executor executor,
        std::shared_ptr<const crypto::DtlsContext> context,
        const Options& options,
        const Limits& limits,
        std::shared_ptr<Budget> budget,
        Driver& driver
    );
    ~WebRtcSession();

    // --- the connection

    void start();

    /// One datagram that looks like DTLS. True when it proved to be the remote's. Call `look` after the last one of a
    /// burst.
    bool receive(ByteView datagram);
    void look();

    Clock::time_point deadline() const noexcept;
    void on_time();

    /// A check of the remote's has come, so it is there. For listeners: what answers the checks of a dialer may be
    /// another process than the one that it was connected to.
    void note_check() noexcept { heard_ = driver_.now(); }

    /// Data channels can be used.
    bool is_open() const noexcept { return phase_ == Phase::open || phase_ == Phase::closing; }

    /// They could, and may not any more.
    bool has_opened() const noexcept { return streams_ != 0; }

    /// The SHA-256 of our certificate.
    const crypto::Sha256Digest& local_certificate() const noexcept { return context_->certificate().fingerprint(); }

    /// The remote's; meaningful once `is_open`.
    const crypto::Sha256Digest& remote_certificate() const noexcept { return dtls_.remote_fingerprint(); }

    /// See `crypto::DtlsSession`: for a listener whose dialer may have forged its address.
    void limit_unproven(std::size_t allowance) noexcept { dtls_.limit_unproven(allowance); }
    void allow_unproven(std::size_t octets) noexcept { dtls_.allow_unproven(octets, driver_.now()); }

    /// The remote has shown that it gets what we send.
    bool has_progressed() const noexcept { return dtls_.has_progressed(); }

    /// The remote has dialled us and may be rust-libp2p, which opens channel 0 a moment after SCTP is ready, and loses
    /// the channel for good when something comes on it before that.
    bool may_be_late() const noexcept { return is_late_; }

    /// The remote is proven, and handlers are there: the bounds for strangers end.
    void set_proven() noexcept { is_proven_ = true; }

    /// Channel 0, on which the remote is proven; ours from the start. With `Options::proves_on_channel_0` alone.
    Channel& handshake_channel() noexcept { return *handshake_; }

    /// That is done: channel 0 stays open and means nothing any more.
    void release_handshake_channel();

    /// Something small is to be sent, and others may want to share its packet: `send_pending` before the turn ends.
    bool has_pending() const noexcept { return is_pump_due_; }
    void send_pending() { pump(); }

    /// Takes no new streams, waits a moment for what was written, tells the remote and ends.
    void close();

    /// Ends at once.
    void end(Error why);

    bool has_ended() const noexcept { return phase_ == Phase::ended; }
    const Error& error() const noexcept { return error_; }

    std::chrono::nanoseconds round_trip() const noexcept;

    // --- streams

    /// False when it is worth waiting: for the remote to answer, or to close a channel whose number is needed.
    bool can_open() const noexcept {
        return phase_ != Phase::open || (unacknowledged_ < unacknowledged_limit_ && ids_.has_free());
    }
    result<Channel*> open();

    bool has_accept() const noexcept { return !accept_queue_.empty(); }
    bool takes_streams() const noexcept { return phase_ == Phase::handshake || phase_ == Phase::open; }
    Channel* accept() noexcept;

    /// The owner is gone.
    void release(Channel& channel) noexcept;

    /// Between zero octets, when it is worth waiting, and `into.size()`.
    result<std::size_t> read(Channel& channel, MutableByteView into) noexcept;
    void lend_reader(Channel& channel, MutableByteView into) noexcept {
        channel.reader = {into.data(), into.size(), 0};
    }
    bool is_read_done(const Channel& channel) const noexcept;
    std::size_t take_back_reader(Channel& channel) noexcept;

    /// True when everything was taken; else the buffers are lent until `is_write_done` or `withdraw_write`.
    result<bool> write(Channel& channel, std::span<const ByteView> buffers);
    bool is_write_done(const Channel& channel) const noexcept { return channel.writer.left == 0; }
    result<void> finish_write(const Channel& channel) const noexcept { return check_write(channel, true); }
    void withdraw_write(Channel& channel) noexcept;

    result<void> close_write(Channel& channel) noexcept;
    void abort(Channel& channel) noexcept;
    void set_deadline(Channel& channel, Clock::time_point time) noexcept;

    /// The next owner with news, and for which of its halves; null when there is none.
    Channel* next_wake(std::uint8_t& whom) noexcept;

    std::size_t open_count() const noexcept { return open_count_; }

private:
    enum class Phase : std::uint8_t { handshake, open, closing, ended };

    /// A number whose channel we have closed.
    struct Closing {
        bool local = false;   ///< our half was reset
        bool remote = false;  ///< the remote's was
    };

    // crypto::DtlsSession::Output
    void send_datagram(ByteView datagram) override;

    // SctpEvents
    void send_packet(ByteView packet) noexcept override;
    void on_established(std::uint16_t streams) override;
    void on_message(std::uint16_t stream, PayloadProtocol protocol, ByteView piece, bool is_last) override;
    void on_remote_reset(std::span<const std::uint16_t> streams) override;
    void on_local_reset(std::span<const std::uint16_t> streams, bool is_done) override;
    void on_writable() override;
    void on_all_acknowledged() override;
    void on_ended(Error why) override;
    void on_looked() override;
    Clock::time_point now() const noexcept override { return driver_.now(); }

    void on_packet(ByteView packet);
    void process_held_reset();
    result<void> associate(bool is_spender);
    void finish_closing();
    void settle_memory();
    void grow_send_buffer();
    void grow_receive_buffer(std::size_t arrived);
    void shrink_buffers() noexcept;

    void on_establishment(std::uint16_t id, ByteView message);
    void on_remote_open(std::uint16_t id, std::string_view label);
    void on_acknowledgement(Channel& channel);
    void on_data(Channel& channel, ByteView octets);
    void on_flag(Channel& channel, Flag flag);
    void deliver(Channel& channel, ByteView payload);
    void violate(Channel& channel, Error why);
    void refuse(std::uint16_t id);

    Channel& add(std::uint16_t id, Direction direction);
    Channel* find(std::uint16_t id) noexcept;
    void apply(Channel& channel, const HalfClose::Actions& actions);
    void mark(Channel& channel) noexcept;
    void pump();
    void pump_later() noexcept;
    bool has_more_to_send(const Channel& channel) const noexcept;
    bool send_controls(Channel& channel);
    bool send_frame(Channel& channel);
    bool try_send(std::uint16_t id, PayloadProtocol protocol, ByteView message);
    bool try_send_frame(std::uint16_t id, ByteView frame);
    void on_handshake_channel_end();
    bool check_sent(std::uint16_t id, const result<bool>& sent);
    void close_number(std::uint16_t id, bool remote_has_closed);
    void settle_number(std::uint16_t id);
    void bury_if_done(Channel& channel) noexcept;
    void erase_dead() noexcept;
    void on_backlog(Channel& channel) noexcept;
    void linger(Channel& channel) noexcept;
    Channel* oldest_lingering() noexcept;
    void update_timer(Channel& channel) noexcept;
    void wake(Channel& channel, std::uint8_t whom) noexcept;
    void check_backlog() noexcept;
    void reset_hoarders();

    std::size_t frame_size() const noexcept;
    std::uint32_t packet_size() const noexcept;
    std::size_t backlog() const noexcept;
    bool is_ours(std::uint16_t id) const noexcept;
    result<void> check_write(const Channel& channel, bool was_taken) const noexcept;

    asio::any_io_executor executor_;
    Role role_;
    Driver& driver_;
    Limits limits_;
    MemoryAccount memory_;
    std::uint32_t path_mtu_;
    std::shared_ptr<const crypto::DtlsContext> context_;
    std::vector<crypto::Sha256Digest> remote_certificates_;
    crypto::DtlsSession dtls_;
    StreamResetGate resets_;
    std::shared_ptr<SctpAssociation> association_;  // shared with usrsctp's late callbacks, which may find it ended

    Phase phase_ = Phase::handshake;
    Error error_;
    Clock::time_point closing_until_ = Clock::time_point::max();
    Clock::time_point heard_{};                               // the remote, last
    Clock::time_point silent_at_ = Clock::time_point::max();  // when to look at that again

    std::uint16_t streams_ = 0;  // that SCTP has agreed on
    ChannelIds ids_;
    ChannelList<&Channel::all_hook> channels_;
    std::unordered_map<std::uint16_t, Channel*> by_id_;
    std::unordered_map<std::uint16_t, Closing> closing_;  // numbers that both sides have not given up yet
    Channel* handshake_ = nullptr;
    Bytes establishment_;  // a DCEP message of which more follows
    ChannelList<&Channel::accept_hook> accept_queue_;
    std::size_t accept_queue_size_ = 0;
    ChannelList<&Channel::control_hook> control_;
    ChannelList<&Channel::ready_hook> ready_;
    ChannelList<&Channel::ending_hook> ending_;
    ChannelList<&Channel::dead_hook> dead_;
    ChannelList<&Channel::wake_hook> woken_;
    ChannelTimers timers_;
    std::size_t open_count_ = 0;  // channels with an owner, or that wait for one
    std::size_t unacknowledged_ = 0;
    std::size_t unacknowledged_limit_ = kUnacknowledged;
    std::size_t full_ = 0;  // streams with a full buffer
    std::size_t lingering_ = 0;

    bool proves_on_channel_0_;
    bool is_proven_ = false;
    bool has_init_ = false;  // the channel of that name was opened
    bool handshake_is_released_ = false;
    bool is_pumping_ = false;
    bool is_pump_due_ = false;
    bool is_rust_ = false;      // the remote: it has no FIN_ACK and reads no more than 8 KiB at a time
    bool is_spender_ = false;   // see kStreamsForSpenders
    bool is_not_rust_ = false;  // what it does not do shows that it is another one
    bool is_late_ = false;      // see may_be_late
    bool is_quiet_ = true;      // everything that was sent has been acknowledged

    std::size_t fixed_memory_ = 0;  // of `memory_`: the association with its streams
    std::size_t sctp_held_ = 0;     // of `memory_`: what lies in its queues
    std::uint32_t send_buffer_ = kFirstBuffer;
    std::uint32_t receive_buffer_ = kFirstBuffer;
    std::size_t arrived_ = 0;  // octets since `epoch_`
    Clock::time_point epoch_{};
    Clock::time_point shrink_at_ = Clock::time_point::max();
    Clock::time_point patience_until_ = Clock::time_point::max();
};

}  // namespace libp2p::webrtc
