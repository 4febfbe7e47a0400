// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/multiaddr.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <optional>
#include <string>

namespace libp2p::websocket {

/// What stands behind `/ip4|ip6/ADDRESS/tcp/PORT` in the address of a WebSocket: `/ws`, `/tls/ws`, `/tls/sni/NAME/ws`
/// or `/wss`, which is another spelling of `/tls/ws`, and then maybe `/http-path/PATH`.
struct WebSocketAddress {
    bool secure = false;       ///< TLS runs below
    std::string name;          ///< who the server is to be, for SNI, its certificate and the Host header; or empty
    std::string target = "/";  ///< what is asked for in the HTTP request, as it stands there

    /// What the Host header says: the name where there is one, else the IP address; and the port, unless it is the one
    /// that goes without saying (80, with TLS 443).
    std::string host(const boost::asio::ip::tcp::endpoint& endpoint) const;

    /// What the remote is called in its certificate: the name, else the IP address.
    std::string certified_name(const boost::asio::ip::tcp::endpoint& endpoint) const;
};

/// Empty for any other shape.
std::optional<WebSocketAddress> parse_websocket_address(const Multiaddr& address);

/// The address of an end of a connection: `endpoint`, then what stands behind the port in `like`.
Multiaddr to_multiaddr(const boost::asio::ip::tcp::endpoint& endpoint, const Multiaddr& like);

}  // namespace libp2p::websocket
