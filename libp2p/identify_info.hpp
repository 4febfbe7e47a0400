// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/multiaddr.hpp>
#include <libp2p/peer_id.hpp>
#include <libp2p/protocol_id.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace libp2p {

/// Longest agent and protocol version that are sent or kept, in octets; the rest is cut.
inline constexpr std::size_t kMaxAgentSize = 256;

/// What identify told of a peer.
struct IdentifyInfo {
    PeerId peer;
    std::string agent;
    std::string protocol_version;
    std::vector<ProtocolId> protocols;
    std::vector<Multiaddr> addresses;   ///< certified ones where a valid signed record came
    bool certified = false;             ///< the addresses come from a record that the peer signed
    std::optional<Multiaddr> observed;  ///< how the peer sees us
};

}  // namespace libp2p
