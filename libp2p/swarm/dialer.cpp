// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/swarm/dialer.hpp"

#include "libp2p/swarm/dial_race.hpp"

#include <libp2p/log.hpp>
#include <libp2p/timeout.hpp>

#include <optional>
#include <utility>

namespace libp2p::swarm {
namespace {

const Logger log("swarm");

}  // namespace

/// A race, and who waits for its end.
struct Dialer::Job {
    Job(std::shared_ptr<DialRace> dial, asio::any_io_executor executor)
        : race(std::move(dial)), finished(std::move(executor)) {}

    std::shared_ptr<DialRace> race;
    WaitList finished;  ///< callers, until there is an outcome
    std::optional<result<ConnectionPtr>> outcome;
};

Dialer::Dialer(DialContext& context, TaskScope& tasks)
    : context_(context), tasks_(tasks), slots_(tasks.executor(), context.services().limits().dials) {}

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
        auto race = std::make_shared<DialRace>(context_, slots_, tasks_.executor(), peer, !options.fresh);
        job = std::make_shared<Job>(std::move(race), tasks_.executor());
    }
    job->race->add(addresses);
    DialRace::Interest interest(*job->race);  // before the task starts: a race without interest gives up
    if (!joined) {
        start(job, !options.fresh, std::move(keep_alive));
    }
    // Each caller has its own deadline; the race goes on for the others.
    auto outcome = co_await with_deadline(deadline, outcome_of(job));
    const bool overdue = !outcome && outcome.error() == asio::error::make_error_code(asio::error::timed_out);
    if (overdue && !job->outcome) {
        co_return job->race->overdue();
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

void Dialer::start(const std::shared_ptr<Job>& job, bool shared, std::shared_ptr<void> keep_alive) {
    if (shared) {
        jobs_.emplace(job->race->peer(), job);
    }
    try {
        tasks_.spawn(run(job), std::move(keep_alive));
    } catch (...) {
        forget(*job);  // nobody may join a job that nobody does
        throw;
    }
}

void Dialer::forget(const Job& job) noexcept {
    if (auto mine = jobs_.find(job.race->peer()); mine != jobs_.end() && mine->second.get() == &job) {
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
    auto decided = [&] { forget(*job); };  // while the losers unwind: who comes now starts afresh
    auto outcome = co_await job->race->run(decided);
    if (!outcome) {
        log.debug("dial.failed", {{"peer", job->race->peer()}, {"error", outcome.error()}});
    }
    job->outcome.emplace(std::move(outcome));
}

}  // namespace libp2p::swarm
