// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/async.hpp>
#include <libp2p/error.hpp>
#include <libp2p/keys.hpp>
#include <libp2p/multiaddr.hpp>
#include <libp2p/peer_id.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace libp2p {

/// Longest `SignallingMessage::data` that is taken from a remote, in octets.
inline constexpr std::size_t kMaxSignallingData = 64 * 1024;

/// What two peers tell each other before they can talk directly: an offer, its answer, and candidates both ways.
struct SignallingMessage {
    enum class Type : std::uint8_t {
        offer,      ///< `data` is an SDP
        answer,     ///< `data` is an SDP
        candidate,  ///< `data` is the JSON of an RTCIceCandidate, as browsers write it
        done,       ///< no candidates follow; not sent, as not every peer knows it
    };

    Type type = Type::offer;
    std::string data;
};

/// Who is at the other end of a pipe.
struct SignallingRemote {
    /// Who the remote says it is, or who was asked for. Empty where that is not known.
    std::optional<PeerId> peer;

    /// Set where the pipe has proven that: nobody else could read or write the messages. It then vouches for the
    /// certificates that are named in them. Else the peers prove themselves to each other once they are connected, by
    /// Noise, and who passes the messages on is not trusted.
    std::optional<PublicKey> key;
};

/// Carries a few messages between two peers, for one connection that they are about to make.
///
/// One `receive` and one `send` or `close` may be under way at a time. Cancelling one of them finishes the pipe.
class SignallingPipe {
public:
    SignallingPipe() = default;
    SignallingPipe(const SignallingPipe&) = delete;
    SignallingPipe& operator=(const SignallingPipe&) = delete;

    /// Destroying an open pipe aborts it.
    virtual ~SignallingPipe() = default;

    virtual const SignallingRemote& remote() const noexcept = 0;

    virtual awaitable<result<void>> send(SignallingMessage message) = 0;

    /// The next message. Fails with `asio::error::eof` when the remote sends no more, which is no failure once the
    /// descriptions were exchanged, and with `Errc::protocol_violation` for what is no message or is larger than
    /// `kMaxSignallingData`.
    virtual awaitable<result<SignallingMessage>> receive() = 0;

    /// Tells the remote that nothing more is sent. Receiving goes on.
    virtual awaitable<result<void>> close() = 0;

    /// Ends both directions at once, and wakes whoever waits with `operation_aborted`. Idempotent.
    virtual void abort() noexcept = 0;
};

/// Takes pipes that remotes open.
class SignallingListener {
public:
    SignallingListener() = default;
    SignallingListener(const SignallingListener&) = delete;
    SignallingListener& operator=(const SignallingListener&) = delete;
    virtual ~SignallingListener() = default;

    /// Where dialers reach this host, ending in /webrtc, without /p2p; may be others later.
    virtual std::vector<Multiaddr> addresses() const = 0;

    /// The next pipe. Fails with `Errc::shut_down` once closed. One caller at a time; cancellation loses no pipe.
    virtual awaitable<result<std::unique_ptr<SignallingPipe>>> accept() = 0;

    /// Wakes `accept`. Idempotent.
    virtual void close() noexcept = 0;
};

/// A way of passing messages between peers. Private WebRTC has one over relays and one over a rendezvous server; bring
/// another by implementing this, and hand it to `make_private_webrtc_transport`.
class Signalling {
public:
    Signalling() = default;
    Signalling(const Signalling&) = delete;
    Signalling& operator=(const Signalling&) = delete;
    virtual ~Signalling() = default;

    /// Whether `open` reaches peers at `address`, which has no /p2p at its end. No I/O.
    virtual bool can_dial(const Multiaddr& address) const noexcept = 0;
    virtual bool can_listen(const Multiaddr& address) const noexcept = 0;

    /// A pipe to `peer`. The caller bounds the time.
    virtual awaitable<result<std::unique_ptr<SignallingPipe>>> open(Multiaddr address, PeerId peer) = 0;

    virtual awaitable<result<std::unique_ptr<SignallingListener>>> listen(Multiaddr address) = 0;
};

}  // namespace libp2p
