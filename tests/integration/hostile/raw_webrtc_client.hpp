// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "proto/webrtc_frame.hpp"
#include "tests/integration/hostile/raw_webrtc.hpp"
#include "transports/webrtc/crc32c.hpp"
#include "transports/webrtc/noise_handshake.hpp"
#include "transports/webrtc/sctp_association.hpp"

#include <libp2p/security_protocols.hpp>
#include <libp2p/tasks.hpp>

#include <deque>
#include <limits>
#include <optional>
#include <set>

namespace libp2p::test::hostile {

/// A WebRTC-Direct dialer of checks, DTLS and SCTP, without any of the rules above them: it opens, sends and closes
/// what it is told to. It can fall silent after any datagram.
class RawWebRtcClient final : private crypto::DtlsSession::Output,
                              private webrtc::SctpEvents,
                              public std::enable_shared_from_this<RawWebRtcClient> {
public:
    static constexpr std::size_t kEver = std::numeric_limits<std::size_t>::max();

    /// Falls silent after `datagrams` of DTLS. The smallest MTU makes the most of them.
    static std::shared_ptr<RawWebRtcClient> make(
        asio::io_context& io, const asio::ip::udp::endpoint& victim, std::size_t datagrams = kEver
    ) {
        auto client = std::make_shared<RawWebRtcClient>(Token(), io, victim, datagrams);
        client->tasks_.spawn(client->read_loop(), client);
        return client;
    }

    struct Token {
        explicit Token() = default;
    };
    RawWebRtcClient(Token, asio::io_context& io, const asio::ip::udp::endpoint& victim, std::size_t datagrams)
        : io_(io),
          socket_(io),
          tasks_(io.get_executor()),
          changed_(io.get_executor()),
          context_(std::make_shared<crypto::DtlsContext>(crypto::Certificate::generate())),
          dtls_(
              context_,
              crypto::DtlsSession::Role::client,
              std::nullopt,
              *this,
              datagrams == kEver ? 1200 : crypto::DtlsSession::kMinMtu
          ),
          datagrams_left_(datagrams) {
        socket_.connect(victim);
        socket_.non_blocking(true);
    }

    /// A check, and the answer to it.
    awaitable<bool> check() {
        const auto datagram = own_check();
        is_checked_ = false;
        for (int i = 0; i < 50 && !is_checked_; ++i) {
            post_datagram(datagram);
            auto waited = co_await wait(100ms, [this] { return is_checked_; });
            (void)waited;
        }
        co_return is_checked_;
    }

    /// A check as this client sends them: its connection is known by the name in it.
    Bytes own_check() const { return check_as(credentials_.outbound_username(), credentials_.server_ufrag()); }

    /// Goes on from another port, as behind a NAT that has forgotten it.
    awaitable<bool> move() {
        const auto victim = socket_.remote_endpoint();
        error_code ec;
        socket_.close(ec);
        socket_ = asio::ip::udp::socket(io_);
        socket_.connect(victim);
        socket_.non_blocking(true);
        tasks_.spawn(read_loop(), shared_from_this());
        auto checked = co_await check();
        co_return checked;
    }

    /// The first half of a ClientHello and not the other.
    void send_half_a_hello() { post_datagram(first_half_of(client_hello())); }

    void start_dtls() {
        is_started_ = true;
        auto started = dtls_.start(Clock::now());
        EXPECT_TRUE(started);
    }

    /// Up to the SCTP association. False when that does not come about.
    awaitable<bool> connect(std::chrono::milliseconds limit = 5s) {
        auto checked = co_await check();
        EXPECT_TRUE(checked);
        start_dtls();
        auto open = co_await wait(limit, [this] { return streams_ > 0 || ended_; });
        co_return open && !ended_;
    }

    /// Proves an identity to the listener. Fails like `SecurityProtocol::secure`.
    awaitable<result<void>> prove(Identity identity);

    /// `connect`, and `prove` as somebody new.
    awaitable<bool> join() {
        auto connected = co_await connect();
        EXPECT_TRUE(connected);
        if (!connected) {
            co_return false;
        }
        auto proven = co_await prove(Identity::generate());
        EXPECT_TRUE(proven) << proven.error();
        co_return proven.has_value();
    }

    /// What SCTP takes now; false when that is nothing.
    bool try_send(std::uint16_t stream, webrtc::PayloadProtocol protocol, ByteView message) {
        if (ended_ || !association_) {
            return false;
        }
        auto sent = association_->send(stream, protocol, message);
        return sent && *sent;
    }

    /// Waits until SCTP takes it. False when the connection has ended, or when that takes too long.
    awaitable<bool> send(std::uint16_t stream, webrtc::PayloadProtocol protocol, ByteView message) {
        for (;;) {
            if (try_send(stream, protocol, message)) {
                co_return true;
            }
            auto writable = co_await wait(5s, [this] { return ended_ || std::exchange(is_writable_, false); });
            if (!writable || ended_) {
                co_return false;
            }
        }
    }

    awaitable<bool> open(std::uint16_t stream) {
        auto sent = co_await send(stream, webrtc::PayloadProtocol::dcep, webrtc_open());
        co_return sent;
    }

    /// One frame with this payload.
    awaitable<bool> send_frame(std::uint16_t stream, ByteView payload) {
        auto frame = frame_of(payload);
        auto sent = co_await send(stream, webrtc::PayloadProtocol::binary, frame);
        co_return sent;
    }

    awaitable<bool> send_raw(std::uint16_t stream, ByteView octets) {
        auto sent = co_await send(stream, webrtc::PayloadProtocol::binary, octets);
        co_return sent;
    }

    void reset(std::uint16_t stream) {
        if (association_ && !ended_) {
            (void)association_->reset(stream);
        }
    }

    /// True once both halves of a channel are closed: then its number may be used again, and this begins anew.
    bool take_closed(std::uint16_t stream) {
        if (closed_.count(stream) == 0 || reset_.count(stream) == 0) {
            return false;
        }
        closed_.erase(stream);
        reset_.erase(stream);
        acknowledged_.erase(stream);
        return true;
    }

    /// A packet of chunks that SCTP has not made, to the association that stands. Its first 12 octets are filled in.
    void send_chunks(Bytes packet) {
        constexpr std::uint8_t kPort[] = {5000 >> 8, 5000 & 0xff};
        std::copy(std::begin(kPort), std::end(kPort), packet.begin());
        std::copy(std::begin(kPort), std::end(kPort), packet.begin() + 2);
        std::copy(tag_.begin(), tag_.end(), packet.begin() + 4);
        webrtc::write_sctp_checksum(packet);
        (void)dtls_.send(packet);
    }

    /// Hears nothing more of SCTP: what is acknowledged there that SCTP here has not sent would end it.
    void deafen() noexcept { is_deaf_ = true; }

    /// The number of the next DATA chunk, for chunks that SCTP has not made.
    std::uint32_t next_number() const noexcept { return next_number_; }

    /// Octets of datagrams that have come.
    std::size_t octets_received() const noexcept { return octets_received_; }

    /// Stream numbers in what is sent from now on are replaced by this one.
    void forge_stream(std::optional<std::uint16_t> stream) { forged_stream_ = stream; }

    /// Looks every millisecond or so until `condition` holds; false when it does not in time.
    awaitable<bool> wait(std::chrono::milliseconds limit, std::function<bool()> condition) {
        const auto self = shared_from_this();
        const auto until = Clock::now() + limit;
        asio::steady_timer timer(io_);
        while (!condition()) {
            if (Clock::now() >= until) {
                co_return false;
            }
            if (dtls_.next_time() <= Clock::now()) {
                dtls_.on_time(Clock::now());
            }
            timer.expires_after(1ms);
            co_await timer.async_wait(asio::use_awaitable);
        }
        co_return true;
    }

    void close() {
        if (std::exchange(is_closed_, true)) {
            return;
        }
        if (association_) {
            association_->abort();
        }
        dtls_.close();
        error_code ec;
        socket_.close(ec);
        tasks_.cancel();
    }

    bool has_ended() const noexcept { return ended_.has_value(); }
    const std::optional<Error>& ended() const noexcept { return ended_; }
    std::size_t datagrams_sent() const noexcept { return datagrams_sent_; }

    /// Numbers of the channels that the listener has closed; those that it has answered.
    const std::set<std::uint16_t>& closed_by_remote() const noexcept { return closed_; }
    const std::set<std::uint16_t>& acknowledged() const noexcept { return acknowledged_; }

    /// Data that came for a channel other than 0, in octets.
    std::size_t received() const noexcept { return received_; }
    std::uint16_t streams() const noexcept { return streams_; }

    static Bytes frame_of(ByteView payload) {
        const webrtc::FrameHeader header(payload.size());
        Bytes frame(header.bytes().begin(), header.bytes().end());
        frame.insert(frame.end(), payload.begin(), payload.end());
        return frame;
    }

private:
    class NoiseChannel;

    static ByteView webrtc_open() {
        static constexpr std::array<std::uint8_t, 12> kOpen{0x03};
        return kOpen;
    }

    awaitable<void> read_loop() {
        std::array<std::uint8_t, 4096> buffer;
        while (!is_closed_) {
            error_code ec;
            const auto size = socket_.receive(asio::buffer(buffer), 0, ec);
            if (ec == asio::error::would_block) {
                if (association_) {
                    association_->look();
                }
                auto [failed] = co_await socket_.async_wait(asio::socket_base::wait_read, as_result);
                if (failed) {
                    co_return;
                }
                continue;
            }
            if (!ec) {
                on_datagram(ByteView(buffer).first(size));
            }
        }
    }

    void on_datagram(ByteView datagram) {
        if (webrtc::classify(datagram) == webrtc::DatagramKind::stun) {
            is_checked_ = true;
            return;
        }
        if (ended_ || !is_started_) {
            return;
        }
        octets_received_ += datagram.size();
        const auto take = [this](ByteView packet) {
            if (association_ && !is_deaf_) {
                association_->receive(packet);
            }
        };
        auto received = dtls_.receive(datagram, take, Clock::now());
        if (!received) {
            ended_ = received.error();
        } else if (dtls_.is_established() && !association_) {
            webrtc::SctpOptions options;
            auto made = webrtc::SctpAssociation::make(io_.get_executor(), options, *this, Clock::now());
            association_ = made.value();
            (void)association_->connect();
        }
        changed_.notify();
    }

    void post_datagram(ByteView datagram) {
        error_code ec;
        socket_.send(asio::buffer(datagram.data(), datagram.size()), 0, ec);
    }

    void send_datagram(ByteView datagram) override {
        if (datagrams_left_ == 0) {
            return;
        }
        datagrams_left_ -= datagrams_left_ == kEver ? 0 : 1;
        ++datagrams_sent_;
        post_datagram(datagram);
    }

    void send_packet(ByteView packet) noexcept override {
        std::copy_n(packet.begin() + 4, tag_.size(), tag_.begin());
        learn_number(packet);
        if (!forged_stream_) {
            (void)dtls_.send(packet);
            return;
        }
        Bytes forged(packet.begin(), packet.end());
        for (std::size_t at = 12; at + 16 <= forged.size();) {
            if (forged[at] == 0) {  // DATA
                forged[at + 8] = static_cast<std::uint8_t>(*forged_stream_ >> 8);
                forged[at + 9] = static_cast<std::uint8_t>(*forged_stream_);
            }
            const auto size = std::size_t{forged[at + 2]} << 8 | forged[at + 3];
            at += std::max<std::size_t>((size + 3) / 4 * 4, 4);
        }
        webrtc::write_sctp_checksum(forged);
        (void)dtls_.send(forged);
    }

    void learn_number(ByteView packet) noexcept {
        const auto number_at = [&](std::size_t at) {
            return std::uint32_t{packet[at]} << 24U | std::uint32_t{packet[at + 1]} << 16U |
                   std::uint32_t{packet[at + 2]} << 8U | packet[at + 3];
        };
        for (std::size_t at = 12; at + 8 <= packet.size();) {
            const auto type = packet[at];
            if ((type == 1 || type == 2) && at + 20 <= packet.size()) {  // INIT, INIT ACK
                next_number_ = number_at(at + 16);
            } else if (type == 0) {
                next_number_ = std::max(next_number_, number_at(at + 4) + 1);
            }
            const auto size = std::size_t{packet[at + 2]} << 8 | packet[at + 3];
            at += std::max<std::size_t>((size + 3) / 4 * 4, 4);
        }
    }

    void on_established(std::uint16_t streams) override { streams_ = streams; }
    void on_message(std::uint16_t stream, webrtc::PayloadProtocol protocol, ByteView piece, bool) override {
        if (protocol == webrtc::PayloadProtocol::dcep) {
            acknowledged_.insert(stream);
        } else if (stream != 0) {
            received_ += piece.size();
        } else {
            while (auto part = frames_.next(piece)) {
                if (!*part) {
                    break;
                }
                noise_.insert(noise_.end(), (*part)->payload.begin(), (*part)->payload.end());
            }
        }
    }
    void on_remote_reset(std::span<const std::uint16_t> streams) override {
        closed_.insert(streams.begin(), streams.end());
    }
    void on_local_reset(std::span<const std::uint16_t> streams, bool) override {
        reset_.insert(streams.begin(), streams.end());
    }
    void on_writable() override { is_writable_ = true; }
    void on_all_acknowledged() override {}
    void on_ended(Error why) override { ended_ = std::move(why); }
    void on_looked() override { changed_.notify(); }
    Clock::time_point now() const noexcept override { return Clock::now(); }

    asio::io_context& io_;
    asio::ip::udp::socket socket_;
    TaskScope tasks_;
    Waiter changed_;  // the reader of channel 0
    std::shared_ptr<const crypto::DtlsContext> context_;
    webrtc::DialerCredentials credentials_ = webrtc::DialerCredentials::make(webrtc::Version::v1);
    crypto::DtlsSession dtls_;
    std::shared_ptr<webrtc::SctpAssociation> association_;
    webrtc::FrameReader frames_;  // of channel 0
    Bytes noise_;                 // what came on it
    std::optional<std::uint16_t> forged_stream_;
    std::array<std::uint8_t, 4> tag_{};  // of the listener's end, in every packet that goes there
    std::set<std::uint16_t> closed_;
    std::set<std::uint16_t> reset_;
    std::set<std::uint16_t> acknowledged_;
    std::size_t datagrams_left_;
    std::size_t datagrams_sent_ = 0;
    std::size_t received_ = 0;
    std::size_t octets_received_ = 0;
    std::uint32_t next_number_ = 0;
    std::uint16_t streams_ = 0;
    bool is_deaf_ = false;
    bool is_checked_ = false;
    bool is_started_ = false;
    bool is_writable_ = false;
    bool is_closed_ = false;
    std::optional<Error> ended_;
};

/// Channel 0 for Noise, one message a frame.
class RawWebRtcClient::NoiseChannel final : public ByteStream {
public:
    explicit NoiseChannel(std::shared_ptr<RawWebRtcClient> client) : client_(std::move(client)) {}

