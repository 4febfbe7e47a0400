// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/swarm/dialer.hpp"

#include "libp2p/dns/resolve_multiaddr.hpp"
#include "libp2p/swarm/dial_ranking.hpp"

#include <libp2p/log.hpp>

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <unordered_set>

namespace libp2p::swarm {
namespace {

const Logger log("swarm");

}  // namespace

/// One dial: what is to be tried, what was, and who waits.
struct Dialer::Job {
    Job(const asio::any_io_executor& executor, PeerId target)
        : peer(std::move(target)), finished(executor), progress(executor) {}

    /// Somebody who joins may know of more addresses.
    void add(const std::vector<Multiaddr>& known) {
        for (const auto& address : known) {
            if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
                addresses.push_back(address);
            }
        }
        progress.notify();
    }

    /// What a caller is told whose time is up: what has failed, and what is still under way.
    Error overdue() const {
        auto causes = failures;
        for (const auto& address : running) {
            causes.push_back({address, asio::error::make_error_code(asio::error::timed_out)});
        }
        if (causes.size() == 1) {
            return causes.front().error.with_context(causes.front().subject);
        }
        if (causes.empty()) {
            return Error(asio::error::make_error_code(asio::error::timed_out), "peer " + peer.to_string());
        }
        return Error(Errc::dial_failed, "peer " + peer.to_string() + ", timed out", std::move(causes));
    }

    PeerId peer;
    std::vector<Multiaddr> addresses;
    std::size_t resolved = 0;              ///< so many of these
    std::unordered_set<Multiaddr> chosen;  ///< what was made of them and can be dialled

    std::optional<result<ConnectionPtr>> outcome;
    WaitList finished;  ///< callers, until there is an outcome
    std::size_t interested = 0;

    Waiter progress;  ///< the race, until an attempt ends
    ConnectionPtr winner;
    std::vector<Error::Cause> failures;
    std::vector<std::string> running;  ///< addresses
};

/// A caller's share in a job; the job is given up with the last one.
class Dialer::Interest {
public:
    explicit Interest(Job& job) noexcept : job_(job) { ++job_.interested; }
    Interest(const Interest&) = delete;
    Interest& operator=(const Interest&) = delete;
    ~Interest() {
        if (--job_.interested == 0) {
            job_.progress.notify();
        }
    }

private:
    Job& job_;
};

Dialer::Dialer(DialContext& context, TaskScope& tasks) : context_(context), tasks_(tasks), slots_(tasks.executor()) {}

awaitable<result<ConnectionPtr>> Dialer::dial(
    PeerId peer, std::vector<Multiaddr> addresses, DialOptions options, std::shared_ptr<void> keep_alive
) {
    const auto limit = options.timeout.count() > 0 ? options.timeout : context_.services().timeouts().dial;
    const auto deadline = Clock::now() + limit;
    std::shared_ptr<Job> job;
    bool joined = false;
    if (auto running = jobs_.find(peer); running != jobs_.end() && !options.fresh) {
        job = running->second;
        joined = true;
    } else {
        job = std::make_shared<Job>(tasks_.executor(), peer);
    }
    job->add(addresses);
    Interest interest(*job);  // before the task starts: a dial without interest gives up
    if (!joined) {
        if (!options.fresh) {
            jobs_.emplace(peer, job);
        }
        try {
            tasks_.spawn(run(job), std::move(keep_alive));
        } catch (...) {
            if (!options.fresh) {
                jobs_.erase(peer);  // nobody may join a job that nobody does
            }
            throw;
        }
    }
    // Each caller has its own deadline; the dial goes on for the others.
    auto outcome = co_await with_deadline(deadline, outcome_of(job));
    const bool overdue = !outcome && outcome.error() == asio::error::make_error_code(asio::error::timed_out);
    if (overdue && !job->outcome) {
        co_return job->overdue();
    }
    co_return outcome;
}

awaitable<result<ConnectionPtr>> Dialer::outcome_of(std::shared_ptr<Job> job) {
    while (!job->outcome) {
        auto ec = co_await job->finished.wait();
        if (ec) {
            co_return ec;
        }
    }
    co_return *job->outcome;
}

void Dialer::forget(const Job& job) noexcept {
    if (auto mine = jobs_.find(job.peer); mine != jobs_.end() && mine->second.get() == &job) {
        jobs_.erase(mine);
    }
}

awaitable<void> Dialer::run(std::shared_ptr<Job> job) {
    // Whatever ends this task, the callers get an answer and the next dial starts afresh.
    struct Ending {
        Dialer& dialer;
        Job& job;
        ~Ending() {
            if (!job.outcome) {
                job.outcome.emplace(make_error_code(asio::error::operation_aborted));
            }
            dialer.forget(job);
            job.finished.notify_all();
        }
    };
    Ending ending{*this, *job};
    auto outcome = co_await race(job);
    if (!outcome) {
        log.debug("dial.failed", {{"peer", job->peer}, {"error", outcome.error()}});
    }
    job->outcome.emplace(std::move(outcome));
}

