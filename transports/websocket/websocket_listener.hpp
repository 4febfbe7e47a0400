// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/tcp/tcp_acceptor.hpp"

#include <libp2p/transport.hpp>
#include <libp2p/transports.hpp>

#include <memory>

namespace libp2p::websocket {

/// Accepts WebSockets on one endpoint, and answers other HTTP requests there.
class WebSocketListener final : public Listener {
public:
    /// `address` is one that `parse_websocket_address` knows. `options` outlives the listener's connections.
    static result<std::unique_ptr<Listener>> bind(
        TransportServices& services, const Multiaddr& address, std::shared_ptr<const WebSocketOptions> options
    );

    const Multiaddr& address() const noexcept override { return address_; }
    awaitable<result<std::unique_ptr<InboundConnection>>> accept() override;
    void close() noexcept override { acceptor_.close(); }

private:
    WebSocketListener(
        TransportServices& services,
        tcp::TcpAcceptor acceptor,
        const Multiaddr& asked,
        std::shared_ptr<const WebSocketOptions> options
    );

    TransportServices& services_;
    tcp::TcpAcceptor acceptor_;
    Multiaddr address_;
    std::shared_ptr<const WebSocketOptions> options_;
};

}  // namespace libp2p::websocket
