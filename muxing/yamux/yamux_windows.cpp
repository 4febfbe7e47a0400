// SPDX-License-Identifier: MIT OR Apache-2.0
#include "muxing/yamux/yamux_windows.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace libp2p::yamux {

bool SendWindow::add(std::uint32_t octets) noexcept {
    if (octets > std::numeric_limits<std::uint32_t>::max() - credit_) {
        return false;
    }
    credit_ += octets;
    return true;
}

bool ReceiveWindow::receive(std::uint32_t octets) noexcept {
    if (octets > credit_) {
        return false;
    }
    credit_ -= octets;
    return true;
}

std::uint32_t ReceiveWindow::wanted_growth(Clock::time_point now, Clock::duration round_trip, std::uint32_t limit)
    const noexcept {
    if (round_trip <= Clock::duration::zero() || now - last_update_ >= 4 * round_trip || limit <= size_) {
        return 0;
    }
    return std::min(size_, limit - size_);
}

void ReceiveWindow::grow(std::uint32_t octets) noexcept {
    size_ += octets;
    consumed_ += octets;
}

std::uint32_t ReceiveWindow::take_update(Clock::time_point now) noexcept {
    last_update_ = now;
    credit_ += consumed_;
    return std::exchange(consumed_, 0);
}

}  // namespace libp2p::yamux
