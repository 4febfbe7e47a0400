// SPDX-License-Identifier: MIT OR Apache-2.0
#include "muxing/yamux/yamux_stream_ids.hpp"

#include <limits>

namespace libp2p::yamux {

std::optional<StreamId> StreamIds::take() noexcept {
    if (next_ > std::numeric_limits<std::uint32_t>::max()) {
        return std::nullopt;
    }
    StreamId id;
    id.value = static_cast<std::uint32_t>(next_);
    next_ += 2;
    return id;
}

bool StreamIds::note_remote(StreamId id) noexcept {
    std::uint64_t place = id.value / 2;
    if (place >= remote_end_) {
        if (place - remote_end_ >= kReorder) {
            seen_.reset();
        } else {
            for (auto skipped = remote_end_; skipped < place; ++skipped) {
                seen_.reset(skipped % kReorder);
            }
        }
        remote_end_ = place + 1;
    } else if (remote_end_ - place > kReorder || seen_.test(place % kReorder)) {
        return false;
    }
    seen_.set(place % kReorder);
    return true;
}

}  // namespace libp2p::yamux
