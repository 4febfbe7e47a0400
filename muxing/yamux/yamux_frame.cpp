// SPDX-License-Identifier: MIT OR Apache-2.0
#include "muxing/yamux/yamux_frame.hpp"

#include <boost/endian/conversion.hpp>

#include <string>

namespace libp2p::yamux {
namespace {

constexpr std::uint8_t kVersion = 0;

}  // namespace

void encode(const FrameHeader& header, std::span<std::uint8_t, kHeaderSize> into) noexcept {
    into[0] = kVersion;
    into[1] = static_cast<std::uint8_t>(header.type);
    boost::endian::store_big_u16(into.data() + 2, static_cast<std::uint16_t>(header.flags));
    boost::endian::store_big_u32(into.data() + 4, header.stream.value);
    boost::endian::store_big_u32(into.data() + 8, header.length);
}

result<FrameHeader> decode(std::span<const std::uint8_t, kHeaderSize> bytes) {
    if (bytes[0] != kVersion) {
        return Error(Errc::protocol_violation, "yamux version " + std::to_string(bytes[0]));
    }
    if (bytes[1] > static_cast<std::uint8_t>(FrameType::go_away)) {
        return Error(Errc::protocol_violation, "yamux frame type " + std::to_string(bytes[1]));
    }
    FrameHeader header;
    header.type = static_cast<FrameType>(bytes[1]);
    header.flags = static_cast<Flags>(boost::endian::load_big_u16(bytes.data() + 2));
    header.stream.value = boost::endian::load_big_u32(bytes.data() + 4);
    header.length = boost::endian::load_big_u32(bytes.data() + 8);
    return header;
}

}  // namespace libp2p::yamux
