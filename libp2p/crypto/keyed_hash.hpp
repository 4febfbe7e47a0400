// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/bytes.hpp>

#include <cstdint>

namespace libp2p::crypto {

/// A hash for tables whose keys others choose: SipHash-2-4 under a random key that the process makes once.
std::uint64_t keyed_hash(ByteView bytes) noexcept;

}  // namespace libp2p::crypto
