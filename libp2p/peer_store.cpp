// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/peer_store.hpp"

#include <boost/assert.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

namespace libp2p {
namespace {

/// What an entry takes beside its contents, about: hash and list nodes, vectors.
constexpr std::size_t kEntryOverhead = 512;
constexpr std::size_t kAddressOverhead = 96;
constexpr std::size_t kProtocolOverhead = 32;

PeerStore::TimePoint end_of(PeerStore::TimePoint now, PeerStore::Duration ttl) noexcept {
    const bool overflows = ttl > PeerStore::Duration::zero() && now > PeerStore::TimePoint::max() - ttl;
    return overflows ? PeerStore::TimePoint::max() : now + ttl;
}

}  // namespace

PeerStore::PeerStore(const Limits& limits)
    : max_peers_(limits.known_peers),
      max_memory_(limits.known_peers_memory),
      max_addresses_(limits.addresses_per_peer),
      max_protocols_(limits.protocols_per_peer) {}

void PeerStore::add_addresses(const PeerId& peer, std::span<const Multiaddr> addresses, Duration ttl, TimePoint now) {
    merge(entry_of(peer), peer, addresses, end_of(now, ttl), false, now);
    settle(peer);
}

bool PeerStore::set_certified_addresses(
    const PeerId& peer, std::span<const Multiaddr> addresses, std::uint64_t sequence, Duration ttl, TimePoint now
) {
    if (const auto known = certified_sequence(peer); known && *known > sequence) {
        return false;
    }
    auto& entry = entry_of(peer);
    entry.sequence = sequence;
    std::erase_if(entry.addresses, [](const Address& known) { return known.certified; });
    merge(entry, peer, addresses, end_of(now, ttl), true, now);
    settle(peer);
    return true;
}

std::vector<Multiaddr> PeerStore::addresses(const PeerId& peer, TimePoint now) const {
    std::vector<Multiaddr> found;
    if (const auto* entry = find(peer)) {
        for (const auto& known : entry->addresses) {
            if (known.end > now) {
                found.push_back(known.address);
            }
        }
    }
    return found;
}

std::optional<std::uint64_t> PeerStore::certified_sequence(const PeerId& peer) const noexcept {
    const auto* entry = find(peer);
    return entry != nullptr ? entry->sequence : std::nullopt;
}

void PeerStore::set_protocols(const PeerId& peer, std::span<const ProtocolId> protocols) {
    auto& kept = entry_of(peer).protocols;
    kept.clear();
    for (const auto& protocol : protocols) {
        if (kept.size() == max_protocols_) {
            break;
        }
        if (!protocol.empty() && protocol.size() <= kMaxProtocolIdSize) {
            kept.push_back(protocol);
        }
    }
    std::sort(kept.begin(), kept.end());
    kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
    kept.shrink_to_fit();
    settle(peer);
}

std::vector<ProtocolId> PeerStore::protocols(const PeerId& peer) const {
    const auto* entry = find(peer);
    return entry != nullptr ? entry->protocols : std::vector<ProtocolId>();
}

std::optional<ProtocolId> PeerStore::supports(const PeerId& peer, std::span<const ProtocolId> wanted) const {
    if (const auto* entry = find(peer)) {
        for (const auto& protocol : wanted) {
            if (std::binary_search(entry->protocols.begin(), entry->protocols.end(), protocol)) {
                return protocol;
            }
        }
    }
    return std::nullopt;
}

void PeerStore::set_identified(const PeerId& peer, std::string_view agent, std::string_view protocol_version) {
    auto& entry = entry_of(peer);
    entry.agent = agent.substr(0, kMaxAgentSize);
    entry.protocol_version = protocol_version.substr(0, kMaxAgentSize);
    settle(peer);
}

std::string PeerStore::agent(const PeerId& peer) const {
    const auto* entry = find(peer);
    return entry != nullptr ? entry->agent : std::string();
}

std::string PeerStore::protocol_version(const PeerId& peer) const {
    const auto* entry = find(peer);
    return entry != nullptr ? entry->protocol_version : std::string();
}

void PeerStore::set_public_key(const PublicKey& key) {
    const auto peer = key.peer_id();
    if (!peer.has_public_key()) {
        entry_of(peer).public_key = key;
        settle(peer);
    }
}

std::optional<PublicKey> PeerStore::public_key(const PeerId& peer) const {
    if (peer.has_public_key()) {
        if (auto inside = peer.public_key()) {
            return std::move(*inside);
        }
        return std::nullopt;
    }
    const auto* entry = find(peer);
    return entry != nullptr ? entry->public_key : std::nullopt;
}

void PeerStore::hold(const PeerId& peer) {
    if (++holds_[peer] == 1) {
        if (const auto entry = entries_.find(peer); entry != entries_.end()) {
            held_.splice(held_.end(), recent_, entry->second.place);
        }
    }
}

void PeerStore::unhold(const PeerId& peer) noexcept {
    const auto hold = holds_.find(peer);
    BOOST_ASSERT_MSG(hold != holds_.end(), "nobody holds this peer");
    if (hold == holds_.end() || --hold->second > 0) {
        return;
    }
    holds_.erase(hold);
    if (const auto entry = entries_.find(peer); entry != entries_.end()) {
        recent_.splice(recent_.end(), held_, entry->second.place);
    }
}

void PeerStore::forget(const PeerId& peer) noexcept {
    if (const auto entry = entries_.find(peer); entry != entries_.end()) {
        erase(entry);
    }
}

void PeerStore::remove_expired(TimePoint now) {
    for (const auto& peer : peers()) {
        auto& entry = entries_.find(peer)->second;
        if (std::erase_if(entry.addresses, [now](const Address& known) { return known.end <= now; }) > 0) {
            settle(peer);
        }
    }
}

std::vector<PeerId> PeerStore::peers() const {
    std::vector<PeerId> all;
    all.reserve(entries_.size());
    for (const auto& [peer, entry] : entries_) {
        all.push_back(peer);
    }
    std::sort(all.begin(), all.end());
    return all;
}

/// Finds or makes the entry of a peer that is about to change; `settle` must follow.
PeerStore::Entry& PeerStore::entry_of(const PeerId& peer) {
    const bool held = holds_.contains(peer);
    auto& list = held ? held_ : recent_;
    if (const auto found = entries_.find(peer); found != entries_.end()) {
        list.splice(list.end(), list, found->second.place);
        return found->second;
    }
    std::list<PeerId> node{peer};
    auto& entry = entries_[peer];
    entry.place = node.begin();
    list.splice(list.end(), node);
    return entry;
}

const PeerStore::Entry* PeerStore::find(const PeerId& peer) const noexcept {
    const auto found = entries_.find(peer);
    return found == entries_.end() ? nullptr : &found->second;
}

/// Leaves the addresses in the order `addresses` gives them, without those past their end.
void PeerStore::merge(
    Entry& entry, const PeerId& peer, std::span<const Multiaddr> addresses, TimePoint end, bool certified, TimePoint now
) {
    auto& known = entry.addresses;
    std::erase_if(known, [now](const Address& address) { return address.end <= now; });
    const auto goes_first = [](const Address& a, const Address& b) {
        return std::tie(b.certified, b.end, a.address) < std::tie(a.certified, a.end, b.address);
    };
    std::size_t taken = 0;
    for (const auto& given : addresses) {
        if (end <= now || taken == max_addresses_) {
            break;
        }
        const auto names = given.peer();
        if (names && *names != peer) {
            continue;
        }
        auto address = given.without_peer();
        if (!address || address->bytes().size() > kMaxStoredAddressSize) {
            continue;
        }
        ++taken;
        const auto same =
            std::find_if(known.begin(), known.end(), [&](const Address& other) { return other.address == *address; });
        if (same != known.end()) {
            same->end = std::max(same->end, end);
            same->certified = same->certified || certified;
        } else {
            known.push_back({std::move(*address), end, certified});
        }
    }
    std::sort(known.begin(), known.end(), goes_first);
    if (known.size() > max_addresses_) {
        known.erase(known.begin() + static_cast<std::ptrdiff_t>(max_addresses_), known.end());
    }
    known.shrink_to_fit();
}

/// Counts a changed entry afresh, drops it when it is empty, and forgets others, or it, while there is too much.
void PeerStore::settle(const PeerId& peer) {
    auto& entry = entries_.find(peer)->second;
    if (entry.addresses.empty() && entry.protocols.empty() && entry.agent.empty() && entry.protocol_version.empty() &&
        !entry.public_key) {
        return forget(peer);
    }
    std::size_t memory = kEntryOverhead + entry.agent.size() + entry.protocol_version.size();
    for (const auto& known : entry.addresses) {
        memory += kAddressOverhead + known.address.bytes().size();
    }
    for (const auto& protocol : entry.protocols) {
        memory += kProtocolOverhead + protocol.size();
    }
    if (entry.public_key) {
        memory += entry.public_key->encoded().size();
    }
    memory_ += memory - std::exchange(entry.memory, memory);
    // The changed entry is the last of its list: it goes only when everybody else is held.
    while (entries_.size() > max_peers_ || memory_ > max_memory_) {
        const auto& list = recent_.empty() ? held_ : recent_;
        erase(entries_.find(recent_.empty() ? list.back() : list.front()));
    }
}

void PeerStore::erase(Entries::iterator entry) noexcept {
    memory_ -= entry->second.memory;
    auto& list = holds_.contains(entry->first) ? held_ : recent_;
    list.erase(entry->second.place);
    entries_.erase(entry);
}

}  // namespace libp2p
