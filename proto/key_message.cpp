// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/key_message.hpp"

#include "proto/varint.hpp"

#include <boost/assert.hpp>

#include <limits>

namespace libp2p::proto {
namespace {

constexpr std::uint8_t kTypeTag = 0x08;  // field 1, a number
constexpr std::uint8_t kDataTag = 0x12;  // field 2, octets

}  // namespace

KeyMessageHeader key_message_header(std::uint64_t type, std::size_t data_size) noexcept {
    BOOST_ASSERT(type <= kMaxKeyType);
    KeyMessageHeader header;
    header.octets = {kTypeTag, static_cast<std::uint8_t>(type), kDataTag};
    header.size = 3 + encode_varint(data_size, std::span(header.octets).subspan<3, kMaxVarintSize>());
    return header;
}

Bytes encode_key_message(const KeyMessage& message) {
    const auto header = key_message_header(message.type, message.data.size());
    Bytes out;
    out.reserve(header.size + message.data.size());
    out.insert(out.end(), header.view().begin(), header.view().end());
    out.insert(out.end(), message.data.begin(), message.data.end());
    return out;
}

DecodeResult<KeyMessage> decode_key_message(ByteView in) noexcept {
    if (in.size() < 4) {
        return DecodeErrc::need_more;
    }
    if (in[0] != kTypeTag || in[2] != kDataTag) {
        return DecodeErrc::not_canonical;
    }
    if (in[1] > kMaxKeyType) {
        return in[1] < 0x80 ? DecodeErrc::unknown_encoding : DecodeErrc::not_canonical;
    }
    const auto data = decode_length_prefixed(in.subspan(3), std::numeric_limits<std::size_t>::max());
    if (!data) {
        return data.error() == DecodeErrc::not_minimal ? DecodeErrc::not_canonical : data.error();
    }
    if (3 + data->size != in.size()) {
        return DecodeErrc::trailing_bytes;
    }
    return KeyMessage{in[1], data->value};
}

}  // namespace libp2p::proto
