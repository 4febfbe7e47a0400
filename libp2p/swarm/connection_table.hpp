// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/swarm/managed_connection.hpp"

#include <map>
#include <unordered_map>
#include <vector>

namespace libp2p::swarm {

/// How much a connection with a peer is preferred, least first.
enum class Worth {
    none,     ///< there is no connection
    limited,  ///< through a relay that ends it after a time or a number of octets
    relayed,  ///< through a relay that carries whatever comes
    direct,
};

/// `none` for null.
Worth worth(const ConnectionPtr& connection);

/// The connections that stand, by id and by peer.
class ConnectionTable {
public:
    /// True when it is the first one with its peer. When this throws, `remove` takes out what is there of it.
    bool add(const ConnectionPtr& connection);

    /// True when it was the last one with its peer.
    bool remove(const ConnectionPtr& connection);

    bool has(const PeerId& peer) const { return by_peer_.contains(peer); }
    ConnectionPtr find(ConnectionId id) const;  ///< null when it has ended
    std::vector<ConnectionPtr> all() const;
    std::vector<ConnectionPtr> with(const PeerId& peer) const;  ///< best first
    const std::map<ConnectionId, ConnectionPtr>& by_id() const noexcept { return by_id_; }

    /// The one that streams go over; null when none stands, or all are about to close.
    ConnectionPtr best(const PeerId& peer) const;

    /// The best one, unless it is limited and that is not allowed.
    ConnectionPtr usable(const PeerId& peer, bool allow_limited) const;

private:
    std::map<ConnectionId, ConnectionPtr> by_id_;
    std::unordered_map<PeerId, std::vector<ConnectionPtr>> by_peer_;
};

/// What connections tell of themselves, in the same order.
std::vector<std::shared_ptr<const ConnectionInfo>> infos_of(const std::vector<ConnectionPtr>& connections);

}  // namespace libp2p::swarm
