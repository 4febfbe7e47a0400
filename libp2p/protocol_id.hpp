// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <string>

namespace libp2p {

/// The name of a protocol as multistream-select carries it, for example "/ipfs/ping/1.0.0".
using ProtocolId = std::string;

/// Longest protocol name that is sent or accepted, in octets.
inline constexpr std::size_t kMaxProtocolIdSize = 512;

}  // namespace libp2p
