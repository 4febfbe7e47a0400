// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/connection_info.hpp>
#include <libp2p/error.hpp>
#include <libp2p/limits.hpp>
#include <libp2p/peer_id.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace libp2p {

/// When connections are trimmed. Names in messages: "connection_manager.high_water".
struct ConnectionManagerOptions {
    /// With more connections than `high_water`, so many are closed that `low_water` remain. `high_water` must be below
    /// limits.system.connections, connections_inbound and connections_outbound, so that trimming begins before the
    /// budget refuses; 0 takes three quarters of the smallest of them. 0 for `low_water` takes three quarters of
    /// `high_water`.
    std::uint32_t low_water = 0;
    std::uint32_t high_water = 0;
    std::chrono::milliseconds grace_period{60'000};    ///< a connection younger than this is not closed
    std::chrono::milliseconds silence_period{10'000};  ///< between two trims
};

inline constexpr std::size_t kMaxTagsPerPeer = 64;         ///< tags, and protections, of one peer
inline constexpr std::size_t kMaxTagSize = 128;            ///< octets in the name of a tag or protection
inline constexpr std::size_t kMaxTaggedPeers = 16 * 1024;  ///< peers with tags or protections; see `tag_peer`

/// Decides which connections to close when there are too many. Does no I/O and reads no clock: the swarm registers
/// connections, asks for `victims` and closes them.
///
/// A connection is never chosen while its peer is protected or while it is younger than the grace period. Of the others
/// go first, in this order:
///   1. those that are half open, before those that are set up;
///   2. those without streams;
///   3. those of the peer with the lowest sum of tag weights;
///   4. inbound ones, before those this side wanted;
///   5. those idle for longest;
///   6. the lower connection id.
class ConnectionManager {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    /// Throws std::invalid_argument, naming the settings, when the marks do not fit each other or the limits.
    ConnectionManager(const ConnectionManagerOptions& options, const Limits& limits);
    ConnectionManager(const ConnectionManager&) = delete;
    ConnectionManager& operator=(const ConnectionManager&) = delete;

    // --- for applications and protocols ----------------------------------------------------------------------------

    /// Gives `peer` the weight `weight` under the name `tag`, in the place of an earlier one. The peer need not be
    /// connected. With `kMaxTaggedPeers` known, the tags of the peer that has been unconnected and unprotected for
    /// longest are forgotten; fails with `Errc::limit_exceeded` when there is none, and at the other caps above.
    result<void> tag_peer(const PeerId& peer, std::string_view tag, std::int32_t weight);

    /// The same, with the weight that `change` makes of the present one (0 when there is none).
    result<void> upsert_tag(
        const PeerId& peer, std::string_view tag, const std::function<std::int32_t(std::int32_t)>& change
    );

    void untag_peer(const PeerId& peer, std::string_view tag);

    /// The sum of the weights of all tags.
    std::int64_t weight(const PeerId& peer) const noexcept;
    std::map<std::string, std::int32_t, std::less<>> tags(const PeerId& peer) const;

    /// Keeps the connections of `peer` from being trimmed until every name that protects it is taken back. Fails like
    /// `tag_peer`.
    result<void> protect(const PeerId& peer, std::string_view name);

    /// Takes one protection back; true when others remain.
    bool unprotect(const PeerId& peer, std::string_view name);

    bool is_protected(const PeerId& peer) const noexcept;
    bool is_protected(const PeerId& peer, std::string_view name) const noexcept;

    std::uint32_t low_water() const noexcept { return low_water_; }
    std::uint32_t high_water() const noexcept { return high_water_; }

    /// Connections that are registered and were not chosen as victims.
    std::size_t size() const noexcept { return connections_.size() - leaving_; }

    // --- for the swarm -----------------------------------------------------------------------------------------------

    /// What a connection is doing.
    struct Activity {
        std::size_t streams = 0;
        TimePoint last{};        ///< when octets of a stream moved last
        bool half_open = false;  ///< the remote has not shown yet that it can be talked to (identify is not done)
    };

    /// Registers a connection. `activity` is asked while victims are chosen and must not call back.
    void add(
        ConnectionId id, const PeerId& peer, Direction direction, TimePoint opened, std::function<Activity()> activity
    );
    void remove(ConnectionId id) noexcept;

    /// The connections to close now, first the one that is missed least; empty with `high_water` connections or fewer,
    /// and within the silence period. They count no longer, and are not chosen again.
    std::vector<ConnectionId> victims(TimePoint now);

private:
    struct Peer {
        std::map<std::string, std::int32_t, std::less<>> tags;
        std::set<std::string, std::less<>> protections;
        std::list<PeerId> parked;  // its node of the list below while it is not there: nothing is allocated later
        std::list<PeerId>::iterator place;  // that node, wherever it is
    };
    using Peers = std::unordered_map<PeerId, Peer>;

    struct Entry {
        PeerId peer;
        Direction direction;
        TimePoint opened;
        std::function<Activity()> activity;
        bool leaving = false;
    };

    result<Peers::iterator> find_or_add(const PeerId& peer, std::string_view name);
    void settle(Peers::iterator peer) noexcept;
    void settle(const PeerId& peer) noexcept;

    std::uint32_t low_water_;
    std::uint32_t high_water_;
    std::chrono::milliseconds grace_period_;
    std::chrono::milliseconds silence_period_;
    std::map<ConnectionId, Entry> connections_;          // bounded by limits.system.connections
    std::unordered_map<PeerId, std::size_t> connected_;  // how many connections each peer has
    std::size_t leaving_ = 0;
    Peers peers_;                    // those with a tag or a protection; at most kMaxTaggedPeers
    std::list<PeerId> forgettable_;  // of these, the neither connected nor protected ones, longest first
    std::optional<TimePoint> last_trim_;
};

}  // namespace libp2p
