// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/swarm/dial_context.hpp"
#include "libp2p/swarm/dial_slots.hpp"

#include <libp2p/tasks.hpp>

#include <memory>
#include <unordered_map>
#include <vector>

namespace libp2p::swarm {

/// Reaches peers: one race per peer at a time, joined by everybody who wants it; each caller with addresses and a
/// deadline of its own. A race that nobody waits for any more is cancelled.
class Dialer {
public:
    /// `tasks` runs the races and is joined before the dialer goes.
    Dialer(DialContext& context, TaskScope& tasks);

    /// Fails as `Host::connect` says.
    awaitable<result<ConnectionPtr>> dial(
        PeerId peer, std::vector<Multiaddr> addresses, DialOptions options, std::shared_ptr<void> keep_alive
    );

private:
    struct Job;

    void start(const std::shared_ptr<Job>& job, bool shared, std::shared_ptr<void> keep_alive);
    awaitable<void> run(std::shared_ptr<Job> job);
    static awaitable<result<ConnectionPtr>> outcome_of(std::shared_ptr<Job> job);
    void forget(const Job& job) noexcept;

    DialContext& context_;
    TaskScope& tasks_;
    DialSlots slots_;
    std::unordered_map<PeerId, std::shared_ptr<Job>> jobs_;
};

}  // namespace libp2p::swarm
