// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/multiaddr.hpp>

#include <string>
#include <vector>

namespace libp2p::tools {

/// What keeps a well-formed address from being dialled as it stands: one sentence a component, empty where nothing
/// does. Knows WebRTC-Direct (libp2p specs, webrtc-direct), where order and certificate hashes are easily got wrong.
std::vector<std::string> advice_on(const Multiaddr& address);

/// True for a listener's address of WebRTC-Direct that lacks the hash of its certificate.
bool lacks_certhash(const Multiaddr& address);

}  // namespace libp2p::tools
