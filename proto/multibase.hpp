// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "proto/bytes.hpp"
#include "proto/decode_error.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace libp2p::proto {

/// An alphabet for octets as text. The value of an enumerator is its multibase prefix.
enum class Base : char {
    base16 = 'f',
    base16upper = 'F',
    base32 = 'b',
    base32upper = 'B',
    base32pad = 'c',
    base32padupper = 'C',
    base36 = 'k',
    base36upper = 'K',
    base58btc = 'z',
    base64 = 'm',
    base64pad = 'M',
    base64url = 'u',
    base64urlpad = 'U',
};

/// Base 36 and base 58 take time in the square of the length. Most octets that are encoded, and most characters that
/// are decoded in them. What encodes also decodes.
inline constexpr std::size_t kMaxPositionalDataSize = 160;
inline constexpr std::size_t kMaxPositionalTextSize = 256;

/// `data` in `base`, without a prefix. For base 36 and base 58, `data` is at most `kMaxPositionalDataSize` long.
std::string encode_base(Base base, ByteView data);

/// What to do with bits behind the last octet that are not zero. No encoder writes them, but some formats let them
/// pass.
enum class TrailingBits { refuse, ignore };

/// Reads what `encode_base` writes, and nothing else: letters of the right case, padding where it belongs, no bits left
/// over. Fails with `bad_character`, `bad_length`, `bad_trailing_bits` or `too_long`.
DecodeResult<Bytes> decode_base(Base base, std::string_view text, TrailingBits trailing = TrailingBits::refuse);

/// What a multibase text holds, and how.
struct Multibase {
    Base base;
    Bytes data;
};

/// `encode_base` with the prefix in front.
std::string encode_multibase(Base base, ByteView data);

/// Reads a text with its prefix. Fails like `decode_base`, with `need_more` for an empty text and `unknown_encoding`
/// for a prefix that is none of the above.
DecodeResult<Multibase> decode_multibase(std::string_view text);

}  // namespace libp2p::proto
