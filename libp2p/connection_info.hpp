// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/budget.hpp>
#include <libp2p/keys.hpp>
#include <libp2p/multiaddr.hpp>
#include <libp2p/peer_id.hpp>
#include <libp2p/protocol_id.hpp>

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>

namespace libp2p {

/// Names one connection of a host; never reused in a process.
struct ConnectionId {
    std::uint64_t value = 0;
    friend auto operator<=>(const ConnectionId&, const ConnectionId&) = default;
};

/// What is known of a connection once it stands. Shared, and immutable, so it may be read after the connection has
/// ended.
struct ConnectionInfo {
    ConnectionId id;
    Direction direction;
    PeerId peer;               ///< authenticated
    PublicKey public_key;      ///< of that peer
    Multiaddr local_address;   ///< without /p2p
    Multiaddr remote_address;  ///< without /p2p
    std::string transport;     ///< "tcp", "memory", …
    ProtocolId security;       ///< "/noise"; empty where the transport brings its own
    ProtocolId muxer;          ///< "/yamux/1.0.0"; empty where the transport brings its own
    bool limited = false;      ///< relayed under a limit: streams need the caller's consent
    std::chrono::steady_clock::time_point opened;
};

}  // namespace libp2p