    awaitable<result<std::size_t>> read_some(MutableByteView into) override {
        const auto client = client_;
        auto came = co_await client->wait(5s, [&] { return !client->noise_.empty() || client->ended_; });
        if (!came || client->noise_.empty()) {
            co_return asio::error::make_error_code(asio::error::eof);
        }
        const auto n = std::min(into.size(), client->noise_.size());
        const auto end = client->noise_.begin() + static_cast<std::ptrdiff_t>(n);
        std::copy(client->noise_.begin(), end, into.begin());
        client->noise_.erase(client->noise_.begin(), end);
        co_return n;
    }

    awaitable<result<void>> write(std::span<const ByteView> buffers) override {
        Bytes message;
        for (auto buffer : buffers) {
            message.insert(message.end(), buffer.begin(), buffer.end());
        }
        const auto client = client_;
        auto sent = co_await client->send_frame(0, message);
        if (!sent) {
            co_return Errc::connection_closed;
        }
        co_return ok();
    }

    awaitable<result<void>> close_write() override { co_return ok(); }
    void abort() noexcept override {}
    asio::any_io_executor executor() const noexcept override { return client_->io_.get_executor(); }

private:
    std::shared_ptr<RawWebRtcClient> client_;
};

inline awaitable<result<void>> RawWebRtcClient::prove(Identity identity) {
    const auto self = shared_from_this();
    SecurityOptions options(Direction::inbound, std::nullopt, {});
    options.prologue = webrtc::noise_prologue(context_->certificate().fingerprint(), dtls_.remote_fingerprint());
    const auto noise = make_noise(std::move(identity));
    std::unique_ptr<ByteStream> channel = std::make_unique<NoiseChannel>(self);
    auto secured = co_await noise->secure(std::move(channel), std::move(options));
    if (!secured) {
        co_return secured.error();
    }
    co_return ok();
}

}  // namespace libp2p::test::hostile
