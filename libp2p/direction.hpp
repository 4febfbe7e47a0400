// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>

namespace libp2p {

/// Who began: the remote, or this side.
enum class Direction : std::uint8_t { inbound, outbound };

}  // namespace libp2p
