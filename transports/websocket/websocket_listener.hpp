// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/tcp/tcp_acceptor.hpp"
#include "transports/websocket/websocket_settings.hpp"

#include <libp2p/transport.hpp>

#include <memory>

namespace libp2p::websocket {

/// Accepts WebSockets on one endpoint, and answers other HTTP requests there.
class WebSocketListener final : public Listener {
public:
    /// `address` is one that `parse_websocket_address` knows. Fails with what the system says, and with
    /// `Errc::invalid_key` when TLS is asked for and there is no certificate to be used.
    static result<std::unique_ptr<Listener>> bind(
        TransportServices& services, const Multiaddr& address, std::shared_ptr<Settings> settings
    );

    const Multiaddr& address() const noexcept override { return address_; }
    awaitable<result<std::unique_ptr<InboundConnection>>> accept() override;
    void close() noexcept override { acceptor_.close(); }

private:
    WebSocketListener(
        TransportServices& services,
        tcp::TcpAcceptor acceptor,
        const Multiaddr& asked,
        std::shared_ptr<Settings> settings
    );

    TransportServices& services_;
    tcp::TcpAcceptor acceptor_;
    Multiaddr address_;
    std::shared_ptr<Settings> settings_;
};

}  // namespace libp2p::websocket
