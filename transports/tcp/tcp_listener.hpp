// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/transport.hpp>

#include <boost/asio/ip/tcp.hpp>

namespace libp2p::tcp {

/// Accepts sockets on one endpoint. An IPv6 listener takes IPv6 only, so that `/ip4/0.0.0.0/tcp/P` and `/ip6/::/tcp/P`
/// stand side by side.
class TcpListener final : public Listener {
public:
    static result<std::unique_ptr<Listener>> bind(TransportServices& services, const Multiaddr& address);

    const Multiaddr& address() const noexcept override { return address_; }
    awaitable<result<std::unique_ptr<InboundConnection>>> accept() override;
    void close() noexcept override;

private:
    TcpListener(TransportServices& services, boost::asio::ip::tcp::acceptor acceptor, Multiaddr address);

    TransportServices& services_;
    boost::asio::ip::tcp::acceptor acceptor_;
    Multiaddr address_;
};

}  // namespace libp2p::tcp
