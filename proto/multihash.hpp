// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "proto/bytes.hpp"
#include "proto/decode_error.hpp"

#include <cstddef>
#include <cstdint>

namespace libp2p::proto {

/// Longest digest that is read, in octets: that of any hash function in use, twice over.
inline constexpr std::size_t kMaxDigestSize = 128;

/// A digest that says which function made it. Borrows its octets.
struct Multihash {
    std::uint64_t code;  ///< of the hash function: see `multicodec`
    ByteView digest;     ///< at most `kMaxDigestSize`
};

/// The octets of `hash`: code, length, digest.
Bytes encode_multihash(const Multihash& hash);

/// Reads a multihash that takes all of `in`; the result borrows from it. Any function will do, known or not. Fails with
/// `need_more`, `trailing_bytes`, `too_long`, or what is wrong with a number.
DecodeResult<Multihash> decode_multihash(ByteView in) noexcept;

}  // namespace libp2p::proto
