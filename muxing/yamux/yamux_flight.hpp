// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "muxing/yamux/yamux_stream_state.hpp"

#include <memory>
#include <span>
#include <vector>

namespace libp2p::yamux {

/// Payload pieces up to this size are copied next to their header: cheaper than one more buffer, and their writer need
/// not wait for the channel.
inline constexpr std::size_t kSmallWrite = 4 * 1024;

/// What goes to the channel in one write: headers and small payloads in memory of its own, large payloads where their
/// writers have them.
class Flight {
public:
    /// No more data frames are added once a flight has this many octets.
    static constexpr std::size_t kFull = 256 * 1024;

    std::span<const ByteView> buffers() const noexcept { return buffers_; }
    std::size_t octets() const noexcept { return octets_; }
    bool empty() const noexcept { return octets_ == 0; }

    /// True when `octets` of headers and copies still fit.
    bool has_room(std::size_t octets) noexcept { return octets <= kLarge - used_ || block_ != large_.get(); }

    /// The next three: only when there is room.
    void put(const FrameHeader& header);
    void copy(ByteView payload);
    void lend(ByteView payload, StreamState& writer);

    /// Streams whose memory is lent, each once.
    std::span<StreamState* const> lenders() const noexcept { return lenders_; }

    void clear() noexcept;

    /// Frees what an idle connection does not need. Only while empty.
    void shrink() noexcept;

private:
    static constexpr std::size_t kSmall = 512;        // kept: enough for control frames
    static constexpr std::size_t kLarge = 32 * 1024;  // while there is much to send

    std::uint8_t* reserve(std::size_t octets);

    std::vector<ByteView> buffers_;
    std::vector<StreamState*> lenders_;
    std::size_t octets_ = 0;
    std::unique_ptr<std::uint8_t[]> small_;
    std::unique_ptr<std::uint8_t[]> large_;
    std::uint8_t* block_ = nullptr;  // the one in use
    std::size_t used_ = 0;           // of that
};

}  // namespace libp2p::yamux
