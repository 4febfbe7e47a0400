// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace libp2p::proto {

using Bytes = std::vector<std::uint8_t>;         ///< owned octets
using ByteView = std::span<const std::uint8_t>;  ///< borrowed, read only

}  // namespace libp2p::proto
