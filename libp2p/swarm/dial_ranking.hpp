// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/multiaddr.hpp>

#include <chrono>
#include <vector>

namespace libp2p::swarm {

/// An address, and how long after the start of the dial it gets its turn (earlier when those before it have failed).
struct RankedAddress {
    Multiaddr address;
    std::chrono::milliseconds delay;
};

/// The order in which the addresses of one peer are tried: near before far, IPv6 before IPv4, direct before relayed,
/// low ports first; 250 ms apart, 30 ms within a private network, relays half a second behind direct ones. What is only
/// arranged over a relay (`/p2p-circuit/webrtc`) has 3 s before what leads through one. Duplicates and unspecified
/// addresses are left out.
std::vector<RankedAddress> rank_addresses(std::vector<Multiaddr> addresses);

}  // namespace libp2p::swarm
