// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/relay/relay_listener.hpp"

#include <libp2p/host_services.hpp>

#include <memory>
#include <vector>

namespace libp2p::relay {

/// What the listeners of a transport share: the handler of stop streams, and an eye on the connections to relays. Both
/// are there while there is a listener. Shared with the handler and the task.
class RelayClient : public std::enable_shared_from_this<RelayClient> {
public:
    explicit RelayClient(HostServices& services) noexcept : services_(services) {}
    RelayClient(const RelayClient&) = delete;
    RelayClient& operator=(const RelayClient&) = delete;

    /// From now on circuits of `queue`'s relays come to it. Fails with `Errc::limit_exceeded` where the host has no
    /// subscription left.
    result<void> add(std::shared_ptr<CircuitQueue> queue);
    void remove(const CircuitQueue& queue) noexcept;

private:
    static awaitable<void> serve_stop(std::shared_ptr<RelayClient> self, std::unique_ptr<Stream> stream);
    static awaitable<void> watch(std::shared_ptr<RelayClient> self, std::shared_ptr<EventSubscription> events);
    std::shared_ptr<CircuitQueue> queue_for(const PeerId& relay) const noexcept;

    HostServices& services_;
    std::vector<std::shared_ptr<CircuitQueue>> queues_;  // one a listener
    std::weak_ptr<EventSubscription> events_;            // held by the task
};

}  // namespace libp2p::relay
