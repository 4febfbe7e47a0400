// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/error.hpp>
#include <libp2p/multiaddr.hpp>

#include <boost/asio/ip/tcp.hpp>

namespace libp2p::tcp {

/// True for exactly `/ip4|ip6/ADDRESS/tcp/PORT`, with an optional `/ip6zone` in front of `/ip6`.
bool is_tcp_address(const Multiaddr& address) noexcept;

/// The endpoint that `address` names. Fails with `Errc::unsupported_address` on any other shape, and with
/// `Errc::invalid_address` on an IPv6 zone that is no interface here.
result<boost::asio::ip::tcp::endpoint> to_endpoint(const Multiaddr& address);

/// The endpoint that `address` begins with, `[/ip6zone/…]/ip4|ip6/ADDRESS/tcp/PORT`, whatever follows. Fails like
/// `to_endpoint`.
result<boost::asio::ip::tcp::endpoint> endpoint_in(const Multiaddr& address);

/// The multiaddr of `endpoint`. An IPv4 address mapped into IPv6 is written as IPv4.
Multiaddr to_multiaddr(const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace libp2p::tcp
