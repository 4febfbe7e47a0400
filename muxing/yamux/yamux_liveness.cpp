// SPDX-License-Identifier: MIT OR Apache-2.0
#include "muxing/yamux/yamux_liveness.hpp"

#include <algorithm>

namespace libp2p::yamux {

std::uint32_t Liveness::take_ping(Clock::time_point now) noexcept {
    wanted_ = false;
    urgent_ = false;
    sent_ = now;
    next_ = is_periodic() ? now + interval_ : Clock::time_point::max();
    return ++value_;
}

void Liveness::on_answer(std::uint32_t value, Clock::time_point now) noexcept {
    if (!sent_ || value != value_) {
        return;  // not asked for
    }
    // A clock too coarse to see the trip must not look as if there had been none.
    round_trip_ = std::max<Clock::duration>(now - *sent_, std::chrono::microseconds(1));
    sent_.reset();
}

Clock::time_point Liveness::deadline() const noexcept {
    if (is_urgent()) {
        return Clock::time_point::max();  // nothing to do before it is out
    }
    if (sent_) {
        return is_periodic() ? std::max(*sent_, last_heard_) + patience_ : Clock::time_point::max();
    }
    return next_;
}

bool Liveness::on_time(Clock::time_point now) noexcept {
    if (sent_) {
        return !is_periodic() || now - std::max(*sent_, last_heard_) < patience_;
    }
    if (now >= next_) {
        wanted_ = true;
        urgent_ = true;
    }
    return true;
}

}  // namespace libp2p::yamux
