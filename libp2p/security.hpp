// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/byte_stream.hpp>
#include <libp2p/direction.hpp>
#include <libp2p/keys.hpp>
#include <libp2p/peer_id.hpp>
#include <libp2p/protocol_id.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace libp2p {

/// A byte stream whose other end is proven, and whose octets nobody else can read or change.
class SecureChannel : public ByteStream {
public:
    virtual const PublicKey& remote_public_key() const noexcept = 0;
    virtual const PeerId& remote_peer() const noexcept = 0;

    /// The muxer that was agreed on inside the handshake; empty when it has to be negotiated.
    virtual const ProtocolId& early_muxer() const noexcept = 0;

    /// Waits for octets and lends them: at least one, all that are at hand and decrypted. The view may be written to,
    /// and stays valid until the next read of either kind. Holds as little memory as it can while it waits.
    virtual awaitable<result<MutableByteView>> read_chunk() = 0;
};

/// What a handshake is told.
struct SecurityOptions {
    SecurityOptions(Direction role, std::optional<PeerId> expected, std::vector<ProtocolId> offered_muxers)
        : direction(role), expected_peer(std::move(expected)), muxers(std::move(offered_muxers)) {}

    Direction direction;                  ///< outbound: we are the initiator
    std::optional<PeerId> expected_peer;  ///< outbound: the peer that was dialled; anybody when empty
    std::vector<ProtocolId> muxers;       ///< what may be agreed on early, best first; empty: nothing is offered
    Bytes prologue;                       ///< mixed into the handshake by protocols that have one
};

/// A security protocol that an upgrader can choose. Implement it, hand it to `Host::add_security`, done.
class SecurityProtocol {
public:
    virtual ~SecurityProtocol() = default;

    virtual const ProtocolId& id() const noexcept = 0;

    /// Runs the handshake over `raw` and takes it over. Fails with `Errc::peer_mismatch` when the remote is not the
    /// expected peer, with `Errc::authentication_failed` when it cannot prove who it is. The caller bounds the time.
    /// On failure and on cancellation `raw` is destroyed.
    virtual awaitable<result<std::unique_ptr<SecureChannel>>> secure(
        std::unique_ptr<ByteStream> raw, SecurityOptions options
    ) = 0;
};

}  // namespace libp2p
