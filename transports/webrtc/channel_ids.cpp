// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/channel_ids.hpp"

namespace libp2p::webrtc {

std::optional<std::uint16_t> ChannelIds::take() {
    if (fresh_ < limit_) {
        auto id = static_cast<std::uint16_t>(fresh_);
        fresh_ += 2;
        return id;
    }
    if (rested_.empty()) {
        return std::nullopt;
    }
    auto id = rested_.front();
    rested_.pop_front();
    return id;
}

}  // namespace libp2p::webrtc
