// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/swarm/dial_context.hpp"
#include "libp2p/swarm/dial_ranking.hpp"
#include "libp2p/swarm/dial_slots.hpp"

#include <libp2p/tasks.hpp>
#include <libp2p/timeout.hpp>
#include <libp2p/waiter.hpp>

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

namespace libp2p::swarm {

/// One dial of one peer: its addresses are raced, best first, and the first connection wins. Names are looked up next
/// to the attempts. Held by a shared pointer.
class DialRace : public std::enable_shared_from_this<DialRace> {
public:
    /// `takes_standing`: a connection that the peer has made meanwhile is as good as one of ours.
    DialRace(DialContext& context, DialSlots& slots, asio::any_io_executor executor, PeerId peer, bool takes_standing);

    const PeerId& peer() const noexcept { return peer_; }

    /// Addresses to try as well; known ones are left out.
    void add(const std::vector<Multiaddr>& addresses);

    /// Races until there is a connection or nothing is left to try, and then calls `decided`; the losers are cancelled
    /// and awaited before this returns. Fails as `Host::connect` says. Call once.
    template <class Decided>
    awaitable<result<ConnectionPtr>> run(Decided decided) {
        auto self = shared_from_this();
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            co_await race(tasks);
            decided();
        };
        co_await with_tasks(body);
        co_return outcome();
    }

    /// What a caller is told whose time is up: what has failed, and what is still under way.
    Error overdue() const;

    /// A caller's share in the race, which is given up with the last one.
    class Interest {
    public:
        explicit Interest(DialRace& race) noexcept : race_(race) { ++race_.interested_; }
        Interest(const Interest&) = delete;
        Interest& operator=(const Interest&) = delete;
        ~Interest() {
            if (--race_.interested_ == 0) {
                race_.progress_.notify();
            }
        }

    private:
        DialRace& race_;
    };

private:
    /// An address that is being dialled.
    struct Attempt {
        std::string address;
        Clock::time_point started;
        std::shared_ptr<Deadline> deadline;
    };
    using Attempts = std::list<Attempt>;

    awaitable<void> race(TaskScope& tasks);
    void take_addresses(TaskScope& tasks);
    void choose(const Multiaddr& address);
    void leave_out(const Multiaddr& address, Error why);
    void rank();
    Clock::time_point next_turn() const;
    void start_next(TaskScope& tasks);
    awaitable<void> look_up(Multiaddr address);
    awaitable<void> attempt(Attempts::iterator mine, Multiaddr address);
    awaitable<result<ConnectionPtr>> dial(Multiaddr address);
    result<ConnectionPtr> outcome() const;

    const Limits& limits() const noexcept { return context_.services().limits(); }

    DialContext& context_;
    DialSlots& slots_;
    PeerId peer_;
    bool takes_standing_;
    std::size_t interested_ = 0;
    Waiter progress_;  ///< the race, until something ends or comes

    std::vector<Multiaddr> addresses_;
    std::size_t seen_ = 0;                  ///< so many of these are looked up, or need not be
    std::size_t lookups_ = 0;               ///< names that are being looked up
    std::unordered_set<Multiaddr> chosen_;  ///< what was made of the addresses and can be dialled
    std::vector<Multiaddr> unranked_;       ///< those of them that have come since the last ranking
    std::vector<RankedAddress> turns_;      ///< those of them that are not tried yet
    Clock::time_point ranked_;              ///< their delays count from here

    Attempts running_;  ///< oldest first
    ConnectionPtr winner_;
    std::vector<Error::Cause> failures_;
};

}  // namespace libp2p::swarm
