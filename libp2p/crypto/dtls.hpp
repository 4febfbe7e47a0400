// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/crypto/certificate.hpp"
#include "libp2p/crypto/dtls_records.hpp"
#include "libp2p/crypto/sha256.hpp"

#include <libp2p/bytes.hpp>
#include <libp2p/error.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>

struct bio_st;
struct ssl_ctx_st;
struct ssl_st;

namespace libp2p::crypto {

/// DTLS 1.2 (RFC 6347) as WebRTC uses it: both sides show a self-signed certificate that is known by its SHA-256 alone,
/// and use_srtp (RFC 5764) is agreed on, because several peers insist, though no media flows. DTLS 1.3 is not spoken;
/// remotes that offer it fall back.
///
/// Sans-io: datagrams go in and come out, time is an argument, nothing waits. Not for two threads at once.

/// What the sessions of one endpoint have in common: the certificate, the ciphers, the groups. When the environment
/// variable SSLKEYLOGFILE names a file as a context is made, the master secrets of its sessions are appended there in
/// the format of NSS, for Wireshark; that gives their content away, so it is off unless somebody debugs.
class DtlsContext {
public:
    explicit DtlsContext(Certificate certificate);
    DtlsContext(const DtlsContext&) = delete;
    DtlsContext& operator=(const DtlsContext&) = delete;
    ~DtlsContext();

    const Certificate& certificate() const noexcept { return certificate_; }

private:
    friend class DtlsSession;

    Certificate certificate_;
    ssl_ctx_st* context_;
};

/// Whether a datagram begins with a piece of a ClientHello that opens a handshake: what a listener asks before it keeps
/// anything for an address. The piece may be any of the message: large ones come in several datagrams, in any order.
/// Looks at octets only.
bool is_client_hello(ByteView datagram) noexcept;

/// The datagram that turns a client away whose ClientHello was not answered: the fatal alert internal_error.
ByteView refusal() noexcept;

/// The datagram for a client in the middle of a handshake that is not known any more: the fatal alert
/// unexpected_message.
ByteView handshake_lost() noexcept;

/// Whether a datagram begins with a part of a handshake other than a ClientHello, not encrypted: what a listener that
/// does not know the handshake answers with `handshake_lost`. Looks at octets only.
bool is_handshake_underway(ByteView datagram) noexcept;

/// One DTLS connection.
///
/// `start`, then `receive` for each datagram that comes, and `on_time` at `next_time`, which every other call may
/// change. After an error of `receive` only `close` and destruction are left.
class DtlsSession {
public:
    using Clock = std::chrono::steady_clock;

    enum class Role { client, server };

    /// Where datagrams go. Called inside of any member function of the session; must not call it back.
    class Output {
    public:
        /// One datagram, not longer than the MTU while the handshake runs. Borrowed for the call.
        virtual void send_datagram(ByteView datagram) = 0;

    protected:
        ~Output() = default;
    };

    /// Who takes decrypted packets: a reference to anything that can be called with a `ByteView`, borrowed for a call
    /// of `receive`. It may call `send` and `close` of the session, nothing else of it, and must not destroy it.
    class PacketSink {
    public:
        template <class Callable>
            requires(!std::is_same_v<std::remove_cvref_t<Callable>, PacketSink>)
        PacketSink(Callable&& callable) noexcept  // NOLINT(google-explicit-constructor)
            : object_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
              call_([](void* object, ByteView packet) {
                  (*static_cast<std::remove_reference_t<Callable>*>(object))(packet);
              }) {}

        void operator()(ByteView packet) const { call_(object_, packet); }

    private:
        void* object_;
        void (*call_)(void*, ByteView);
    };

    /// Octets that a record adds to a packet, at most (AES-128-GCM).
    static constexpr std::size_t kRecordOverhead = 37;

    /// Largest packet that `send` takes, in octets.
    static constexpr std::size_t kMaxPacketSize = 16'384;

    /// Smallest MTU there is.
    static constexpr std::size_t kMinMtu = 228;

    /// Largest handshake message that is put together from the remote's pieces, in octets. Chromium's ClientHello has
    /// 1413; a certificate for a large RSA key would fit. An unproven remote can make the session hold seven of these.
    static constexpr std::size_t kMaxHandshakeMessage = 4096;

    /// The first retransmission of a flight comes so long after it, each later one after twice the time of the one
    /// before. RFC 6347 suggests a second, for lack of a measured round trip; at 100 ms a lost datagram costs a dial
    /// little, and a path that is slower pays one repeated flight of less than a kilobyte.
    static constexpr std::chrono::milliseconds kFirstRetransmission{100};

    /// See `limit_unproven`; the factor is that of RFC 9000, 8.1.
    static constexpr std::size_t kUnprovenFactor = 3;