awaitable<result<ConnectionPtr>> Dialer::race(std::shared_ptr<Job> shared) {
    auto& job = *shared;
    std::vector<RankedAddress> turns;  // those that are not tried yet
    auto started = Clock::now();
    auto body = [&](TaskScope& attempts) -> awaitable<void> {
        asio::steady_timer turn(tasks_.executor());
        while (!job.winner && job.interested > 0) {
            if (job.resolved < job.addresses.size()) {
                auto waiting = co_await resolve(job);
                for (auto& left : turns) {
                    waiting.push_back(std::move(left.address));
                }
                turns = rank_addresses(std::move(waiting));
                started = Clock::now();
                continue;
            }
            if (turns.empty() && job.running.empty()) {
                break;
            }
            bool may_start = !turns.empty() && job.running.size() < context_.services().limits().dials_per_peer;
            if (may_start && (job.running.empty() || Clock::now() >= started + turns.front().delay)) {
                job.running.push_back(turns.front().address.to_string());
                attempts.spawn(attempt(job, turns.front().address));
                turns.erase(turns.begin());
                continue;
            }
            if (may_start) {
                turn.expires_at(started + turns.front().delay);
                turn.async_wait([shared](const error_code& ec) {
                    if (!ec) {
                        shared->progress.notify();
                    }
                });
            }
            auto ec = co_await job.progress.wait();
            turn.cancel();
            if (ec) {
                break;
            }
        }
        forget(job);  // while the losers unwind: who comes now starts afresh
    };
    co_await with_tasks(body);
    if (job.winner) {
        co_return job.winner;
    }
    if (job.interested == 0) {
        co_return make_error_code(asio::error::operation_aborted);
    }
    if (job.failures.empty()) {
        co_return Error(Errc::no_addresses, "peer " + job.peer.to_string());
    }
    if (job.failures.size() == 1) {
        auto context = job.failures.front().subject;
        co_return job.failures.front().error.with_context(context);
    }
    co_return Error(Errc::dial_failed, "peer " + job.peer.to_string(), job.failures);
}

/// Names become addresses; what cannot be resolved or dialled counts as a failed attempt.
awaitable<std::vector<Multiaddr>> Dialer::resolve(Job& job) {
    std::vector<Multiaddr> resolved;
    const auto limit = context_.services().limits().addresses_per_dial;
    while (job.resolved < job.addresses.size()) {
        const auto address = job.addresses[job.resolved++];  // a copy: more may come during the wait
        auto found = co_await dns::resolve(context_.resolver(), address, limit);
        if (!found) {
            job.failures.push_back({address.to_string(), found.error()});
            continue;
        }
        for (auto& candidate : *found) {
            auto target = candidate.without_peer();
            if (!target || context_.transport_for(*target) == nullptr) {
                job.failures.push_back({candidate.to_string(), Errc::unsupported_address});
            } else if (context_.gater().dial && !context_.gater().dial(job.peer, *target)) {
                job.failures.push_back({candidate.to_string(), Errc::gated});
            } else if (job.chosen.size() < limit && job.chosen.insert(*target).second) {
                resolved.push_back(std::move(*target));
            }
        }
    }
    co_return resolved;
}

awaitable<void> Dialer::attempt(Job& job, Multiaddr address) {
    struct Ending {
        Job& job;
        std::string address;
        ~Ending() {
            job.running.erase(std::find(job.running.begin(), job.running.end(), address));
            job.progress.notify();
        }
    };
    Ending ending{job, address.to_string()};
    auto connection = co_await dial_address(job, address);
    if (!connection) {
        job.failures.push_back({ending.address, connection.error()});
    } else {
        job.winner = std::move(*connection);
    }
}

awaitable<result<ConnectionPtr>> Dialer::dial_address(Job& job, Multiaddr address) {
    struct Slot {
        Dialer& dialer;
        ~Slot() {
            --dialer.dialling_;
            dialer.slots_.notify_one();
        }
    };
    while (dialling_ >= context_.services().limits().dials) {
        auto ec = co_await slots_.wait();
        if (ec) {
            co_return ec;
        }
    }
    ++dialling_;
    Slot slot{*this};
    auto* transport = context_.transport_for(address);
    auto scope = context_.resources().open_connection(Direction::outbound, transport->uses_descriptor(), address);
    if (!scope) {
        co_return scope.error();
    }
    auto connection = co_await transport->dial(address, job.peer, *scope);
    if (!connection) {
        co_return connection.error();
    }
    if (job.winner) {
        co_return make_error_code(asio::error::operation_aborted);  // another address won in the same turn
    }
    co_return context_.adopt(std::move(*connection), std::move(*scope));
}

}  // namespace libp2p::swarm
