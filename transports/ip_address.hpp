// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/multiaddr.hpp>

#include <boost/asio/ip/address.hpp>

#include <string>

namespace libp2p {

/// Moves `component` behind `[/ip6zone/ZONE]/ip6/…` or `/ip4/…`. False, and it may have moved, when neither is there.
bool skip_ip(Multiaddr::Iterator& component, const Multiaddr::Iterator& end) noexcept;

/// The IP address at the beginning of `address`. Fails with `Errc::invalid_address` when no interface has the name of
/// its zone.
result<boost::asio::ip::address> ip_of(const Multiaddr& address);

/// `[/ip6zone/ZONE]/ip6/…` or `/ip4/…`; an IPv4 address that is mapped into IPv6 is IPv4.
std::string ip_text_of(const boost::asio::ip::address& address);

}  // namespace libp2p
