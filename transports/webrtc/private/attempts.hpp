// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/limits.hpp>
#include <libp2p/peer_id.hpp>
#include <libp2p/timeout.hpp>
#include <libp2p/wait_list.hpp>

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace libp2p::webrtc {

/// Who is connecting with whom: bounds what remotes begin, and lets two peers that dial each other at the same time end
/// with one connection. Of the two, the one whose id has the smaller octets gives way: its dial stops and waits for
/// what the other began. A peer that knows nothing of this is dialled and dials, and both work.
class Attempts : public std::enable_shared_from_this<Attempts> {
public:
    /// What remotes have begun is refused past as many as `limits.transient` may hold in all, and as many of one peer
    /// as `limits.peer` may hold.
    Attempts(asio::any_io_executor executor, PeerId own, const Limits& limits)
        : own_(std::move(own)),
          max_inbound_(limits.transient.connections_inbound),
          max_inbound_of_peer_(limits.peer.connections_inbound),
          ended_(std::move(executor)) {}

    /// Something that a remote has begun, from its offer until the host has the connection.
    class Inbound {
    public:
        Inbound(std::shared_ptr<Attempts> table, std::optional<PeerId> peer);
        Inbound(const Inbound&) = delete;
        Inbound& operator=(const Inbound&) = delete;
        ~Inbound();

        void succeeded() noexcept { has_succeeded_ = true; }

    private:
        std::shared_ptr<Attempts> table_;
        std::optional<PeerId> peer_;
        bool has_succeeded_ = false;
    };

    /// Null past a limit. Has a dial to that peer give way, if that is the rule.
    std::unique_ptr<Inbound> admit(std::optional<PeerId> peer);

    /// A dial of ours; `deadline` is what stops it.
    class Outbound {
    public:
        Outbound(std::shared_ptr<Attempts> table, PeerId peer, std::shared_ptr<Deadline> deadline);
        Outbound(const Outbound&) = delete;
        Outbound& operator=(const Outbound&) = delete;
        ~Outbound();

        bool gave_way() const noexcept { return gave_way_; }

    private:
        friend class Attempts;

        std::shared_ptr<Attempts> table_;
        PeerId peer_;
        std::shared_ptr<Deadline> deadline_;
        bool gave_way_ = false;
    };

    /// Whether a dial to `peer` has to wait for what that peer has begun.
    bool has_to_wait(const PeerId& peer) const noexcept { return own_ < peer && inbound_.contains(peer); }

    /// Until nothing that `peer` has begun is under way. True when one of that became a connection.
    awaitable<result<bool>> wait_for_inbound(PeerId peer);

private:
    /// A dial that waits for what its peer has begun.
    struct Wait {
        explicit Wait(PeerId whom) : peer(std::move(whom)) {}

        PeerId peer;
        bool has_succeeded = false;
    };

    struct WaitGuard {
        WaitGuard(Attempts& owner, std::list<Wait>::iterator wait) : table(owner), mine(wait) {}
        WaitGuard(const WaitGuard&) = delete;
        WaitGuard& operator=(const WaitGuard&) = delete;
        ~WaitGuard() { table.waits_.erase(mine); }

        Attempts& table;
        std::list<Wait>::iterator mine;
    };

    PeerId own_;
    std::size_t max_inbound_;
    std::size_t max_inbound_of_peer_;
    std::map<PeerId, std::size_t> inbound_;  // at most max_inbound_
    std::multimap<PeerId, Outbound*> outbound_;
    std::size_t inbound_count_ = 0;
    std::list<Wait> waits_;
    WaitList ended_;
};

}  // namespace libp2p::webrtc
