// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/multiaddr.hpp>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>

namespace libp2p::relay {

/// The networks that a client is counted in: the narrow one is an IPv4 address or the 56 bits of a household, the wide
/// one 24 bits of IPv4 or the 48 bits of a site.
struct ClientNetwork {
    std::array<std::uint8_t, 16> prefix{};  ///< zeros behind the bits
    std::uint8_t bits = 0;                  ///< 32 and 24 are IPv4, 56 and 48 IPv6

    /// "192.0.2.1", "192.0.2.0/24", "2001:db8::/56".
    std::string to_string() const;

    friend auto operator<=>(const ClientNetwork&, const ClientNetwork&) = default;
};

struct ClientNetworks {
    ClientNetwork narrow;
    ClientNetwork wide;
};

/// Those of a connection's remote. None for loopback, which counts nowhere, and where nothing is known of the network.
std::optional<ClientNetworks> networks_of(const Multiaddr& remote);

}  // namespace libp2p::relay
