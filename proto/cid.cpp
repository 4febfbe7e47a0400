// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/cid.hpp"

#include "proto/multicodec.hpp"
#include "proto/varint.hpp"

namespace libp2p::proto {
namespace {

constexpr std::size_t kVersion0Size = 34;
constexpr std::size_t kVersion0TextSize = 46;

/// Version 0 has no version in it: it is known by the two octets that every SHA-256 multihash begins with.
bool is_version0(ByteView in) noexcept {
    return in.size() == kVersion0Size && in[0] == multicodec::kSha2_256 && in[1] == kVersion0Size - 2;
}

}  // namespace

Bytes encode_cid(const Cid& cid) {
    if (cid.version == 0) {
        return cid.multihash;
    }
    Bytes out;
    out.reserve(4 + cid.multihash.size());
    append_varint(out, cid.version);
    append_varint(out, cid.codec);
    out.insert(out.end(), cid.multihash.begin(), cid.multihash.end());
    return out;
}

DecodeResult<Cid> decode_cid(ByteView in) {
    if (is_version0(in)) {
        return Cid{0, multicodec::kDagPb, Bytes(in.begin(), in.end())};
    }
    const auto version = decode_varint(in);
    if (!version) {
        return version.error();
    }
    if (version->value != 1) {
        return DecodeErrc::unknown_encoding;
    }
    in = in.subspan(version->size);
    const auto codec = decode_varint(in);
    if (!codec) {
        return codec.error();
    }
    in = in.subspan(codec->size);
    if (auto hash = decode_multihash(in); !hash) {
        return hash.error();
    }
    return Cid{1, codec->value, Bytes(in.begin(), in.end())};
}

std::string to_text(const Cid& cid, Base base) {
    const auto octets = encode_cid(cid);
    return cid.version == 0 ? encode_base(Base::base58btc, octets) : encode_multibase(base, octets);
}

DecodeResult<Cid> parse_cid(std::string_view text) {
    if (text.size() > kMaxCidTextSize) {
        return DecodeErrc::too_long;
    }
    if (text.size() == kVersion0TextSize && text.starts_with("Qm")) {
        const auto octets = decode_base(Base::base58btc, text);
        if (!octets) {
            return octets.error();
        }
        if (!is_version0(*octets)) {
            return DecodeErrc::bad_length;
        }
        return decode_cid(*octets);
    }
    const auto decoded = decode_multibase(text);
    if (!decoded) {
        return decoded.error();
    }
    if (is_version0(decoded->data)) {
        return DecodeErrc::unknown_encoding;  // version 0 has no multibase form
    }
    return decode_cid(decoded->data);
}

}  // namespace libp2p::proto
