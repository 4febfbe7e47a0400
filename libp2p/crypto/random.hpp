// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/bytes.hpp>

#include <cstdint>

namespace libp2p::crypto {

/// Fills `out` from the process's cryptographic generator, which is seeded by the kernel. Cannot fail; safe after fork.
void random_bytes(MutableByteView out) noexcept;

/// 64 random bits.
std::uint64_t random_uint64() noexcept;

}  // namespace libp2p::crypto
