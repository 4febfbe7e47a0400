// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace libp2p::proto {

/// Why octets or text are not what they should be.
enum class DecodeErrc {
    need_more = 1,      ///< The input ends too early; right so far.
    trailing_bytes,     ///< The input goes on behind its end.
    not_minimal,        ///< A number takes more octets than it needs.
    out_of_range,       ///< A number is larger than its format allows.
    too_long,           ///< The input is past the limit of its format.
    bad_character,      ///< A character that the alphabet does not have.
    bad_length,         ///< A length that no encoder gives: characters, padding or octets.
    bad_trailing_bits,  ///< Bits behind the last octet are not zero.
    unknown_encoding,   ///< A multibase prefix, a version or a code that is not known here.
    not_canonical,      ///< Readable, but not in the one encoding that is allowed.
    malformed,          ///< The structure of a message is broken.
};

boost::system::error_code make_error_code(DecodeErrc code) noexcept;

/// The category of `DecodeErrc`, named "libp2p.proto".
const boost::system::error_category& decode_category() noexcept;

/// What a decoder returns.
template <class T>
using DecodeResult = boost::system::result<T>;

}  // namespace libp2p::proto

template <>
struct boost::system::is_error_code_enum<libp2p::proto::DecodeErrc> : std::true_type {};
