// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/memory/memory_network.hpp"

#include <libp2p/transport.hpp>

#include <memory>

namespace libp2p::memory {

/// Accepts what arrives at one number of a network.
class MemoryListener final : public Listener {
public:
    MemoryListener(TransportServices& services, std::unique_ptr<MemoryNetwork::Door> door);

    const Multiaddr& address() const noexcept override { return address_; }
    awaitable<result<std::unique_ptr<InboundConnection>>> accept() override;
    void close() noexcept override;

private:
    TransportServices& services_;
    std::unique_ptr<MemoryNetwork::Door> door_;  // null once closed
    Multiaddr address_;
};

}  // namespace libp2p::memory
