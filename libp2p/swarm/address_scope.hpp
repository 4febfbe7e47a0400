// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/multiaddr.hpp>

#include <vector>

namespace libp2p::swarm {

/// How far an address reaches, nearest first.
enum class AddressScope { unspecified, loopback, link_local, private_network, global };

/// Decided by the first component; names and transports without an IP address count as global, `/memory` and `/unix` as
/// loopback.
AddressScope scope_of(const Multiaddr& address);

/// True when the path leads through a relay.
bool is_relayed(const Multiaddr& address);

/// True when the relay carries what is sent, and has not only arranged the connection.
bool is_circuit(const Multiaddr& address);

/// `address`, or for a wildcard the addresses of this machine's interfaces that it stands for (link-local ones left
/// out).
std::vector<Multiaddr> expand_wildcard(const Multiaddr& address);

/// What may be told to a remote that is seen at `remote`: nothing nearer than the remote itself can reach.
std::vector<Multiaddr> visible_from(const std::vector<Multiaddr>& addresses, const Multiaddr& remote);

}  // namespace libp2p::swarm
