// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "muxing/yamux/yamux_frame.hpp"

#include <libp2p/budget.hpp>

#include <bitset>
#include <cstdint>
#include <optional>

namespace libp2p::yamux {

/// Hands out the ids of our streams and tells which ids the remote has used, in memory that does not grow.
///
/// The remote's ids need not arrive in order: rust-yamux numbers a stream when it is opened and announces it with its
/// first data, so a younger one may come first. Ids that lie less than `kReorder` streams behind the highest are
/// therefore remembered one by one; older ones count as used.
class StreamIds {
public:
    static constexpr std::size_t kReorder = 1024;

    /// `role` outbound: we dialled, we are the client.
    explicit StreamIds(Direction role) noexcept : next_(role == Direction::outbound ? 1 : 2) {}

    bool is_ours(StreamId id) const noexcept { return (id.value & 1U) == (next_ & 1U); }

    /// True when `id`, one of ours, has been handed out.
    bool was_taken(StreamId id) const noexcept { return id.value < next_; }

    /// The next id of ours; nothing when all are used up.
    std::optional<StreamId> take() noexcept;

    /// As if so many ids had been handed out already.
    void skip(std::uint32_t count) noexcept { next_ += std::uint64_t{2} * count; }

    /// Notes that the remote has opened `id`, which is one of its own. False when it had been used before.
    bool note_remote(StreamId id) noexcept;

private:
    std::uint64_t next_;            // more bits than an id: the last id has a successor
    std::uint64_t remote_end_ = 0;  // one more than the highest remote id's place in order, 0 when there is none
    std::bitset<kReorder> seen_;    // of the last kReorder places, by place modulo kReorder
};

}  // namespace libp2p::yamux
