// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>

namespace libp2p::proto {

/// The codes of the multicodec table that libp2p uses, besides those of the protocols of multiaddrs.
namespace multicodec {

// Hash functions.
inline constexpr std::uint64_t kIdentity = 0x00;
inline constexpr std::uint64_t kSha2_256 = 0x12;

// What a CID points to.
inline constexpr std::uint64_t kDagPb = 0x70;
inline constexpr std::uint64_t kLibp2pKey = 0x72;

}  // namespace multicodec
}  // namespace libp2p::proto
