// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/bytes.hpp>

#include <boost/endian/conversion.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>

namespace libp2p::webrtc {

/// Octets of an SCTP packet in front of its chunks (RFC 9260, 3.1), and of a chunk in front of its value (3.2).
inline constexpr std::size_t kSctpCommonHeader = 12;
inline constexpr std::size_t kSctpChunkHeader = 4;

/// Where DATA and SACK chunks carry their transmission sequence number (RFC 9260, 3.3.1 and 3.3.4).
inline constexpr std::size_t kSctpTsn = 4;

enum class SctpChunkType : std::uint8_t {
    data = 0,
    init = 1,
    init_ack = 2,
    sack = 3,
    heartbeat = 4,
    heartbeat_ack = 5,
    abort = 6,
    shutdown = 7,
    shutdown_ack = 8,
    error = 9,
    cookie_echo = 10,
    cookie_ack = 11,
    shutdown_complete = 14,
    i_data = 64,
    re_config = 130,
    pad = 132,
    forward_tsn = 192,
    i_forward_tsn = 194,
};

inline std::uint16_t u16_at(ByteView octets, std::size_t at) noexcept {
    return boost::endian::load_big_u16(&octets[at]);
}

inline std::uint32_t u32_at(ByteView octets, std::size_t at) noexcept {
    return boost::endian::load_big_u32(&octets[at]);
}

/// How far `to` comes after `from`: numbers wrap around (RFC 9260, 1.6).
constexpr std::int32_t tsn_distance(std::uint32_t from, std::uint32_t to) noexcept {
    return static_cast<std::int32_t>(to - from);
}

/// Takes the first item off `rest`, a sequence of chunks or of their parameters: both begin with four octets, the last
/// two of which count all but the padding. Nothing when no whole one is there.
inline std::optional<ByteView> next_sctp_item(ByteView& rest) noexcept {
    if (rest.size() < kSctpChunkHeader) {
        return std::nullopt;
    }
    const std::size_t length = u16_at(rest, 2);
    if (length < kSctpChunkHeader || length > rest.size()) {
        return std::nullopt;
    }
    const auto item = rest.first(length);
    rest = rest.subspan(std::min(rest.size(), (length + 3) / 4 * 4));
    return item;
}

inline SctpChunkType type_of(ByteView chunk) noexcept {
    return static_cast<SctpChunkType>(chunk[0]);
}

}  // namespace libp2p::webrtc
