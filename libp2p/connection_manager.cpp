// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/connection_manager.hpp"

#include <boost/assert.hpp>

#include <algorithm>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace libp2p {
namespace {

std::uint32_t three_quarters(std::uint32_t of) noexcept {
    return of - of / 4;
}

std::string setting(std::string_view name, std::uint32_t value) {
    return std::string(name) + " (" + std::to_string(value) + ")";
}

/// The first limit that would refuse connections before `high_water` is passed.
void check_fits(std::uint32_t high_water, std::uint32_t limit, std::string_view limit_name) {
    if (high_water >= limit) {
        throw std::invalid_argument(
            setting("connection_manager.high_water", high_water) + " must be below " + setting(limit_name, limit) +
            ": connections would be refused before any is trimmed"
        );
    }
}

Error over_cap(std::string_view what, std::size_t cap, std::string_view cap_name) {
    return Error(
        Errc::limit_exceeded,
        "connection manager: " + std::string(what) + " " + std::to_string(cap) + " (" + std::string(cap_name) + ")"
    );
}

}  // namespace

ConnectionManager::ConnectionManager(const ConnectionManagerOptions& options, const Limits& limits)
    : low_water_(options.low_water),
      high_water_(options.high_water),
      grace_period_(options.grace_period),
      silence_period_(options.silence_period) {
    const auto& system = limits.system;
    if (high_water_ == 0) {
        high_water_ =
            three_quarters(std::min({system.connections, system.connections_inbound, system.connections_outbound}));
    } else {
        check_fits(high_water_, system.connections, "limits.system.connections");
        check_fits(high_water_, system.connections_inbound, "limits.system.connections_inbound");
        check_fits(high_water_, system.connections_outbound, "limits.system.connections_outbound");
    }
    if (low_water_ == 0) {
        low_water_ = three_quarters(high_water_);
    } else if (low_water_ > high_water_) {
        throw std::invalid_argument(
            setting("connection_manager.low_water", low_water_) + " must not be above " +
            setting("connection_manager.high_water", high_water_)
        );
    }
    if (grace_period_.count() < 0) {
        throw std::invalid_argument("connection_manager.grace_period must not be negative");
    }
    if (silence_period_.count() < 0) {
        throw std::invalid_argument("connection_manager.silence_period must not be negative");
    }
}

result<void> ConnectionManager::tag_peer(const PeerId& peer, std::string_view tag, std::int32_t weight) {
    auto found = find_or_add(peer, tag);
    if (!found) {
        return found.error();
    }
    auto& tags = (*found)->second.tags;
    if (const auto present = tags.find(tag); present != tags.end()) {
        present->second = weight;
    } else if (tags.size() == kMaxTagsPerPeer) {
        return over_cap("a peer has at most so many tags:", kMaxTagsPerPeer, "kMaxTagsPerPeer");
    } else {
        tags.emplace(tag, weight);
    }
    settle(*found);
    return ok();
}

result<void> ConnectionManager::upsert_tag(
    const PeerId& peer, std::string_view tag, const std::function<std::int32_t(std::int32_t)>& change
) {
    std::int32_t present = 0;
    if (const auto found = peers_.find(peer); found != peers_.end()) {
        const auto& tags = found->second.tags;
        const auto entry = tags.find(tag);
        present = entry == tags.end() ? 0 : entry->second;
    }
    return tag_peer(peer, tag, change(present));
}

void ConnectionManager::untag_peer(const PeerId& peer, std::string_view tag) {
    const auto found = peers_.find(peer);
    if (found == peers_.end()) {
        return;
    }
    auto& tags = found->second.tags;
    if (const auto entry = tags.find(tag); entry != tags.end()) {
        tags.erase(entry);
        settle(found);
    }
}

std::int64_t ConnectionManager::weight(const PeerId& peer) const noexcept {
    std::int64_t sum = 0;  // of at most kMaxTagsPerPeer numbers of 32 bits
    if (const auto found = peers_.find(peer); found != peers_.end()) {
        for (const auto& [tag, weight] : found->second.tags) {
            sum += weight;
        }
    }
    return sum;
}

std::map<std::string, std::int32_t, std::less<>> ConnectionManager::tags(const PeerId& peer) const {
    const auto found = peers_.find(peer);
    if (found == peers_.end()) {
        return {};
    }
    return found->second.tags;
}

result<void> ConnectionManager::protect(const PeerId& peer, std::string_view name) {
    auto found = find_or_add(peer, name);
    if (!found) {
        return found.error();
    }
    auto& protections = (*found)->second.protections;
    if (!protections.contains(name)) {
        if (protections.size() == kMaxTagsPerPeer) {
            return over_cap("a peer has at most so many protections:", kMaxTagsPerPeer, "kMaxTagsPerPeer");
        }
        protections.emplace(name);
    }
    settle(*found);
    return ok();
}

bool ConnectionManager::unprotect(const PeerId& peer, std::string_view name) {
    const auto found = peers_.find(peer);
    if (found == peers_.end()) {
        return false;
    }
    auto& protections = found->second.protections;
    if (const auto entry = protections.find(name); entry != protections.end()) {
        protections.erase(entry);
    }
    const bool others = !protections.empty();
    settle(found);
    return others;
}

