// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/relay/reservation_keeper.hpp"

#include "libp2p/swarm/address_scope.hpp"

#include <libp2p/connection_manager.hpp>
#include <libp2p/log.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace libp2p::relay {
namespace {

const Logger log("relay");

/// Shortest pause between two requests for the same place.
constexpr std::chrono::milliseconds kShortestPause{100};

/// Where a relay that is seen at `grant.remote` leads to us: as we reach it ourselves first, then as it says, without
/// what is nearer to it than to us.
std::vector<Multiaddr> addresses_of(const RelayAddress& relay, const Grant& grant) {
    auto places = swarm::visible_from(grant.addresses, grant.remote);
    places.insert(places.begin(), relay.address ? *relay.address : grant.remote);
    std::vector<Multiaddr> addresses;
    for (const auto& place : places) {
        const auto circuit = RelayAddress{relay.peer, place}.circuit();
        const bool known = std::find(addresses.begin(), addresses.end(), circuit) != addresses.end();
        if (!known && addresses.size() < ReservationKeeper::kMaxAddresses) {
            addresses.push_back(circuit);
        }
    }
    return addresses;
}

}  // namespace

ReservationKeeper::ReservationKeeper(
    HostServices& services, const RelayOptions& options, std::vector<RelayAddress> relays
)
    : services_(services),
      options_(options),
      relays_(std::move(relays)),
      protection_("reservation " + std::to_string(reinterpret_cast<std::uintptr_t>(this))),
      alarm_(services.executor()) {}

awaitable<result<void>> ReservationKeeper::start() {
    return reserve_somewhere();
}

awaitable<void> ReservationKeeper::run() {
    auto pause = options_.retry;
    while (!closed_) {
        if (ends_) {
            pause = options_.retry;
            co_await keep();
            continue;
        }
        auto reserved = co_await reserve_somewhere();
        if (reserved || closed_) {
            continue;
        }
        log.info("no_place", {{"error", reserved.error()}, {"next_try", pause}});
        co_await pause_until(Clock::now() + pause);
        pause = std::min(pause * 2, options_.retry_most);
    }
}

void ReservationKeeper::close() noexcept {
    closed_ = true;
    ends_.reset();
    unprotect();
    addresses_.clear();
    alarm_.cancel();
}

void ReservationKeeper::on_connection_closed(const PeerId* peer) {
    const auto& relay = relays_[current_].peer;
    if (ends_ && (peer == nullptr || *peer == relay) && !is_connected(relay)) {
        lost_ = true;
        alarm_.cancel();
    }
}

bool ReservationKeeper::expects(const PeerId& relay) const noexcept {
    return !closed_ && (ends_ || asking_) && relays_[current_].peer == relay;
}

/// Begins with the relay that has served last, so that one that fell over for a moment keeps its clients.
awaitable<result<void>> ReservationKeeper::reserve_somewhere() {
    std::vector<Error::Cause> causes;
    const auto first = current_;
    for (std::size_t i = 0; i < relays_.size() && !closed_; ++i) {
        auto reserved = co_await reserve_at((first + i) % relays_.size());
        if (reserved) {
            co_return ok();
        }
        causes.push_back(Error::Cause{relays_[current_].circuit().to_string(), reserved.error()});
    }
    if (causes.empty()) {
        co_return Error(Errc::shut_down, "the listener is closed");
    }
    if (causes.size() == 1) {
        co_return causes.front().error;
    }
    co_return Error(Errc::dial_failed, "no relay has a place", std::move(causes));
}

/// Where it fails, an older place stands.
awaitable<result<void>> ReservationKeeper::reserve_at(std::size_t relay) {
    struct Asking {
        bool& asking;
        ~Asking() { asking = false; }
    };
    current_ = relay;
    asking_ = true;
    Asking asking{asking_};
    auto grant = co_await reserve(services_, relays_[relay], options_.timeout);
    if (closed_) {
        co_return Error(Errc::shut_down, "the listener is closed");
    }
    if (!grant) {
        co_return grant.error();
    }
    // A quarter of the time is left to try again, should the relay not answer at first.
    const auto now = Clock::now();
    renew_ = now + std::chrono::duration_cast<std::chrono::milliseconds>(grant->ttl) * 3 / 4;
    ends_ = now + grant->ttl;
    lost_ = !is_connected(relays_[relay].peer);
    protect(relays_[relay].peer);
    log.info("reserved", {{"relay", relays_[relay].peer}, {"ttl", grant->ttl}});
    set_addresses(addresses_of(relays_[relay], *grant));
    co_return ok();
}

/// One look at the place that we have.
awaitable<void> ReservationKeeper::keep() {
    if (lost_) {
        lose("the connection to the relay has ended");
        co_return;
    }
    const auto now = Clock::now();
    if (now >= *ends_) {
        lose("the relay did not renew it");
        co_return;
    }
    if (now < renew_) {
        co_await pause_until(renew_);
        co_return;
    }
    auto renewed = co_await reserve_at(current_);
    if (renewed || closed_ || !ends_) {
        co_return;
    }
    log.info("not_renewed", {{"relay", relays_[current_].peer}, {"error", renewed.error()}});
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(*ends_ - Clock::now());
    renew_ = Clock::now() + std::max(left / 4, kShortestPause);
}

void ReservationKeeper::lose(const char* why) {
    log.info("place_lost", {{"relay", relays_[current_].peer}, {"reason", why}});
    ends_.reset();
    unprotect();
    lost_ = false;
    set_addresses({});
}

void ReservationKeeper::protect(const PeerId& relay) {
    if (protected_ == relay) {
        return;
    }
    unprotect();
    auto done = services_.connection_manager().protect(relay, protection_);
    if (done) {
        protected_ = relay;
    } else {
        log.info("not_protected", {{"relay", relay}, {"error", done.error()}});
    }
}

void ReservationKeeper::unprotect() noexcept {
    if (protected_) {
        services_.connection_manager().unprotect(*protected_, protection_);
        protected_.reset();
    }
}

void ReservationKeeper::set_addresses(std::vector<Multiaddr> addresses) {
    if (addresses != addresses_) {
        addresses_ = std::move(addresses);
        services_.addresses_changed();
    }
}

/// Or until there is something to look at.
awaitable<void> ReservationKeeper::pause_until(Clock::time_point time) {
    alarm_.expires_at(time);
    auto [moved] = co_await alarm_.async_wait(as_result);
    (void)moved;  // where the task was cancelled, its next co_await tells
}

bool ReservationKeeper::is_connected(const PeerId& peer) const {
    const auto connections = services_.infos(peer);
    return std::any_of(connections.begin(), connections.end(), [](const auto& info) { return !info->limited; });
}

}  // namespace libp2p::relay
