// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "tests/integration/hosts.hpp"

#include <libp2p/muxers.hpp>
#include <libp2p/security_protocols.hpp>
#include <libp2p/transports.hpp>

#include <utility>

namespace libp2p::test {

/// A host over TCP that can listen at relays and dial through them, and serves echo and ping.
struct RelayNode {
    explicit RelayNode(asio::io_context& io, RelayOptions relays = {}, HostOptions options = {})
        : identity(Identity::generate()), host(io.get_executor(), identity, std::move(options)) {
        host.add_security(make_noise(identity));
        host.add_muxer(make_yamux(host.services().limits(), host.services().timeouts()));
        host.add_transport(make_tcp_transport(host.services()));
        host.add_transport(make_relay_transport(host.services(), std::move(relays)));
        host.handle(echo::kProtocol, echo::serve);
        host.handle(ping::kProtocol, ping::serve);
    }

    const PeerId& id() const { return host.id(); }

    Identity identity;
    Host host;
};

}  // namespace libp2p::test
