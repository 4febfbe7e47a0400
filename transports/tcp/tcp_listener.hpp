// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/tcp/tcp_acceptor.hpp"

#include <libp2p/transport.hpp>

namespace libp2p::tcp {

/// Accepts connections on one endpoint.
class TcpListener final : public Listener {
public:
    static result<std::unique_ptr<Listener>> bind(TransportServices& services, const Multiaddr& address);

    const Multiaddr& address() const noexcept override { return address_; }
    awaitable<result<std::unique_ptr<InboundConnection>>> accept() override;
    void close() noexcept override { acceptor_.close(); }

private:
    TcpListener(TransportServices& services, TcpAcceptor acceptor);

    TransportServices& services_;
    TcpAcceptor acceptor_;
    Multiaddr address_;
};

}  // namespace libp2p::tcp
