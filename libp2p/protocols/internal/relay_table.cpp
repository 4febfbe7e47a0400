// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/protocols/internal/relay_table.hpp"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

namespace libp2p::relay {
namespace {

template <class Key>
std::uint32_t count_of(const std::map<Key, std::uint32_t>& counts, const Key& key) noexcept {
    const auto found = counts.find(key);
    return found == counts.end() ? 0 : found->second;
}

template <class Key>
void take_one(std::map<Key, std::uint32_t>& counts, const Key& key) noexcept {
    const auto found = counts.find(key);
    if (found != counts.end() && --found->second == 0) {
        counts.erase(found);
    }
}

void count_in(std::map<ClientNetwork, std::uint32_t>& counts, const std::optional<ClientNetworks>& networks) {
    if (networks) {
        ++counts[networks->narrow];
        ++counts[networks->wide];
    }
}

void count_out(std::map<ClientNetwork, std::uint32_t>& counts, const std::optional<ClientNetworks>& networks) noexcept {
    if (networks) {
        take_one(counts, networks->narrow);
        take_one(counts, networks->wide);
    }
}

std::string full(std::string_view who, std::string_view what, std::size_t limit, std::string_view setting) {
    return std::string(who) + ": " + std::to_string(limit) + " " + std::string(what) + " of " + std::to_string(limit) +
           " used (" + std::string(setting) + ")";
}

std::string too_often(std::string_view who, const RequestRate& rate, std::string_view setting) {
    return std::string(who) + ": asks more often than " + std::to_string(rate.count) + " times in " +
           std::to_string(rate.period.count()) + " ms (" + std::string(setting) + ")";
}

protocols::Rate to_rate(const RequestRate& rate) noexcept {
    return {rate.count, rate.period};
}

}  // namespace

RelayTable::RelayTable(const RelayLimits& limits, std::shared_ptr<Budget> budget)
    : limits_(limits),
      memory_(std::move(budget), 0),
      reservations_of_peer_(to_rate(limits.reservation_rate_per_peer)),
      reservations_of_address_(to_rate(limits.reservation_rate_per_address)),
      circuits_of_peer_(to_rate(limits.circuit_rate_per_peer)),
      circuits_of_address_(to_rate(limits.circuit_rate_per_address)) {}

// --- reservations

std::optional<Refusal> RelayTable::reserve(const PeerId& peer, const Multiaddr& remote, TimePoint now) {
    if (stopped_) {
        return Refusal{Status::reservation_refused, "the relay is about to stop"};
    }
    const auto networks = networks_of(remote);
    const auto place = by_peer_.find(peer);
    if (place != by_peer_.end()) {
        // The old one counts no longer, whichever network it came from; should the new one not fit, it stands all the
        // same.
        count_out(reserved_in_, place->second->networks);
    }
    auto refusal = check_reservation(peer, networks, now);
    if (refusal) {
        if (place != by_peer_.end()) {
            count_in(reserved_in_, place->second->networks);
        }
        return refusal;
    }
    const auto expires = now + limits_.reservation_ttl;
    if (place != by_peer_.end()) {
        auto& reservation = *place->second;
        reservation.address = remote;
        reservation.networks = networks;
        reservation.expires = expires;
        reservations_.splice(reservations_.end(), reservations_, place->second);
    } else {
        reservations_.push_back(Reservation{peer, remote, networks, expires});
        by_peer_.emplace(peer, std::prev(reservations_.end()));
    }
    count_in(reserved_in_, networks);
    return std::nullopt;
}

/// Pays for a new one as its last step.
std::optional<Refusal> RelayTable::check_reservation(
    const PeerId& peer, const std::optional<ClientNetworks>& networks, TimePoint now
) {
    const auto refused = [](std::string reason) { return Refusal{Status::reservation_refused, std::move(reason)}; };
    const auto exceeded = [](std::string reason) {
        return Refusal{Status::resource_limit_exceeded, std::move(reason)};
    };
    if (!reservations_of_peer_.pass(peer, now)) {
        return refused(
            too_often("peer " + peer.to_string(), limits_.reservation_rate_per_peer, "relay.reservation_rate_per_peer")
        );
    }
    if (networks && !reservations_of_address_.pass(networks->narrow, now)) {
        return refused(too_often(
            networks->narrow.to_string(), limits_.reservation_rate_per_address, "relay.reservation_rate_per_address"
        ));
    }
    if (!pay_for_gates()) {
        return exceeded(memory_.refusal().message());
    }
    if (networks && count_of(reserved_in_, networks->narrow) >= limits_.reservations_per_address) {
        return exceeded(full(
            networks->narrow.to_string(),
            "reservations",
            limits_.reservations_per_address,
            "relay.reservations_per_address"
        ));
    }
    if (networks && count_of(reserved_in_, networks->wide) >= limits_.reservations_per_network) {
        return exceeded(full(
            networks->wide.to_string(),
            "reservations",
            limits_.reservations_per_network,
            "relay.reservations_per_network"
        ));
    }
    if (by_peer_.contains(peer)) {
        return std::nullopt;
    }
    if (reservations_.size() >= limits_.reservations) {
        return exceeded(full("relay", "reservations", limits_.reservations, "relay.reservations"));
    }
    if (!memory_.hold(kReservationSize)) {
        return exceeded(memory_.refusal().message());
    }
    return std::nullopt;
}

bool RelayTable::has_reservation(const PeerId& peer, TimePoint now) const noexcept {
    const auto found = by_peer_.find(peer);
    return found != by_peer_.end() && found->second->expires > now;
}

bool RelayTable::drop(const PeerId& peer) noexcept {
    const auto place = by_peer_.find(peer);
    if (place == by_peer_.end()) {
        return false;
    }
    drop(place);
    return true;
}

void RelayTable::drop(std::map<PeerId, Reservations::iterator>::iterator place) noexcept {
    count_out(reserved_in_, place->second->networks);
    reservations_.erase(place->second);
    by_peer_.erase(place);
    memory_.release(kReservationSize);
}

std::vector<PeerId> RelayTable::expire(TimePoint now) {
    std::vector<PeerId> ended;
    while (!reservations_.empty() && reservations_.front().expires <= now) {
        ended.push_back(reservations_.front().peer);
        drop(by_peer_.find(ended.back()));
    }
    return ended;
}

RelayTable::TimePoint RelayTable::next_expiry() const noexcept {
    return reservations_.empty() ? TimePoint::max() : reservations_.front().expires;
}

// --- circuits

std::optional<Refusal> RelayTable::open(
    const PeerId& source, const PeerId& destination, const Multiaddr& remote, TimePoint now, std::uint64_t& id
) {
    const auto networks = networks_of(remote);
    if (auto refusal = check_circuit(source, destination, networks, now)) {
        return refusal;
    }
    id = ++last_id_;
    circuits_.emplace(id, Circuit{source, destination, networks});
    ++opened_by_[source];
    ++leading_to_[destination];
    count_in(opened_in_, networks);
    return std::nullopt;
}

/// Pays as its last step.
std::optional<Refusal> RelayTable::check_circuit(
    const PeerId& source, const PeerId& destination, const std::optional<ClientNetworks>& networks, TimePoint now
) {
    const auto exceeded = [](std::string reason) {
        return Refusal{Status::resource_limit_exceeded, std::move(reason)};
    };
    if (stopped_) {
        return exceeded("the relay is about to stop");
    }
    if (source == destination) {
        return Refusal{Status::permission_denied, "a circuit from a peer to itself"};
    }
    if (!circuits_of_peer_.pass(source, now)) {
        return exceeded(
            too_often("peer " + source.to_string(), limits_.circuit_rate_per_peer, "relay.circuit_rate_per_peer")
        );
    }
    if (networks && !circuits_of_address_.pass(networks->narrow, now)) {
        return exceeded(
            too_often(networks->narrow.to_string(), limits_.circuit_rate_per_address, "relay.circuit_rate_per_address")
        );
    }
    if (!pay_for_gates()) {
        return exceeded(memory_.refusal().message());
    }
    if (!has_reservation(destination, now)) {
        return Refusal{Status::no_reservation, "peer " + destination.to_string() + " has no reservation"};
    }
    if (count_of(opened_by_, source) >= limits_.circuits_per_peer) {
        return exceeded(
            full("peer " + source.to_string(), "circuits", limits_.circuits_per_peer, "relay.circuits_per_peer")
        );
    }
    if (count_of(leading_to_, destination) >= limits_.circuits_per_peer) {
        return exceeded(
            full("to peer " + destination.to_string(), "circuits", limits_.circuits_per_peer, "relay.circuits_per_peer")
        );
    }
    if (networks && count_of(opened_in_, networks->narrow) >= limits_.circuits_per_address) {
        return exceeded(
            full(networks->narrow.to_string(), "circuits", limits_.circuits_per_address, "relay.circuits_per_address")
        );
    }
    if (networks && count_of(opened_in_, networks->wide) >= limits_.circuits_per_network) {
        return exceeded(
            full(networks->wide.to_string(), "circuits", limits_.circuits_per_network, "relay.circuits_per_network")
        );
    }
    if (circuits_.size() >= limits_.circuits) {
        return exceeded(full("relay", "circuits", limits_.circuits, "relay.circuits"));
    }
    if (!memory_.hold(kCircuitSize)) {
        return exceeded(memory_.refusal().message());
    }
    return std::nullopt;
}

void RelayTable::close(std::uint64_t id) noexcept {
    const auto found = circuits_.find(id);
    if (found == circuits_.end()) {
        return;
    }
    take_one(opened_by_, found->second.source);
    take_one(leading_to_, found->second.destination);
    count_out(opened_in_, found->second.networks);
    circuits_.erase(found);
    memory_.release(kCircuitSize);
}

// --- all together

/// The gates are charged after they have grown, by the few entries that one request adds.
bool RelayTable::pay_for_gates() noexcept {
    const auto octets =
        (reservations_of_peer_.size() + circuits_of_peer_.size()) * protocols::RateGate<PeerId>::kEntrySize +
        (reservations_of_address_.size() + circuits_of_address_.size()) *
            protocols::RateGate<ClientNetwork>::kEntrySize;
    if (octets > paid_for_gates_ && !memory_.hold(octets - paid_for_gates_)) {
        return false;
    }
    if (octets < paid_for_gates_) {
        memory_.release(paid_for_gates_ - octets);
    }
    paid_for_gates_ = octets;
    return true;
}

void RelayTable::clear() noexcept {
    stopped_ = true;
    while (!by_peer_.empty()) {
        drop(by_peer_.begin());
    }
    while (!circuits_.empty()) {
        close(circuits_.begin()->first);
    }
    reservations_of_peer_.clear();
    reservations_of_address_.clear();
    circuits_of_peer_.clear();
    circuits_of_address_.clear();
    memory_.release(std::exchange(paid_for_gates_, 0));
}

std::vector<ReservationInfo> RelayTable::reservations() const {
    std::vector<ReservationInfo> all;
    all.reserve(reservations_.size());
    for (const auto& reservation : reservations_) {
        all.push_back({reservation.peer, reservation.address, reservation.expires});
    }
    return all;
}

}  // namespace libp2p::relay
