// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/varint.hpp"

#include <boost/assert.hpp>

#include <array>

namespace libp2p::proto {

std::size_t encode_varint(std::uint64_t value, std::span<std::uint8_t, kMaxVarintSize> out) noexcept {
    BOOST_ASSERT(value <= kMaxVarint);
    std::size_t size = 0;
    while (value >= 0x80 && size + 1 < kMaxVarintSize) {
        out[size++] = static_cast<std::uint8_t>(value | 0x80);
        value >>= 7;
    }
    out[size++] = static_cast<std::uint8_t>(value & 0x7f);
    return size;
}

void append_varint(Bytes& out, std::uint64_t value) {
    std::array<std::uint8_t, kMaxVarintSize> octets;
    const auto size = encode_varint(value, octets);
    out.insert(out.end(), octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(size));
}

void append_length_prefixed(Bytes& out, ByteView value) {
    append_varint(out, value.size());
    out.insert(out.end(), value.begin(), value.end());
}

DecodeResult<Varint> decode_varint(ByteView in) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < kMaxVarintSize; ++i) {
        if (i == in.size()) {
            return DecodeErrc::need_more;
        }
        const std::uint64_t octet = in[i];
        value |= (octet & 0x7f) << (7 * i);
        if (octet < 0x80) {
            if (octet == 0 && i > 0) {
                return DecodeErrc::not_minimal;
            }
            return Varint{value, i + 1};
        }
    }
    return DecodeErrc::out_of_range;
}

DecodeResult<Varint> decode_protobuf_varint(ByteView in) noexcept {
    constexpr std::size_t kMaxSize = 10;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < kMaxSize; ++i) {
        if (i == in.size()) {
            return DecodeErrc::need_more;
        }
        const std::uint64_t octet = in[i];
        value |= (octet & 0x7f) << (7 * i);
        if (octet < 0x80) {
            return Varint{value, i + 1};
        }
    }
    return DecodeErrc::out_of_range;
}

DecodeResult<LengthPrefixed> decode_length_prefixed(ByteView in, std::size_t limit) noexcept {
    const auto length = decode_varint(in);
    if (!length) {
        return length.error();
    }
    if (length->value > limit) {
        return DecodeErrc::too_long;
    }
    const auto rest = in.subspan(length->size);
    if (rest.size() < length->value) {
        return DecodeErrc::need_more;
    }
    const auto size = static_cast<std::size_t>(length->value);
    return LengthPrefixed{rest.first(size), length->size + size};
}

}  // namespace libp2p::proto
