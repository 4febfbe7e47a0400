// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/webrtc/private/rendezvous_message.hpp"

#include <libp2p/keys.hpp>
#include <libp2p/peer_id.hpp>

#include <string>
#include <string_view>

namespace libp2p::webrtc {

/// A text that nobody can foresee, for one client to sign.
std::string make_challenge();

/// The answer of a client: who it is, its key, and that key's signature of "libp2p-rendezvous:" and the challenge.
RendezvousMessage enrol(const Identity& identity, std::string_view challenge);

/// Who has answered. Fails with `Errc::protocol_violation` for what is no answer, and with `Errc::invalid_signature`
/// where the key is not that peer's, or the signature not that key's.
result<PeerId> check_enrolment(const RendezvousMessage& message, std::string_view challenge);

}  // namespace libp2p::webrtc
