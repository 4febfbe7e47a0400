// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/buffers/memory_account.hpp"
#include "libp2p/protocols/internal/rate_gate.hpp"
#include "libp2p/protocols/internal/relay_network.hpp"
#include "proto/relay_message.hpp"

#include <libp2p/protocols/relay_service.hpp>

#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace libp2p::relay {

/// Why a request is turned down: what the remote is told, and the words for our own side.
struct Refusal {
    Refusal(Status told, std::string why) : status(told), reason(std::move(why)) {}

    Status status;
    std::string reason;
};

/// Who has reserved at a relay, which circuits stand, and whether there is room for one more. Does no I/O and reads no
/// clock. What it holds is charged to `budget` (none in tests).
///
/// Every circuit that `open` grants is ended by one `close`.
class RelayTable {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    RelayTable(const RelayLimits& limits, std::shared_ptr<Budget> budget);
    RelayTable(const RelayTable&) = delete;
    RelayTable& operator=(const RelayTable&) = delete;
    ~RelayTable() { clear(); }

    // --- reservations

    /// Makes or renews the reservation of `peer`, whose connection comes from `remote`. The reason when it may not.
    std::optional<Refusal> reserve(const PeerId& peer, const Multiaddr& remote, TimePoint now);

    bool has_reservation(const PeerId& peer, TimePoint now) const noexcept;

    /// Ends the reservation; true when there was one.
    bool drop(const PeerId& peer) noexcept;

    /// Ends those whose time is up, and names them.
    std::vector<PeerId> expire(TimePoint now);

    /// When the next one expires; the end of time when there is none.
    TimePoint next_expiry() const noexcept;

    // --- circuits

    /// Whether `source`, whose connection comes from `remote`, may have a circuit to `destination`. If so it counts
    /// from now on, and `id` is set.
    std::optional<Refusal> open(
        const PeerId& source, const PeerId& destination, const Multiaddr& remote, TimePoint now, std::uint64_t& id
    );

    /// Ends the circuit; nothing happens when it has ended.
    void close(std::uint64_t id) noexcept;

    // --- all together

    /// Refuses every request from now on.
    void stop() noexcept { stopped_ = true; }

    /// Forgets everything and refuses every request from now on.
    void clear() noexcept;

    const RelayLimits& limits() const noexcept { return limits_; }
    std::size_t circuit_count() const noexcept { return circuits_.size(); }
    std::vector<ReservationInfo> reservations() const;  ///< the next to expire first

    /// Octets that the table pays for.
    std::size_t held() const noexcept { return memory_.held(); }

private:
    /// What a reservation takes, in octets, with its places in the maps, and what a circuit does.
    static constexpr std::size_t kReservationSize = 512;
    static constexpr std::size_t kCircuitSize = 768;

    struct Reservation {
        PeerId peer;
        Multiaddr address;
        std::optional<ClientNetworks> networks;
        TimePoint expires;
    };
    struct Circuit {
        PeerId source;
        PeerId destination;
        std::optional<ClientNetworks> networks;
    };
    using Reservations = std::list<Reservation>;  // all live equally long: the next to expire is in front
    using Counts = std::map<ClientNetwork, std::uint32_t>;

    std::optional<Refusal> check_reservation(
        const PeerId& peer, const std::optional<ClientNetworks>& networks, TimePoint now
    );
    std::optional<Refusal> check_circuit(
        const PeerId& source, const PeerId& destination, const std::optional<ClientNetworks>& networks, TimePoint now
    );
    bool pay_for_gates() noexcept;
    void drop(std::map<PeerId, Reservations::iterator>::iterator place) noexcept;

    RelayLimits limits_;
    MemoryAccount memory_;
    Reservations reservations_;  // at most limits_.reservations
    std::map<PeerId, Reservations::iterator> by_peer_;
    Counts reserved_in_;                         // reservations of each network
    std::map<std::uint64_t, Circuit> circuits_;  // at most limits_.circuits
    std::map<PeerId, std::uint32_t> opened_by_;
    std::map<PeerId, std::uint32_t> leading_to_;
    Counts opened_in_;  // circuits that were opened from each network
    protocols::RateGate<PeerId> reservations_of_peer_;
    protocols::RateGate<ClientNetwork> reservations_of_address_;
    protocols::RateGate<PeerId> circuits_of_peer_;
    protocols::RateGate<ClientNetwork> circuits_of_address_;
    std::size_t paid_for_gates_ = 0;
    std::uint64_t last_id_ = 0;
    bool stopped_ = false;
};

}  // namespace libp2p::relay
