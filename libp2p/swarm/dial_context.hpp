// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/swarm/managed_connection.hpp"

#include <libp2p/host.hpp>

#include <memory>

namespace libp2p::dns {
class Resolver;
}

namespace libp2p::swarm {

/// What dials need of the swarm.
class DialContext {
public:
    virtual ~DialContext() = default;

    /// The transport that dials `address`; null when none does.
    virtual Transport* transport_for(const Multiaddr& address) const noexcept = 0;

    /// Takes a new connection in; refuses it when the host closes or the gater says no.
    virtual result<ConnectionPtr> adopt(std::unique_ptr<Connection> connection, ConnectionScope scope) = 0;

    /// A connection with `peer` that is under no relay's limit; null when there is none.
    virtual ConnectionPtr standing(const PeerId& peer) const = 0;

    virtual TransportServices& services() noexcept = 0;
    virtual ResourceManager& resources() noexcept = 0;
    virtual const ConnectionGater& gater() const noexcept = 0;
    virtual dns::Resolver& resolver() noexcept = 0;
};

}  // namespace libp2p::swarm
