// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/data_channel_message.hpp"

#include <boost/endian/conversion.hpp>

#include <cstddef>

namespace libp2p::webrtc {
namespace {

using proto::ByteView;
using proto::DecodeErrc;
using proto::DecodeResult;

constexpr std::uint8_t kAck = 0x02;
constexpr std::uint8_t kOpen = 0x03;

/// An OPEN message without its label and protocol.
constexpr std::size_t kOpenHeaderSize = 12;
static_assert(kDataChannelOpen.size() == kOpenHeaderSize && kDataChannelOpen[0] == kOpen && kDataChannelAck[0] == kAck);

std::string_view as_text(ByteView octets) noexcept {
    return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

DecodeResult<DataChannelMessage> decode_open(ByteView message) noexcept {
    if (message.size() < kOpenHeaderSize) {
        return DecodeErrc::need_more;
    }
    DataChannelOpen open;
    open.channel_type = message[1];
    if ((open.channel_type & ~channel_type::kUnordered) > channel_type::kPartialReliableTimed) {
        return DecodeErrc::unknown_encoding;
    }
    open.priority = boost::endian::load_big_u16(&message[2]);
    open.reliability = boost::endian::load_big_u32(&message[4]);
    const std::size_t label_size = boost::endian::load_big_u16(&message[8]);
    const std::size_t protocol_size = boost::endian::load_big_u16(&message[10]);
    const auto texts = message.subspan(kOpenHeaderSize);
    if (texts.size() < label_size + protocol_size) {
        return DecodeErrc::need_more;
    }
    if (texts.size() > label_size + protocol_size) {
        return DecodeErrc::trailing_bytes;
    }
    open.label = as_text(texts.first(label_size));
    open.protocol = as_text(texts.subspan(label_size));
    return open;
}

}  // namespace

DecodeResult<DataChannelMessage> decode_data_channel_message(ByteView message) noexcept {
    if (message.empty()) {
        return DecodeErrc::need_more;
    }
    switch (message[0]) {
        case kOpen: return decode_open(message);
        case kAck: return DataChannelAck{};  // pion sends three octets more
        default: return DecodeErrc::unknown_encoding;
    }
}

}  // namespace libp2p::webrtc
