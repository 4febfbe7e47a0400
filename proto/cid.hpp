// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "proto/bytes.hpp"
#include "proto/decode_error.hpp"
#include "proto/multibase.hpp"
#include "proto/multihash.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace libp2p::proto {

/// Longest text that is read as a CID, in characters: base 16 of the longest one, with room.
inline constexpr std::size_t kMaxCidTextSize = 320;

/// A content identifier: a multihash that says what it is the hash of.
struct Cid {
    std::uint64_t version;  ///< 0 or 1
    std::uint64_t codec;    ///< of the content; always `multicodec::kDagPb` in version 0
    Bytes multihash;        ///< well formed

    friend bool operator==(const Cid&, const Cid&) = default;
};

/// The octets of `cid`: in version 0 the bare multihash, in version 1 version, codec, multihash.
Bytes encode_cid(const Cid& cid);

/// Reads a CID that takes all of `in`: version 1, or the SHA-256 multihash that is version 0. Fails with
/// `unknown_encoding` for other versions, or as `decode_multihash` does.
DecodeResult<Cid> decode_cid(ByteView in);

/// The text of `cid`: version 0 in base58btc without a prefix, version 1 in `base`.
std::string to_text(const Cid& cid, Base base = Base::base32);

/// Reads the text of a CID: "Qm" and 44 characters more are version 0, anything else is multibase of version 1.
DecodeResult<Cid> parse_cid(std::string_view text);

}  // namespace libp2p::proto
