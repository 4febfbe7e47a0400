// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/identify_info.hpp>
#include <libp2p/keys.hpp>
#include <libp2p/limits.hpp>
#include <libp2p/multiaddr.hpp>
#include <libp2p/peer_id.hpp>
#include <libp2p/protocol_id.hpp>

#include <chrono>
#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace libp2p {

/// Longest address that is kept, in octets; a longer one is left out.
inline constexpr std::size_t kMaxStoredAddressSize = 512;

/// What is known of peers, in memory: where they are, what they serve, who they say they are.
///
/// Filled by identify and by the application; addresses given to `Host::connect` are used for that dial alone. Bounded
/// by `limits.known_peers`, `known_peers_memory`, `addresses_per_peer` and `protocols_per_peer`: what comes too much is
/// dropped, and when there are too many peers, those whose entries were changed least lately are forgotten, unless
/// somebody holds them. Reads no clock.
class PeerStore {
public:
    using TimePoint = std::chrono::steady_clock::time_point;
    using Duration = std::chrono::steady_clock::duration;

    explicit PeerStore(const Limits& limits);
    PeerStore(const PeerStore&) = delete;
    PeerStore& operator=(const PeerStore&) = delete;

    // --- addresses -------------------------------------------------------------------------------------------------

    /// Adds addresses of `peer` that are worth a dial until `now + ttl`. An address that is known already keeps the
    /// later end. `/p2p/<peer>` at the end is left out; an address that names another peer is not taken. Of more than
    /// `limits.addresses_per_peer` those are kept that `addresses` would give first.
    void add_addresses(const PeerId& peer, std::span<const Multiaddr> addresses, Duration ttl, TimePoint now);

    /// The same for addresses from a record that the peer signed, with its sequence number: they take the place of
    /// those of the record before. False, and nothing changes, when a newer record is known.
    bool set_certified_addresses(
        const PeerId& peer, std::span<const Multiaddr> addresses, std::uint64_t sequence, Duration ttl, TimePoint now
    );

    /// Addresses that are not past their end, without /p2p: certified ones first, then those that end last.
    std::vector<Multiaddr> addresses(const PeerId& peer, TimePoint now) const;

    /// The sequence number of the newest signed record.
    std::optional<std::uint64_t> certified_sequence(const PeerId& peer) const noexcept;

    // --- what identify tells -----------------------------------------------------------------------------------------

    /// Replaces what the peer serves. Names that are empty or longer than `kMaxProtocolIdSize` are left out, and those
    /// after the first `limits.protocols_per_peer`.
    void set_protocols(const PeerId& peer, std::span<const ProtocolId> protocols);

    /// In alphabetical order.
    std::vector<ProtocolId> protocols(const PeerId& peer) const;

    /// The first of `wanted` that the peer is known to serve.
    std::optional<ProtocolId> supports(const PeerId& peer, std::span<const ProtocolId> wanted) const;

    void set_identified(const PeerId& peer, std::string_view agent, std::string_view protocol_version);
    std::string agent(const PeerId& peer) const;
    std::string protocol_version(const PeerId& peer) const;

    /// Keeps a key that is not inside its peer id.
    void set_public_key(const PublicKey& key);
    std::optional<PublicKey> public_key(const PeerId& peer) const;

    // --- entries -----------------------------------------------------------------------------------------------------

    /// Keeps the entry of `peer`, also one that comes later, from being forgotten to make room; for peers that the
    /// application cares for. Counted: as many `unhold` end it.
    void hold(const PeerId& peer);
    void unhold(const PeerId& peer) noexcept;

    /// Drops all that is known of `peer`.
    void forget(const PeerId& peer) noexcept;

    /// Drops addresses past their end, and peers of whom nothing else is known.
    void remove_expired(TimePoint now);

    /// Those of whom something is known, ordered by id.
    std::vector<PeerId> peers() const;
    bool contains(const PeerId& peer) const noexcept { return entries_.contains(peer); }
    std::size_t size() const noexcept { return entries_.size(); }

    /// Octets that the entries take, about.
    std::size_t memory() const noexcept { return memory_; }

private:
    struct Address {
        Multiaddr address;
        TimePoint end;
        bool certified;
    };

    struct Entry {
        std::vector<Address> addresses;
        std::vector<ProtocolId> protocols;  // sorted
        std::string agent;
        std::string protocol_version;
        std::optional<PublicKey> public_key;
        std::optional<std::uint64_t> sequence;
        std::size_t memory = 0;
        std::list<PeerId>::iterator place;  // in `recent_`, or in `held_`
    };
    using Entries = std::unordered_map<PeerId, Entry>;

    Entry& entry_of(const PeerId& peer);
    const Entry* find(const PeerId& peer) const noexcept;
    void merge(
        Entry& entry,
        const PeerId& peer,
        std::span<const Multiaddr> addresses,
        TimePoint end,
        bool certified,
        TimePoint now
    );
    void settle(const PeerId& peer);
    void erase(Entries::iterator entry) noexcept;

    std::uint32_t max_peers_;
    std::size_t max_memory_;
    std::uint32_t max_addresses_;
    std::uint32_t max_protocols_;
    Entries entries_;
    std::list<PeerId> recent_;                       // entries that may be forgotten, changed least lately first
    std::list<PeerId> held_;                         // the others
    std::unordered_map<PeerId, std::size_t> holds_;  // bounded by connections and by the application
    std::size_t memory_ = 0;
};

}  // namespace libp2p
