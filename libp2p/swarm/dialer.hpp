// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/swarm/managed_connection.hpp"

#include <libp2p/host.hpp>
#include <libp2p/tasks.hpp>
#include <libp2p/timeout.hpp>
#include <libp2p/wait_list.hpp>

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

namespace libp2p::dns {
class Resolver;
}

namespace libp2p::swarm {

/// What the dialer needs of the swarm.
class DialContext {
public:
    virtual ~DialContext() = default;

    /// The transport that dials `address`; null when none does.
    virtual Transport* transport_for(const Multiaddr& address) const noexcept = 0;

    /// Takes a new connection in; refuses it when the host closes or the gater says no.
    virtual result<ConnectionPtr> adopt(std::unique_ptr<Connection> connection, ConnectionScope scope) = 0;

    virtual TransportServices& services() noexcept = 0;
    virtual ResourceManager& resources() noexcept = 0;
    virtual const ConnectionGater& gater() const noexcept = 0;
    virtual dns::Resolver& resolver() noexcept = 0;
};

/// Reaches peers: one dial per peer at a time, joined by everybody who wants it; each with its
/// addresses and its deadline. The addresses are raced, best first, and the losers are cancelled. A dial that nobody
/// waits for any more is cancelled too.
class Dialer {
public:
    /// `tasks` runs the dials and is joined before the dialer goes.
    Dialer(DialContext& context, TaskScope& tasks);

    /// Fails as `Host::connect` says.
    awaitable<result<ConnectionPtr>> dial(
        PeerId peer, std::vector<Multiaddr> addresses, DialOptions options, std::shared_ptr<void> keep_alive
    );

private:
    struct Job;
    class Interest;

    static awaitable<result<ConnectionPtr>> outcome_of(std::shared_ptr<Job> job);
    void forget(const Job& job) noexcept;
    awaitable<void> run(std::shared_ptr<Job> job);
    awaitable<result<ConnectionPtr>> race(std::shared_ptr<Job> job);
    awaitable<std::vector<Multiaddr>> resolve(Job& job);
    awaitable<void> attempt(Job& job, Multiaddr address);
    awaitable<result<ConnectionPtr>> dial_address(Job& job, Multiaddr address);

    DialContext& context_;
    TaskScope& tasks_;
    std::unordered_map<PeerId, std::shared_ptr<Job>> jobs_;
    WaitList slots_;  ///< attempts that wait for one of `Limits::dials`
    std::uint32_t dialling_ = 0;
};

}  // namespace libp2p::swarm
