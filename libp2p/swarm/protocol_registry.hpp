// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/protocol_handler.hpp>

#include <map>
#include <memory>
#include <vector>

namespace libp2p::swarm {

/// Which handler serves which protocol, for all transports.
class ProtocolRegistry {
public:
    /// Throws std::invalid_argument when `protocol` is registered already, empty, or longer than kMaxProtocolIdSize.
    void add(ProtocolId protocol, StreamHandler handler);
    void add(ProtocolId name, ProtocolMatcher matcher, StreamHandler handler);

    /// False when it was not registered.
    bool remove(const ProtocolId& protocol);

    /// The handler for a name that a remote proposes: the exact one first, then the first matcher that accepts; null
    /// when there is none. Shared, so that a handler lives while its streams are served, even unregistered.
    std::shared_ptr<const StreamHandler> find(const ProtocolId& protocol) const;

    bool supports(const ProtocolId& protocol) const { return find(protocol) != nullptr; }

    /// Every registered name, sorted.
    std::vector<ProtocolId> names() const;

private:
    struct Entry {
        std::shared_ptr<const StreamHandler> handler;
        ProtocolMatcher matcher;  ///< empty: the name itself
    };

    void insert(ProtocolId name, Entry entry);

    std::map<ProtocolId, Entry> entries_;
};

}  // namespace libp2p::swarm
