// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/swarm/protocol_registry.hpp"

#include <stdexcept>

namespace libp2p::swarm {

void ProtocolRegistry::add(ProtocolId protocol, StreamHandler handler) {
    Entry entry{std::make_shared<const StreamHandler>(std::move(handler)), {}};
    insert(std::move(protocol), std::move(entry));
}

void ProtocolRegistry::add(ProtocolId name, ProtocolMatcher matcher, StreamHandler handler) {
    if (!matcher) {
        throw std::invalid_argument("protocol " + name + ": the matcher is empty");
    }
    Entry entry{std::make_shared<const StreamHandler>(std::move(handler)), std::move(matcher)};
    insert(std::move(name), std::move(entry));
}

bool ProtocolRegistry::remove(const ProtocolId& protocol) {
    return entries_.erase(protocol) > 0;
}

std::shared_ptr<const StreamHandler> ProtocolRegistry::find(const ProtocolId& protocol) const {
    auto exact = entries_.find(protocol);
    if (exact != entries_.end() && !exact->second.matcher) {
        return exact->second.handler;
    }
    for (const auto& [name, entry] : entries_) {
        if (entry.matcher && entry.matcher(protocol)) {
            return entry.handler;
        }
    }
    return nullptr;
}

std::vector<ProtocolId> ProtocolRegistry::names() const {
    std::vector<ProtocolId> names;
    names.reserve(entries_.size());
    for (const auto& [name, entry] : entries_) {
        names.push_back(name);
    }
    return names;
}

void ProtocolRegistry::insert(ProtocolId name, Entry entry) {
    if (name.empty() || name.size() > kMaxProtocolIdSize || name.find('\n') != ProtocolId::npos) {
        throw std::invalid_argument("not a protocol name: '" + name + "'");
    }
    if (!*entry.handler) {
        throw std::invalid_argument("protocol " + name + ": the handler is empty");
    }
    if (entries_.contains(name)) {
        throw std::invalid_argument("protocol " + name + " is served already");
    }
    entries_.emplace(std::move(name), std::move(entry));
}

}  // namespace libp2p::swarm
