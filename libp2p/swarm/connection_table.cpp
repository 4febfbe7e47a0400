// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/swarm/connection_table.hpp"

#include "libp2p/swarm/address_scope.hpp"

#include <algorithm>

namespace libp2p::swarm {

Worth worth(const ConnectionPtr& connection) {
    if (!connection) {
        return Worth::none;
    }
    const auto& info = connection->info();
    if (info.limited) {
        return Worth::limited;
    }
    return is_circuit(info.remote_address) ? Worth::relayed : Worth::direct;
}

bool ConnectionTable::add(const ConnectionPtr& connection) {
    const auto& info = connection->info();
    auto& of_peer = by_peer_[info.peer];
    of_peer.push_back(connection);
    by_id_.emplace(info.id, connection);
    return of_peer.size() == 1;
}

bool ConnectionTable::remove(const ConnectionPtr& connection) {
    const auto& info = connection->info();
    by_id_.erase(info.id);
    const auto of_peer = by_peer_.find(info.peer);
    if (of_peer == by_peer_.end()) {
        return false;
    }
    std::erase(of_peer->second, connection);
    if (!of_peer->second.empty()) {
        return false;
    }
    by_peer_.erase(of_peer);
    return true;
}

ConnectionPtr ConnectionTable::find(ConnectionId id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second;
}

std::vector<ConnectionPtr> ConnectionTable::all() const {
    std::vector<ConnectionPtr> all;
    all.reserve(by_id_.size());
    for (const auto& [id, connection] : by_id_) {
        all.push_back(connection);
    }
    return all;
}

std::vector<ConnectionPtr> ConnectionTable::with(const PeerId& peer) const {
    std::vector<ConnectionPtr> found;
    if (const auto of_peer = by_peer_.find(peer); of_peer != by_peer_.end()) {
        found = of_peer->second;
    }
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return worth(a) > worth(b); });
    return found;
}

ConnectionPtr ConnectionTable::best(const PeerId& peer) const {
    ConnectionPtr best;
    if (const auto found = by_peer_.find(peer); found != by_peer_.end()) {
        for (const auto& connection : found->second) {
            if (!connection->closing && worth(connection) > worth(best)) {
                best = connection;
            }
        }
    }
    return best;
}

ConnectionPtr ConnectionTable::usable(const PeerId& peer, bool allow_limited) const {
    auto best = this->best(peer);
    return allow_limited || worth(best) > Worth::limited ? best : nullptr;
}

std::vector<std::shared_ptr<const ConnectionInfo>> infos_of(const std::vector<ConnectionPtr>& connections) {
    std::vector<std::shared_ptr<const ConnectionInfo>> found;
    found.reserve(connections.size());
    for (const auto& connection : connections) {
        found.push_back(connection->connection->shared_info());
    }
    return found;
}

}  // namespace libp2p::swarm
