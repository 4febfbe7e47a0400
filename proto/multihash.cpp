// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/multihash.hpp"

#include "proto/varint.hpp"

#include <boost/assert.hpp>

namespace libp2p::proto {

Bytes encode_multihash(const Multihash& hash) {
    BOOST_ASSERT(hash.digest.size() <= kMaxDigestSize);
    Bytes out;
    out.reserve(2 + hash.digest.size());
    append_varint(out, hash.code);
    append_length_prefixed(out, hash.digest);
    return out;
}

DecodeResult<Multihash> decode_multihash(ByteView in) noexcept {
    const auto code = decode_varint(in);
    if (!code) {
        return code.error();
    }
    const auto digest = decode_length_prefixed(in.subspan(code->size), kMaxDigestSize);
    if (!digest) {
        return digest.error();
    }
    if (code->size + digest->size != in.size()) {
        return DecodeErrc::trailing_bytes;
    }
    return Multihash{code->value, digest->value};
}

}  // namespace libp2p::proto
