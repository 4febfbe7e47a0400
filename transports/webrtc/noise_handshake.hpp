// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/webrtc/webrtc_core.hpp"

#include <libp2p/keys.hpp>
#include <libp2p/peer_id.hpp>
#include <libp2p/security.hpp>

#include <memory>
#include <optional>

namespace libp2p::webrtc {

/// "libp2p-webrtc-noise:" and the multihashes of both certificates, the dialer's first: what ties the identities that
/// Noise proves to the DTLS connection below.
Bytes noise_prologue(const crypto::Sha256Digest& dialer, const crypto::Sha256Digest& listener);

/// The remote, proven.
struct ProvenRemote {
    PublicKey key;
    PeerId peer;
};

/// Proves both sides to each other by Noise over channel 0 of an open session, and leaves that channel open and unused.
/// The listener is Noise's initiator. Fails like `SecurityProtocol::secure`. The
/// caller bounds the time; cancellation leaves the session as it is.
awaitable<result<ProvenRemote>> prove_remote(
    std::shared_ptr<WebRtcCore> core, SecurityProtocol& noise, Direction direction, std::optional<PeerId> expected
);

}  // namespace libp2p::webrtc
