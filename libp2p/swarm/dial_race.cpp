// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/swarm/dial_race.hpp"

#include "libp2p/dns/resolve_multiaddr.hpp"
#include "libp2p/swarm/address_scope.hpp"
#include "libp2p/swarm/gate.hpp"

#include <libp2p/log.hpp>

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace libp2p::swarm {
namespace {

const Logger log("swarm");

Error timed_out() {
    return asio::error::make_error_code(asio::error::timed_out);
}

/// One cause stands for itself.
Error one_of(Errc code, const std::string& context, const std::vector<Error::Cause>& causes) {
    if (causes.size() == 1) {
        return causes.front().error.with_context(causes.front().subject);
    }
    return Error(code, context, causes);
}

}  // namespace

DialRace::DialRace(
    DialContext& context, DialSlots& slots, asio::any_io_executor executor, PeerId peer, bool takes_standing
)
    : context_(context),
      slots_(slots),
      peer_(std::move(peer)),
      takes_standing_(takes_standing),
      progress_(std::move(executor)) {}

void DialRace::add(const std::vector<Multiaddr>& addresses) {
    for (const auto& address : addresses) {
        if (std::find(addresses_.begin(), addresses_.end(), address) == addresses_.end()) {
            addresses_.push_back(address);
        }
    }
    progress_.notify();
}

Error DialRace::overdue() const {
    auto causes = failures_;
    for (const auto& attempt : running_) {
        causes.push_back({attempt.address, timed_out()});
    }
    if (causes.empty()) {
        return timed_out().with_context("peer " + peer_.to_string());
    }
    return one_of(Errc::dial_failed, "peer " + peer_.to_string() + ", timed out", causes);
}

awaitable<void> DialRace::race(TaskScope& tasks) {
    asio::steady_timer timer(tasks.executor());
    while (!winner_ && interested_ > 0) {
        take_addresses(tasks);
        if (!unranked_.empty()) {
            rank();
        }
        if (turns_.empty() && running_.empty() && lookups_ == 0) {
            break;
        }
        auto next = next_turn();
        if (Clock::now() >= next) {
            if (running_.size() < limits().dials_per_peer) {
                start_next(tasks);
                continue;
            }
            next = Clock::time_point::max();
            running_.front().deadline->expire();  // leaves the list once it has unwound
        }
        timer.expires_at(next);
        timer.async_wait([self = shared_from_this()](const error_code& ec) {
            if (!ec) {
                self->progress_.notify();
            }
        });
        auto ec = co_await progress_.wait();
        timer.cancel();
        if (ec) {
            break;
        }
    }
}

/// Takes in the addresses that have come since: names are looked up, the others are ready.
void DialRace::take_addresses(TaskScope& tasks) {
    while (seen_ < addresses_.size() && lookups_ < limits().dials_per_peer) {
        const auto& address = addresses_[seen_++];
        if (dns::has_name(address)) {
            tasks.spawn(look_up(address));
            ++lookups_;
        } else {
            choose(address);
        }
    }
}

/// Keeps `address` for dialling; what cannot be dialled counts as a failed attempt.
void DialRace::choose(const Multiaddr& address) {
    auto target = address.without_peer();
    if (!target || context_.transport_for(*target) == nullptr) {
        leave_out(address, Errc::unsupported_address);
    } else if (!passes(context_.gater().dial, peer_, *target)) {
        leave_out(address, Errc::gated);
    } else if (chosen_.size() < limits().addresses_per_dial && chosen_.insert(*target).second) {
        unranked_.push_back(std::move(*target));
    }
}

void DialRace::leave_out(const Multiaddr& address, Error why) {
    log.debug("dial.left_out", {{"peer", peer_}, {"address", address}, {"error", why}});
    failures_.push_back({address.to_string(), std::move(why)});
}

void DialRace::rank() {
    for (auto& left : turns_) {
        unranked_.push_back(std::move(left.address));
    }
    turns_ = rank_addresses(std::exchange(unranked_, {}));
    ranked_ = Clock::now();
    for (const auto& turn : turns_) {
        log.debug("dial.address", {{"peer", peer_}, {"address", turn.address}, {"delay_ms", turn.delay.count()}});
    }
}

/// When the next address is due: at once when nothing is being dialled; when its turn comes; and where as many are
/// being dialled as may be, once the oldest of them has had its time.
Clock::time_point DialRace::next_turn() const {
    if (turns_.empty()) {
        return Clock::time_point::max();
    }
    if (running_.empty()) {
        return Clock::time_point::min();
    }
    const auto turn = ranked_ + turns_.front().delay;
    if (running_.size() < limits().dials_per_peer) {
        return turn;
    }
    const auto& oldest = running_.front();
    if (oldest.deadline->has_passed()) {
        return Clock::time_point::max();  // it is unwinding
    }
    return std::max(turn, oldest.started + context_.services().timeouts().dial_attempt);
}

void DialRace::start_next(TaskScope& tasks) {
    auto address = std::move(turns_.front().address);
    turns_.erase(turns_.begin());
    auto deadline = std::make_shared<Deadline>(tasks.executor(), Clock::time_point::max());
    running_.push_back({address.to_string(), Clock::now(), std::move(deadline)});
    log.debug("dial.begun", {{"peer", peer_}, {"address", address}, {"alone", !takes_standing_}});
    tasks.spawn(attempt(std::prev(running_.end()), std::move(address)));
}

/// A name becomes addresses, or a failed attempt.
awaitable<void> DialRace::look_up(Multiaddr address) {
    struct Ending {
        DialRace& race;
        ~Ending() {
            --race.lookups_;
            race.progress_.notify();
        }
    };
    Ending ending{*this};
    auto found = co_await dns::resolve(context_.resolver(), address, limits().addresses_per_dial);
    if (!found) {
        leave_out(address, found.error());
        co_return;
    }
    for (const auto& candidate : *found) {
        log.debug("dial.looked_up", {{"peer", peer_}, {"name", address}, {"address", candidate}});
        choose(candidate);
    }
}

awaitable<void> DialRace::attempt(Attempts::iterator mine, Multiaddr address) {
    struct Ending {
        DialRace& race;
        Attempts::iterator mine;
        Error error = asio::error::make_error_code(asio::error::operation_aborted);  // unless told otherwise
        ~Ending() {
            const auto time = Clock::now() - mine->started;
            log.debug(
                error.code() ? "dial.ended" : "dial.connected",
                {{"peer", race.peer_},
                 {"address", mine->address},
                 {"alone", !race.takes_standing_},
                 {"time", time},
                 {"error", error}}
            );
            race.running_.erase(mine);
            race.progress_.notify();
        }
    };
    Ending ending{*this, mine};
    auto connection = co_await with_deadline(mine->deadline, dial(std::move(address)));
    if (!connection) {
        ending.error = connection.error();
        failures_.push_back({mine->address, connection.error()});
        if (takes_standing_ && !winner_) {
            winner_ = context_.standing(peer_);
        }
    } else {
        ending.error = {};
        winner_ = std::move(*connection);
    }
}

awaitable<result<ConnectionPtr>> DialRace::dial(Multiaddr address) {
    // What leads through a relay dials the relay first, and must not hold the room that this needs.
    DialSlots::Slot slot;
    if (!is_relayed(address)) {
        auto acquired = co_await slots_.acquire();
        if (!acquired) {
            co_return acquired.error();
        }
        slot = std::move(*acquired);
    }
    auto* transport = context_.transport_for(address);
    auto scope = context_.resources().open_connection(
        Direction::outbound, transport->uses_descriptor(Direction::outbound), address
    );
    if (!scope) {
        co_return scope.error();
    }
    auto connection = co_await transport->dial(address, peer_, *scope);
    if (!connection) {
        co_return connection.error();
    }
    if (winner_) {
        co_return make_error_code(asio::error::operation_aborted);  // another address won in the same turn
    }
    co_return context_.adopt(std::move(*connection), std::move(*scope));
}

result<ConnectionPtr> DialRace::outcome() const {
    if (winner_) {
        return winner_;
    }
    if (interested_ == 0) {
        return make_error_code(asio::error::operation_aborted);
    }
    if (failures_.empty()) {
        return Error(Errc::no_addresses, "peer " + peer_.to_string());
    }
    return one_of(Errc::dial_failed, "peer " + peer_.to_string(), failures_);
}

}  // namespace libp2p::swarm
