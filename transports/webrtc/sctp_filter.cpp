// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/sctp_filter.hpp"

#include "transports/webrtc/sctp_chunk.hpp"

#include <algorithm>

namespace libp2p::webrtc {
namespace {

/// Packets with more chunks than fit usefully are noise: a packet of 1 191 octets has room for 70 small messages.
constexpr std::size_t kMaxChunks = 300;

/// Octets of the fixed part of a chunk, header and all; nothing for kinds that are not wanted.
std::optional<std::size_t> smallest(std::uint8_t type) noexcept {
    switch (static_cast<SctpChunkType>(type)) {
        case SctpChunkType::data: return 17;  // with one octet of data at least
        case SctpChunkType::i_data: return 21;
        case SctpChunkType::init:
        case SctpChunkType::init_ack: return 20;
        case SctpChunkType::sack: return 16;
        case SctpChunkType::heartbeat:
        case SctpChunkType::heartbeat_ack:
        case SctpChunkType::shutdown:
        case SctpChunkType::forward_tsn:
        case SctpChunkType::i_forward_tsn:
        case SctpChunkType::re_config: return 8;
        case SctpChunkType::abort:
        case SctpChunkType::shutdown_ack:
        case SctpChunkType::error:
        case SctpChunkType::cookie_echo:
        case SctpChunkType::cookie_ack:
        case SctpChunkType::shutdown_complete:
        case SctpChunkType::pad: return kSctpChunkHeader;
    }
    return std::nullopt;
}

/// Parameters behind the fixed part: their lengths add up, and none of INIT is an address (RFC 9260, 3.3.2.1: 5 and 6)
/// or belongs to AUTH or ASCONF. Unknown ones are the receiver's affair.
bool are_parameters_good(ByteView parameters, bool is_init) noexcept {
    while (!parameters.empty()) {
        const auto parameter = next_sctp_item(parameters);
        if (!parameter) {
            return false;
        }
        const auto type = u16_at(*parameter, 0);
        constexpr std::uint16_t kIpv4 = 5;
        constexpr std::uint16_t kIpv6 = 6;
        constexpr std::uint16_t kHostName = 11;
        if (is_init && (type == kIpv4 || type == kIpv6 || type == kHostName)) {
            return false;
        }
    }
    return true;
}

}  // namespace

SctpVerdict check_sctp_packet(ByteView packet) noexcept {
    if (packet.size() < kSctpCommonHeader + kSctpChunkHeader) {
        return SctpVerdict::malformed;
    }
    auto rest = packet.subspan(kSctpCommonHeader);
    for (std::size_t chunks = 0; !rest.empty(); ++chunks) {
        const auto least = smallest(rest[0]);
        if (!least) {
            return SctpVerdict::unwanted;
        }
        const auto chunk = next_sctp_item(rest);
        if (!chunk || chunk->size() < *least || chunks == kMaxChunks) {
            return SctpVerdict::malformed;
        }
        const auto type = type_of(*chunk);
        if (type == SctpChunkType::init || type == SctpChunkType::init_ack) {
            if (!are_parameters_good(chunk->subspan(*least), true)) {
                return SctpVerdict::unwanted;
            }
        } else if (type == SctpChunkType::re_config) {
            if (!are_parameters_good(chunk->subspan(kSctpChunkHeader), false)) {
                return SctpVerdict::malformed;
            }
        } else if (type == SctpChunkType::sack) {
            constexpr std::size_t kBlock = 4;
            const auto blocks =
                std::size_t{u16_at(*chunk, 12)} + u16_at(*chunk, 14);  // gaps, and numbers that came twice
            if (chunk->size() != *least + blocks * kBlock) {
                return SctpVerdict::malformed;
            }
        }
    }
    return SctpVerdict::pass;
}

bool uses_stream_beyond(ByteView packet, std::uint16_t streams) noexcept {
    constexpr std::size_t kStream = 8;
    auto rest = packet.subspan(kSctpCommonHeader);
    while (const auto chunk = next_sctp_item(rest)) {
        const auto type = type_of(*chunk);
        if ((type == SctpChunkType::data || type == SctpChunkType::i_data) && u16_at(*chunk, kStream) >= streams) {
            return true;
        }
    }
    return false;
}

std::optional<SctpInit> init_of(ByteView packet) noexcept {
    constexpr std::size_t kWindow = 8;
    constexpr std::size_t kOutbound = 12;
    constexpr std::size_t kInbound = 14;
    if (packet.size() < kSctpCommonHeader + 20) {
        return std::nullopt;
    }
    const auto init = packet.subspan(kSctpCommonHeader);
    if (type_of(init) != SctpChunkType::init) {
        return std::nullopt;
    }
    return SctpInit{std::max(u16_at(init, kOutbound), u16_at(init, kInbound)), u32_at(init, kWindow)};
}

}  // namespace libp2p::webrtc
