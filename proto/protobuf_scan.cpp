// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/protobuf_scan.hpp"

#include "proto/varint.hpp"

namespace libp2p::proto {
namespace {

enum WireType : std::uint8_t { kNumber = 0, kFixed64 = 1, kOctets = 2, kFixed32 = 5 };

/// The octets that the value of a field takes. Groups (3 and 4) are in none of libp2p's messages and are refused.
DecodeResult<std::uint64_t> value_size(std::uint64_t wire_type, ByteView in) noexcept {
    switch (wire_type) {
        case kFixed64: return 8;
        case kFixed32: return 4;
        case kNumber:
        case kOctets: {
            const auto number = decode_protobuf_varint(in);
            if (!number) {
                return DecodeErrc::malformed;
            }
            if (wire_type == kNumber) {
                return number->size;
            }
            if (number->value > in.size() - number->size) {
                return DecodeErrc::malformed;
            }
            return number->size + number->value;
        }
        default: return DecodeErrc::malformed;
    }
}

}  // namespace

DecodeResult<std::size_t> count_fields(ByteView message, std::uint32_t field) noexcept {
    std::size_t count = 0;
    while (!message.empty()) {
        const auto tag = decode_protobuf_varint(message);
        if (!tag || tag->value >> 3 == 0) {
            return DecodeErrc::malformed;
        }
        message = message.subspan(tag->size);
        const auto size = value_size(tag->value & 7, message);
        if (!size || *size > message.size()) {
            return DecodeErrc::malformed;
        }
        message = message.subspan(static_cast<std::size_t>(*size));
        if (tag->value >> 3 == field) {
            ++count;
        }
    }
    return count;
}

}  // namespace libp2p::proto
