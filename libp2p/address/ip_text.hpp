// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/bytes.hpp>

#include <cstdint>
#include <span>
#include <string>

namespace libp2p::address {

/// An IPv6 address as RFC 5952 writes it; one that is mapped from IPv4 as "::ffff:1.2.3.4".
std::string ip6_to_text(std::span<const std::uint8_t, 16> octets);

/// "1.2.3.4".
std::string ip4_to_text(std::span<const std::uint8_t, 4> octets);

}  // namespace libp2p::address
