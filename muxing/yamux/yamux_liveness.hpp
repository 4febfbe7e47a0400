// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "muxing/yamux/yamux_windows.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace libp2p::yamux {

/// When to ping, how long a round trip takes, and whether the remote is still there. At most one ping is out at a time.
class Liveness {
public:
    /// The first ping may wait this long for something that it can go out with.
    static constexpr std::chrono::milliseconds kFirstPing{20};

    /// Pings every `interval`; when that is zero only once, to learn the round trip. A remote that leaves a ping
    /// without an answer and sends nothing else for `patience` is dead.
    Liveness(Clock::duration interval, Clock::duration patience, Clock::time_point now) noexcept
        : interval_(interval), patience_(patience), next_(now + kFirstPing), last_heard_(now) {}

    /// A ping goes out with whatever is sent next.
    bool has_ping() const noexcept { return wanted_ && !sent_; }
    /// A ping has to go out now.
    bool is_urgent() const noexcept { return urgent_ && has_ping(); }

    /// The value of the ping that is sent now.
    std::uint32_t take_ping(Clock::time_point now) noexcept;

    void on_receive(Clock::time_point now) noexcept { last_heard_ = now; }
    void on_answer(std::uint32_t value, Clock::time_point now) noexcept;

    Clock::time_point deadline() const noexcept;

    /// False when the remote is dead.
    [[nodiscard]] bool on_time(Clock::time_point now) noexcept;

    /// Zero until the first answer.
    Clock::duration round_trip() const noexcept { return round_trip_; }

private:
    bool is_periodic() const noexcept { return interval_ > Clock::duration::zero(); }

    Clock::duration interval_;
    Clock::duration patience_;
    Clock::time_point next_;
    Clock::time_point last_heard_;
    std::optional<Clock::time_point> sent_;
    Clock::duration round_trip_{};
    std::uint32_t value_ = 0;
    bool wanted_ = true;
    bool urgent_ = false;
};

}  // namespace libp2p::yamux
