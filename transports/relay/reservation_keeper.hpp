// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/relay/hop_client.hpp"
#include "transports/relay/relay_address.hpp"

#include <libp2p/host_services.hpp>
#include <libp2p/transports.hpp>

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace libp2p::relay {

/// Keeps a place at one relay of several: reserves, renews in time, and goes to another relay when this one has gone or
/// refuses. While the place stands, the connection to its relay is not trimmed. Shared by its listener and the task
/// that runs it.
class ReservationKeeper {
public:
    /// Most addresses that one reservation gives.
    static constexpr std::size_t kMaxAddresses = 16;

    /// `relays` in the order in which they are tried; not empty.
    ReservationKeeper(HostServices& services, const RelayOptions& options, std::vector<RelayAddress> relays);
    ReservationKeeper(const ReservationKeeper&) = delete;
    ReservationKeeper& operator=(const ReservationKeeper&) = delete;

    /// Reserves at the first relay that grants it. Fails as `reserve` does, with one cause a relay where there are
    /// several.
    awaitable<result<void>> start();

    /// Keeps the place until `close`.
    awaitable<void> run();

    /// To be called before the host goes.
    void close() noexcept;

    /// A connection with `peer` has ended; null where it is not known whose.
    void on_connection_closed(const PeerId* peer);

    /// Whether `relay` may send us circuits: we have a place there, or are about to have one.
    bool expects(const PeerId& relay) const noexcept;

    /// Where we are reached through the relay, `…/p2p-circuit`; empty while there is no place.
    const std::vector<Multiaddr>& addresses() const noexcept { return addresses_; }

private:
    using Clock = std::chrono::steady_clock;

    awaitable<result<void>> reserve_somewhere();
    awaitable<result<void>> reserve_at(std::size_t relay);
    awaitable<void> keep();
    void lose(const char* why);
    void protect(const PeerId& relay);
    void unprotect() noexcept;
    void set_addresses(std::vector<Multiaddr> addresses);
    awaitable<void> pause_until(Clock::time_point time);
    bool is_connected(const PeerId& peer) const;

    HostServices& services_;
    RelayOptions options_;
    std::vector<RelayAddress> relays_;
    std::size_t current_ = 0;                // the relay that is asked, or where the place is
    bool asking_ = false;                    // the current relay
    std::optional<Clock::time_point> ends_;  // of the place; empty when there is none
    Clock::time_point renew_;
    std::string protection_;           // its name: another listener may have a place at the same relay
    std::optional<PeerId> protected_;  // where the place is: its connection is not trimmed
    std::vector<Multiaddr> addresses_;
    asio::steady_timer alarm_;  // moved when there is something to look at
    bool lost_ = false;         // the connection that the place hangs on has gone
    bool closed_ = false;
};

}  // namespace libp2p::relay
