// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "proto/bytes.hpp"
#include "proto/decode_error.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <variant>

namespace libp2p::webrtc {

/// How a data channel treats its messages (RFC 8832, 5.1). Limits of retransmission are not told apart: whoever wants
/// octets in order accepts `kReliable` alone, or takes what comes and knows it.
namespace channel_type {
inline constexpr std::uint8_t kReliable = 0x00;
inline constexpr std::uint8_t kPartialReliableRetransmit = 0x01;
inline constexpr std::uint8_t kPartialReliableTimed = 0x02;
inline constexpr std::uint8_t kUnordered = 0x80;  ///< a bit that each of the three may carry
}  // namespace channel_type

/// A DATA_CHANNEL_OPEN message: the first one on a new SCTP stream, with payload protocol identifier 50.
struct DataChannelOpen {
    std::uint8_t channel_type = channel_type::kReliable;
    std::uint16_t priority = 0;     ///< without a meaning in libp2p
    std::uint32_t reliability = 0;  ///< retransmissions or milliseconds, by the channel type
    std::string_view label;         ///< UTF-8, not checked; part of the octets that were decoded
    std::string_view protocol;      ///< likewise

    bool is_ordered() const noexcept { return (channel_type & channel_type::kUnordered) == 0; }

    friend bool operator==(const DataChannelOpen&, const DataChannelOpen&) = default;
};

/// A DATA_CHANNEL_ACK message: the answer to each OPEN. What stands behind its one octet is not looked at.
struct DataChannelAck {
    friend bool operator==(const DataChannelAck&, const DataChannelAck&) = default;
};

using DataChannelMessage = std::variant<DataChannelOpen, DataChannelAck>;

/// What this side sends to open a channel: reliable, ordered, without label and protocol.
inline constexpr std::array<std::uint8_t, 12> kDataChannelOpen{0x03};

/// What this side answers.
inline constexpr std::array<std::uint8_t, 1> kDataChannelAck{0x02};

/// Reads one message of the data channel establishment protocol (RFC 8832, 5). `message` is a whole SCTP user message;
/// the texts of the result are borrowed from it. Fails with `need_more` or `trailing_bytes` when the length of an OPEN
/// is not the one that it announces, and with `unknown_encoding` for a message or channel type that has no meaning.
proto::DecodeResult<DataChannelMessage> decode_data_channel_message(proto::ByteView message) noexcept;

}  // namespace libp2p::webrtc
