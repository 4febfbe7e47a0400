// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/async.hpp>
#include <libp2p/multiaddr.hpp>
#include <libp2p/peer_id.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace libp2p {
class Host;
}

/// Circuit relay v2, the relay's side (libp2p specs, relay/circuit-v2): a host that others cannot reach reserves a
/// place, and whoever wants to talk to it asks the relay for a circuit. docs/relay.md tells how to run one.
namespace libp2p::relay {

inline constexpr auto kHopProtocol = "/libp2p/circuit/relay/0.2.0/hop";    ///< from a client to its relay
inline constexpr auto kStopProtocol = "/libp2p/circuit/relay/0.2.0/stop";  ///< from a relay to who has reserved

/// How often something may be asked for: so many at once, and as many again in each period, evenly spread. A count of 0
/// sets no bound.
struct RequestRate {
    std::uint32_t count;
    std::chrono::milliseconds period;
};

/// What a relay gives away. "Address" is an IPv4 address or an IPv6 network of 56 bits, "network" 24 bits of IPv4 or 48
/// of IPv6; loopback counts in neither. The names here are the settings that refusals mention ("relay.circuits").
struct RelayLimits {
    std::uint32_t reservations = 128;  ///< at a time; each peer has one
    std::uint32_t reservations_per_address = 8;
    std::uint32_t reservations_per_network = 32;
    std::chrono::seconds reservation_ttl{3600};

    std::uint32_t circuits = 1024;            ///< at a time, those that are being set up included
    std::uint32_t circuits_per_peer = 16;     ///< that a peer has opened, and as many that lead to it
    std::uint32_t circuits_per_address = 64;  ///< opened from there
    std::uint32_t circuits_per_network = 256;
    std::chrono::seconds circuit_duration{120};  ///< 0: no limit
    std::uint64_t circuit_octets = 128 * 1024;   ///< each way; 0: no limit

    RequestRate reservation_rate_per_peer{30, std::chrono::minutes(2)};
    RequestRate reservation_rate_per_address{60, std::chrono::minutes(1)};
    RequestRate circuit_rate_per_peer{30, std::chrono::minutes(2)};
    RequestRate circuit_rate_per_address{60, std::chrono::minutes(1)};

    std::chrono::milliseconds request_timeout{10'000};  ///< for a client to say what it wants
    std::chrono::milliseconds connect_timeout{30'000};  ///< for the other side to answer
};

/// Circuits of two minutes and 128 KiB each way, as other relays have them: enough for two peers to find a direct path.
RelayLimits introduce_only() noexcept;

/// Circuits without an end, for peers that find no direct path; as many as the host's budget bears.
RelayLimits carry_traffic() noexcept;

/// Who may use a relay; returning false, or throwing, refuses with PERMISSION_DENIED. Members left empty allow.
struct RelayFilter {
    std::function<bool(const PeerId& peer, const Multiaddr& remote)> reserve;
    std::function<bool(const PeerId& source, const PeerId& destination)> connect;
};

struct RelayServiceOptions {
    RelayLimits limits;
    RelayFilter filter;
    /// The relay's own addresses as clients are told, without /p2p; empty: those that the host listens on.
    std::vector<Multiaddr> announce;
};

/// A reservation was made, or renewed.
struct Reserved {
    PeerId peer;
    Multiaddr address;  ///< of the peer, without /p2p
    std::chrono::system_clock::time_point expires;
    bool renewed = false;
};

/// A reservation has ended.
struct ReservationEnded {
    PeerId peer;
    std::string reason;
};

struct CircuitInfo {
    std::uint64_t id = 0;  ///< never reused by a service
    PeerId source;
    PeerId destination;
    std::chrono::steady_clock::time_point opened;
    std::uint64_t octets_forward = 0;   ///< from source to destination
    std::uint64_t octets_backward = 0;  ///< from destination to source
};

/// Octets flow from now on.
struct CircuitOpened {
    CircuitInfo circuit;
};

struct CircuitClosed {
    CircuitInfo circuit;
    std::string reason;
};

/// A request was turned down.
struct RequestRefused {
    PeerId peer;
    std::string request;  ///< "reserve", "connect"
    std::uint32_t status = 0;
    std::string reason;  ///< what was refused, and which limit decides
};

using RelayEvent = std::variant<Reserved, ReservationEnded, CircuitOpened, CircuitClosed, RequestRefused>;

struct ReservationInfo {
    PeerId peer;
    Multiaddr address;  ///< without /p2p
    std::chrono::steady_clock::time_point expires;
};

/// Relays for other hosts, over every transport of `host`.
///
/// A reservation ends when its time is up, when the peer has no direct connection left, or with the service. Requests
/// that come over a relayed connection are refused. Circuits are tasks of the connection that asked for them; their
/// streams and buffers are charged to their peers, reservations to the system's scope.
///
/// Host's executor only. The host has to outlive the service; destroying it stops serving and leaves circuits that
/// stand alone. After `Host::close` it holds nothing.
class RelayService {
public:
    /// Serves from now on. Throws std::invalid_argument when the host relays already, or on limits of no use: no
    /// reservation, no circuit, no time.
    explicit RelayService(Host& host, RelayServiceOptions options = {});
    RelayService(const RelayService&) = delete;
    RelayService& operator=(const RelayService&) = delete;
    ~RelayService();

    /// Calls `listener` with what happens from now on, from the host's executor. It must not destroy the service.
    void on_event(std::function<void(const RelayEvent&)> listener);

    const RelayLimits& limits() const noexcept;

    /// What stands now: the next to expire first, the oldest circuit first.
    std::vector<ReservationInfo> reservations() const;
    std::vector<CircuitInfo> circuits() const;

    /// Requests that were turned down so far.
    std::uint64_t refusals() const noexcept;

    /// Takes no more requests, and waits until no circuit is left, at most `limit`. True when none is. Cancellation
    /// leaves it draining.
    awaitable<bool> drain(std::chrono::milliseconds limit);

private:
    class State;
    std::shared_ptr<State> state_;  // shared with the handlers, which may run on after the service is gone
};

}  // namespace libp2p::relay
