// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/relay/reservation_keeper.hpp"

#include <libp2p/limits.hpp>
#include <libp2p/transport.hpp>
#include <libp2p/waiter.hpp>

#include <deque>
#include <memory>
#include <vector>

namespace libp2p::relay {

class RelayClient;

/// Circuits that a listener has agreed to and not accepted yet. Shared by the listener, the handler of stop streams and
/// the task that keeps the place.
class CircuitQueue {
public:
    CircuitQueue(HostServices& services, const RelayOptions& options, std::vector<RelayAddress> relays, Multiaddr name);

    /// The address that was listened on.
    const Multiaddr& name() const noexcept { return name_; }
    ReservationKeeper& keeper() noexcept { return keeper_; }
    const ReservationKeeper& keeper() const noexcept { return keeper_; }

    /// True with `Limits::accept_backlog` circuits: the relay is told of those past it.
    bool is_full() const noexcept { return waiting_.size() >= services_.limits().accept_backlog; }

    /// The other end is secured when it is accepted.
    void push(std::unique_ptr<Stream> stream, bool limited);
    awaitable<result<std::unique_ptr<InboundConnection>>> pop();

    /// Ends the circuits that wait, and the place. Idempotent.
    void close() noexcept;

private:
    HostServices& services_;
    Multiaddr name_;
    ReservationKeeper keeper_;
    std::deque<std::unique_ptr<InboundConnection>> waiting_;
    Waiter arrived_;
    bool closed_ = false;
};

/// `…/p2p-circuit`: accepts what comes through a relay.
class RelayListener final : public Listener {
public:
    RelayListener(std::shared_ptr<RelayClient> client, std::shared_ptr<CircuitQueue> queue) noexcept
        : client_(std::move(client)), queue_(std::move(queue)) {}
    ~RelayListener() override { close(); }

    const Multiaddr& address() const noexcept override { return queue_->name(); }
    std::vector<Multiaddr> addresses() const override { return queue_->keeper().addresses(); }
    awaitable<result<std::unique_ptr<InboundConnection>>> accept() override { return queue_->pop(); }
    void close() noexcept override;

private:
    std::shared_ptr<RelayClient> client_;
    std::shared_ptr<CircuitQueue> queue_;
};

}  // namespace libp2p::relay
