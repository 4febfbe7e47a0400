// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "proto/bytes.hpp"
#include "proto/decode_error.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace libp2p::proto {

/// Longest unsigned varint, in octets, and the largest value one carries.
inline constexpr std::size_t kMaxVarintSize = 9;
inline constexpr std::uint64_t kMaxVarint = (std::uint64_t{1} << 63) - 1;

/// A number that was read, and the octets it took.
struct Varint {
    std::uint64_t value;
    std::size_t size;
};

/// The octets that `value` takes as an unsigned varint.
constexpr std::size_t varint_size(std::uint64_t value) noexcept {
    std::size_t size = 1;
    while (value >= 0x80) {
        value >>= 7;
        ++size;
    }
    return size;
}

/// Writes `value`, at most `kMaxVarint`, to the beginning of `out`, and returns the octets that it took.
std::size_t encode_varint(std::uint64_t value, std::span<std::uint8_t, kMaxVarintSize> out) noexcept;

/// Appends `value`, at most `kMaxVarint`, to `out`.
void append_varint(Bytes& out, std::uint64_t value);

/// Appends `value` to `out`, with its length as a varint in front.
void append_length_prefixed(Bytes& out, ByteView value);

/// Reads the unsigned varint at the beginning of `in`, by the rules of multiformats: shortest form, 63 bits. Fails with
/// `need_more` when `in` is the beginning of one, `not_minimal` or `out_of_range` when no octets behind it make it
/// right.
DecodeResult<Varint> decode_varint(ByteView in) noexcept;

/// Reads protobuf's kind of number: up to ten octets, 64 bits (more are cut off), in any form. Fails with `need_more`
/// or `out_of_range`.
DecodeResult<Varint> decode_protobuf_varint(ByteView in) noexcept;

/// A length that stands in front of octets, and these octets: the part of `in` behind it, at most `limit` octets. Fails
/// with `need_more` when they are not all there and `too_long` when the length is past `limit`, whatever is there.
struct LengthPrefixed {
    ByteView value;
    std::size_t size;  ///< with the length itself
};
DecodeResult<LengthPrefixed> decode_length_prefixed(ByteView in, std::size_t limit) noexcept;

}  // namespace libp2p::proto