bool ConnectionManager::is_protected(const PeerId& peer) const noexcept {
    const auto found = peers_.find(peer);
    return found != peers_.end() && !found->second.protections.empty();
}

bool ConnectionManager::is_protected(const PeerId& peer, std::string_view name) const noexcept {
    const auto found = peers_.find(peer);
    return found != peers_.end() && found->second.protections.contains(name);
}

void ConnectionManager::add(
    ConnectionId id, const PeerId& peer, Direction direction, TimePoint opened, std::function<Activity()> activity
) {
    // Where one of the two cannot be allocated, neither stays.
    const auto connected = connected_.try_emplace(peer).first;
    bool added = false;
    try {
        added = connections_.try_emplace(id, Entry{peer, direction, opened, std::move(activity)}).second;
    } catch (...) {
        if (connected->second == 0) {
            connected_.erase(connected);
        }
        throw;
    }
    BOOST_ASSERT_MSG(added, "a connection is registered once");
    if (added) {
        ++connected->second;
        settle(peer);
    }
}

void ConnectionManager::remove(ConnectionId id) noexcept {
    const auto found = connections_.find(id);
    if (found == connections_.end()) {
        return;
    }
    const auto entry = std::move(found->second);
    connections_.erase(found);
    leaving_ -= entry.leaving ? 1 : 0;
    const auto connected = connected_.find(entry.peer);
    if (--connected->second == 0) {
        connected_.erase(connected);
        settle(entry.peer);
    }
}

std::vector<ConnectionId> ConnectionManager::victims(TimePoint now) {
    if (size() <= high_water_ || (last_trim_ && now - *last_trim_ < silence_period_)) {
        return {};
    }
    struct Candidate {
        // In the order of the class comment; smaller goes first.
        bool is_set_up;
        bool has_streams;
        std::int64_t weight;
        bool is_outbound;
        TimePoint last;
        std::map<ConnectionId, Entry>::iterator connection;

        auto rank() const {
            return std::make_tuple(is_set_up, has_streams, weight, is_outbound, last, connection->first);
        }
    };
    std::vector<Candidate> candidates;
    for (auto connection = connections_.begin(); connection != connections_.end(); ++connection) {
        const auto& entry = connection->second;
        if (entry.leaving || now - entry.opened < grace_period_ || is_protected(entry.peer)) {
            continue;
        }
        const auto activity = entry.activity ? entry.activity() : Activity{};
        candidates.push_back(
            {!activity.half_open,
             activity.streams > 0,
             weight(entry.peer),
             entry.direction == Direction::outbound,
             std::max(activity.last, entry.opened),
             connection}
        );
    }
    const auto count = std::min(size() - low_water_, candidates.size());
    const auto middle = candidates.begin() + static_cast<std::ptrdiff_t>(count);
    std::partial_sort(candidates.begin(), middle, candidates.end(), [](const Candidate& a, const Candidate& b) {
        return a.rank() < b.rank();
    });

    std::vector<ConnectionId> chosen;
    chosen.reserve(count);
    for (auto candidate = candidates.begin(); candidate != middle; ++candidate) {
        candidate->connection->second.leaving = true;
        chosen.push_back(candidate->connection->first);
    }
    leaving_ += count;
    last_trim_ = now;
    return chosen;
}

/// The record of a peer, made when there is none: an empty one that `settle` has to look at.
result<ConnectionManager::Peers::iterator> ConnectionManager::find_or_add(const PeerId& peer, std::string_view name) {
    if (name.size() > kMaxTagSize) {
        return over_cap("a name has at most so many octets:", kMaxTagSize, "kMaxTagSize");
    }
    if (const auto found = peers_.find(peer); found != peers_.end()) {
        return found;
    }
    if (peers_.size() == kMaxTaggedPeers) {
        if (forgettable_.empty()) {
            return over_cap("at most so many peers have tags or protections:", kMaxTaggedPeers, "kMaxTaggedPeers");
        }
        const auto oldest = peers_.find(forgettable_.front());
        forgettable_.pop_front();
        peers_.erase(oldest);
    }
    Peer record;
    record.place = record.parked.insert(record.parked.end(), peer);
    return peers_.try_emplace(peer, std::move(record)).first;
}

/// Drops an empty record, and keeps the list of those that may be forgotten right.
void ConnectionManager::settle(Peers::iterator peer) noexcept {
    auto& record = peer->second;
    const bool empty = record.tags.empty() && record.protections.empty();
    const bool is_forgettable = record.parked.empty();
    const bool may_be_forgotten = record.protections.empty() && !empty && !connected_.contains(peer->first);
    if (may_be_forgotten && !is_forgettable) {
        forgettable_.splice(forgettable_.end(), record.parked);
    } else if (!may_be_forgotten && is_forgettable) {
        record.parked.splice(record.parked.end(), forgettable_, record.place);
    }
    if (empty) {
        peers_.erase(peer);
    }
}

void ConnectionManager::settle(const PeerId& peer) noexcept {
    if (const auto found = peers_.find(peer); found != peers_.end()) {
        settle(found);
    }
}

}  // namespace libp2p
