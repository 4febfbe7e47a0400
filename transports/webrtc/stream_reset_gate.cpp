// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/stream_reset_gate.hpp"

#include "transports/webrtc/crc32c.hpp"
#include "transports/webrtc/sctp_chunk.hpp"

#include <utility>

namespace libp2p::webrtc {
namespace {

/// Where INIT and INIT ACK carry the first transmission sequence number.
constexpr std::size_t kNumberOfInit = 16;

/// The last number before the streams are reset, where a RE-CONFIG chunk asks for that.
std::optional<std::uint32_t> last_before_reset(ByteView chunk) noexcept {
    constexpr std::uint16_t kOutgoingReset = 13;
    constexpr std::size_t kLastNumber = 12;
    constexpr std::size_t kFixedPart = 16;
    auto rest = chunk.subspan(kSctpChunkHeader);
    while (const auto parameter = next_sctp_item(rest)) {
        if (u16_at(*parameter, 0) == kOutgoingReset && parameter->size() >= kFixedPart) {
            return u32_at(*parameter, kLastNumber);
        }
    }
    return std::nullopt;
}

void append(Bytes& packet, ByteView chunk) {
    packet.insert(packet.end(), chunk.begin(), chunk.end());
    packet.resize((packet.size() + 3) / 4 * 4);
}

}  // namespace

ByteView StreamResetGate::admit(ByteView packet) {
    bool is_early = false;
    auto rest = packet.subspan(kSctpCommonHeader);
    while (const auto chunk = next_sctp_item(rest)) {
        switch (type_of(*chunk)) {
            case SctpChunkType::init:
            case SctpChunkType::init_ack: arrived_ = u32_at(*chunk, kNumberOfInit) - 1; break;
            case SctpChunkType::data:
                if (arrived_ && u32_at(*chunk, kSctpTsn) == *arrived_ + 1) {
                    ++*arrived_;
                }
                break;
            case SctpChunkType::re_config:
                if (const auto last = last_before_reset(*chunk)) {
                    held_.clear();  // it was the same request, or one that is over
                    awaited_ = *last;
                    is_early = arrived_ && tsn_distance(*arrived_, *last) > 0;
                }
                break;
            default: break;
        }
    }
    if (!is_early) {
        return packet;
    }
    hold_back(packet);
    return rest_;
}

/// Divides a packet into the request and the rest.
void StreamResetGate::hold_back(ByteView packet) {
    const auto header = packet.first(kSctpCommonHeader);
    held_.assign(header.begin(), header.end());
    rest_.assign(header.begin(), header.end());
    auto chunks = packet.subspan(kSctpCommonHeader);
    while (const auto chunk = next_sctp_item(chunks)) {
        append(type_of(*chunk) == SctpChunkType::re_config ? held_ : rest_, *chunk);
    }
    write_sctp_checksum(held_);
    if (rest_.size() == kSctpCommonHeader) {
        rest_.clear();
    } else {
        write_sctp_checksum(rest_);
    }
}

void StreamResetGate::on_sent(ByteView packet) noexcept {
    constexpr std::size_t kSack = 16;
    if (packet.size() < kSctpCommonHeader + kSack) {
        return;
    }
    const auto first = packet.subspan(kSctpCommonHeader);
    if (type_of(first) == SctpChunkType::sack) {  // usrsctp puts it in front
        arrived_ = u32_at(first, kSctpTsn);
    }
}

std::optional<Bytes> StreamResetGate::take_due() {
    if (held_.empty() || !arrived_ || tsn_distance(*arrived_, awaited_) > 0) {
        return std::nullopt;
    }
    return std::exchange(held_, {});
}

}  // namespace libp2p::webrtc
