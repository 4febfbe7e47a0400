// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/relay/relay_address.hpp"

#include <libp2p/host_services.hpp>

#include <chrono>
#include <memory>
#include <vector>

/// What a client asks of a relay (libp2p specs, relay/circuit-v2, "Hop Protocol"). Both connect to the relay first, or
/// take the connection that stands; both fail as that does, with `Errc::refused_by_remote` naming relay and status when
/// it refuses, and with `Errc::protocol_violation` when its answer is none.
namespace libp2p::relay {

/// A reservation that a relay has granted.
struct Grant {
    std::vector<Multiaddr> addresses;  ///< of the relay as it tells them, without /p2p; at most 64
    std::chrono::seconds ttl{0};       ///< from now on; more than zero, at most a day
    Multiaddr remote;                  ///< where this side sees the relay, without /p2p
};

/// Reserves, or renews. Checks the voucher where there is one: `Errc::invalid_signature` when it is not right.
awaitable<result<Grant>> reserve(HostServices& services, RelayAddress relay, std::chrono::milliseconds timeout);

/// A way through a relay.
struct Passage {
    std::unique_ptr<Stream> stream;  ///< octets to and from the destination
    Multiaddr remote;                ///< where this side sees the relay, without /p2p
    bool limited = false;            ///< the relay has set a limit
};

awaitable<result<Passage>> pass(
    HostServices& services, RelayAddress relay, PeerId destination, std::chrono::milliseconds timeout
);

}  // namespace libp2p::relay
