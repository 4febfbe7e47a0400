// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/bytes.hpp>
#include <libp2p/error.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>

namespace libp2p::yamux {

inline constexpr std::size_t kHeaderSize = 12;

enum class FrameType : std::uint8_t {
    data = 0,           ///< `length` octets of payload follow
    window_update = 1,  ///< `length` more octets may be sent; with RST: the stream's error code
    ping = 2,           ///< `length` is echoed
    go_away = 3,        ///< `length` is the reason
};

/// A set of flags. Bits that have no name are kept, and ignored by everybody.
enum class Flags : std::uint16_t { none = 0, syn = 1, ack = 2, fin = 4, rst = 8 };

constexpr Flags operator|(Flags a, Flags b) noexcept {
    return static_cast<Flags>(static_cast<std::uint16_t>(a) | static_cast<std::uint16_t>(b));
}
constexpr bool has(Flags set, Flags flag) noexcept {
    return (static_cast<std::uint16_t>(set) & static_cast<std::uint16_t>(flag)) != 0;
}

/// Odd for streams of the client (who dialled), even for streams of the server, 0 for the session itself.
struct StreamId {
    std::uint32_t value = 0;
    friend auto operator<=>(const StreamId&, const StreamId&) = default;
};

/// What the `length` of a GoAway says in plain yamux. Other values are libp2p connection error codes.
inline constexpr std::uint32_t kGoAwayNormal = 0;
inline constexpr std::uint32_t kGoAwayProtocolError = 1;
inline constexpr std::uint32_t kGoAwayInternalError = 2;

struct FrameHeader {
    FrameType type = FrameType::data;
    Flags flags = Flags::none;
    StreamId stream;
    std::uint32_t length = 0;

    friend bool operator==(const FrameHeader&, const FrameHeader&) = default;
};

void encode(const FrameHeader& header, std::span<std::uint8_t, kHeaderSize> into) noexcept;

/// Fails with `Errc::protocol_violation` on an unknown version or type.
result<FrameHeader> decode(std::span<const std::uint8_t, kHeaderSize> bytes);

}  // namespace libp2p::yamux
