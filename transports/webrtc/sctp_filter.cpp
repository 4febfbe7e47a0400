// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/sctp_filter.hpp"

#include <algorithm>

namespace libp2p::webrtc {
namespace {

constexpr std::size_t kCommonHeader = 12;
constexpr std::size_t kChunkHeader = 4;

/// Packets with more chunks than fit usefully are noise: a packet of 1 191 octets has room for 70 small messages.
constexpr std::size_t kMaxChunks = 300;

enum class ChunkType : std::uint8_t {
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

/// Octets of the fixed part of a chunk, header and all; nothing for kinds that are not wanted.
std::optional<std::size_t> smallest(std::uint8_t type) noexcept {
    switch (static_cast<ChunkType>(type)) {
        case ChunkType::data: return 17;  // with one octet of data at least
        case ChunkType::i_data: return 21;
        case ChunkType::init:
        case ChunkType::init_ack: return 20;
        case ChunkType::sack: return 16;
        case ChunkType::heartbeat:
        case ChunkType::heartbeat_ack:
        case ChunkType::shutdown:
        case ChunkType::forward_tsn:
        case ChunkType::i_forward_tsn:
        case ChunkType::re_config: return 8;
        case ChunkType::abort:
        case ChunkType::shutdown_ack:
        case ChunkType::error:
        case ChunkType::cookie_echo:
        case ChunkType::cookie_ack:
        case ChunkType::shutdown_complete:
        case ChunkType::pad: return kChunkHeader;
    }
    return std::nullopt;
}

std::size_t number_at(ByteView octets, std::size_t at) noexcept {
    return octets[at] * std::size_t{256} + octets[at + 1];
}

/// Parameters behind the fixed part: their lengths add up, and none of INIT is an address (RFC 9260, 3.3.2.1: 5 and 6)
/// or belongs to AUTH or ASCONF. Unknown ones are the receiver's affair.
bool are_parameters_good(ByteView parameters, bool is_init) noexcept {
    while (!parameters.empty()) {
        if (parameters.size() < kChunkHeader) {
            return false;
        }
        const auto type = number_at(parameters, 0);
        const auto length = number_at(parameters, 2);
        if (length < kChunkHeader || length > parameters.size()) {
            return false;
        }
        constexpr std::size_t kIpv4 = 5;
        constexpr std::size_t kIpv6 = 6;
        constexpr std::size_t kHostName = 11;
        if (is_init && (type == kIpv4 || type == kIpv6 || type == kHostName)) {
            return false;
        }
        parameters = parameters.subspan(std::min(parameters.size(), (length + 3) / 4 * 4));
    }
    return true;
}

}  // namespace

SctpVerdict check_sctp_packet(ByteView packet) noexcept {
    if (packet.size() < kCommonHeader + kChunkHeader) {
        return SctpVerdict::malformed;
    }
    auto rest = packet.subspan(kCommonHeader);
    for (std::size_t chunks = 0; !rest.empty(); ++chunks) {
        if (rest.size() < kChunkHeader || chunks == kMaxChunks) {
            return SctpVerdict::malformed;
        }
        const auto least = smallest(rest[0]);
        if (!least) {
            return SctpVerdict::unwanted;
        }
        const auto length = number_at(rest, 2);
        if (length < *least || length > rest.size()) {
            return SctpVerdict::malformed;
        }
        const auto chunk = rest.first(length);
        const auto type = static_cast<ChunkType>(rest[0]);
        if (type == ChunkType::init || type == ChunkType::init_ack) {
            if (!are_parameters_good(chunk.subspan(*least), true)) {
                return SctpVerdict::unwanted;
            }
        } else if (type == ChunkType::re_config) {
            if (!are_parameters_good(chunk.subspan(kChunkHeader), false)) {
                return SctpVerdict::malformed;
            }
        } else if (type == ChunkType::sack) {
            constexpr std::size_t kBlock = 4;
            const auto blocks = number_at(chunk, 12) + number_at(chunk, 14);  // gaps, and numbers that came twice
            if (length != *least + blocks * kBlock) {
                return SctpVerdict::malformed;
            }
        }
        rest = rest.subspan(std::min(rest.size(), (length + 3) / 4 * 4));
    }
    return SctpVerdict::pass;
}

bool uses_stream_beyond(ByteView packet, std::uint16_t streams) noexcept {
    constexpr std::size_t kStream = 8;
    for (auto rest = packet.subspan(kCommonHeader); !rest.empty();) {
        const auto type = static_cast<ChunkType>(rest[0]);
        if ((type == ChunkType::data || type == ChunkType::i_data) && number_at(rest, kStream) >= streams) {
            return true;
        }
        rest = rest.subspan(std::min(rest.size(), (number_at(rest, 2) + 3) / 4 * 4));
    }
    return false;
}

std::optional<std::uint16_t> streams_in_init(ByteView packet) noexcept {
    constexpr std::size_t kOutbound = kCommonHeader + 12;
    constexpr std::size_t kInbound = kCommonHeader + 14;
    if (packet.size() < kCommonHeader + 20 || packet[kCommonHeader] != static_cast<std::uint8_t>(ChunkType::init)) {
        return std::nullopt;
    }
    return static_cast<std::uint16_t>(std::max(number_at(packet, kOutbound), number_at(packet, kInbound)));
}

}  // namespace libp2p::webrtc