    /// `expected_remote`: the SHA-256 of the certificate that the remote must show; without it any will do, and the
    /// owner has to look at `remote_fingerprint`. `output` must outlive the session. Handshake datagrams have at most
    /// `mtu` octets (raised to `kMinMtu`).
    DtlsSession(
        std::shared_ptr<const DtlsContext> context,
        Role role,
        std::optional<Sha256Digest> expected_remote,
        Output& output,
        std::size_t mtu
    );
    DtlsSession(const DtlsSession&) = delete;
    DtlsSession& operator=(const DtlsSession&) = delete;
    ~DtlsSession();

    /// To be called once, first. A client sends its ClientHello; a server waits for one.
    result<void> start(Clock::time_point now);

    /// For a server whose client may have forged its address: until that is proven, all that is sent there has at most
    /// `kUnprovenFactor` times the octets of the datagrams that came, and `allowance` octets more. A flight that is
    /// over it is lost, and one that is to be repeated waits. To be called before the first datagram; without it
    /// nothing is held back.
    void limit_unproven(std::size_t allowance) noexcept { allowance_ = allowance; }

    /// So many octets more, because the client has sent something beside DTLS. It may change `next_time`.
    void allow_unproven(std::size_t octets, Clock::time_point now) noexcept;

    /// Feeds one datagram, whole. Packets in it go to `sink`, one call a record, in order. Datagrams that are forged,
    /// garbled, repeated or come at the wrong time are dropped without a word as far as that can be told: what proves
    /// a handshake message comes only at the handshake's end.
    ///
    /// Fails with
    /// - `Errc::authentication_failed` when the remote's certificate is not the expected one ("certhash …"), or when
    ///   the remote does not own it,
    /// - `asio::error::eof` when the remote closed the connection,
    /// - `Errc::refused_by_remote` when it gave the handshake up with the alert of `close` and `refusal`,
    /// - `asio::error::connection_aborted` when it does not know the handshake any more (`handshake_lost`),
    /// - `Errc::protocol_violation` when the handshake failed in any other way, or when the remote sent a fatal alert,
    /// - `Errc::connection_closed` after `close`, and after any of these.
    result<void> receive(ByteView datagram, PacketSink sink, Clock::time_point now);

    /// Sends `packet` as one record in one datagram. Fails with `Errc::connection_closed` before the handshake is done
    /// and after the end, and with `asio::error::message_size` when it is longer than `kMaxPacketSize`; empty packets
    /// are not sent.
    result<void> send(ByteView packet);

    /// Repeats what was lost, if it is time.
    void on_time(Clock::time_point now);

    /// When to call `on_time`; `Clock::time_point::max()` when there is no need.
    Clock::time_point next_time() const noexcept { return next_time_; }

    /// The handshake is done, and the connection has not ended.
    bool is_established() const noexcept { return state_ == State::established; }

    /// The remote has proven that it receives what we send: for a server, the client's second flight, whose signature
    /// covers our random, has verified. Stays true.
    bool has_progressed() const noexcept { return has_progressed_; }

    /// As client: the server asked for a cookie first (HelloVerifyRequest), as pion and webrtc-rs do, and
    /// libdatachannel and browsers do not. Unproven: for guesses only.
    bool saw_cookie_request() const noexcept { return saw_cookie_request_; }

    /// SHA-256 of the certificate that the remote showed. Zeros until it did; proven once `is_established()`.
    const Sha256Digest& remote_fingerprint() const noexcept { return remote_fingerprint_; }

    /// Ends the session, and tells the remote: by a close_notify, or, while the handshake runs and something has
    /// come from there, by the fatal alert internal_error.
    void close() noexcept;

private:
    friend class DtlsContext;

    enum class State { handshake, established, ended };

    struct Bridge;  // what BoringSSL calls

    result<void> advance_handshake();
    void take_over_records();
    void open_records(PacketSink sink);
    void seal(std::uint8_t type, ByteView packet);
    result<void> read_packets(PacketSink sink);
    result<void> failure(int returned);
    void refresh() noexcept;
    bool may_send(std::size_t octets) const noexcept;

    std::shared_ptr<const DtlsContext> context_;
    Output& output_;
    ssl_st* ssl_;
    std::unique_ptr<DtlsRecords> records_;  ///< of data, with the cipher that is fast; else BoringSSL's are used
    ByteView inbound_;                      ///< the datagram that BoringSSL has not read yet
    Clock::time_point now_{};
    Clock::time_point next_time_ = Clock::time_point::max();
    std::optional<Sha256Digest> expected_remote_;
    Sha256Digest remote_fingerprint_{};
    Role role_;
    State state_ = State::handshake;
    std::optional<std::size_t> allowance_;  ///< see `limit_unproven`
    std::size_t received_ = 0;              ///< octets, during the handshake
    std::size_t sent_ = 0;                  ///< octets
    std::size_t flight_ = 0;                ///< octets of the flight that was sent last, or would have been
    bool wrong_certificate_ = false;
    bool has_progressed_ = false;
    bool saw_cookie_request_ = false;
};

}  // namespace libp2p::crypto
