// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace libp2p::yamux {

using Clock = std::chrono::steady_clock;

/// Both directions of every stream start with this much.
inline constexpr std::uint32_t kInitialWindow = 256 * 1024;

/// How many octets the remote lets us send.
class SendWindow {
public:
    std::uint32_t credit() const noexcept { return credit_; }

    /// False when the sum does not fit 32 bits, which the remote must not let happen.
    [[nodiscard]] bool add(std::uint32_t octets) noexcept;
    void take(std::uint32_t octets) noexcept { credit_ -= octets; }

private:
    std::uint32_t credit_ = kInitialWindow;
};

/// How many octets the remote may send, how many of those were read here, and when to tell it so.
///
/// credit + held in buffers + consumed = size, at all times.
class ReceiveWindow {
public:
    explicit ReceiveWindow(Clock::time_point now) noexcept : last_update_(now) {}

    std::uint32_t size() const noexcept { return size_; }
    std::uint32_t credit() const noexcept { return credit_; }

    /// Octets have been announced by a data frame. False when they are more than the credit.
    [[nodiscard]] bool receive(std::uint32_t octets) noexcept;

    /// Octets have been read.
    void consume(std::size_t octets) noexcept { consumed_ += static_cast<std::uint32_t>(octets); }

    /// An update is worth a frame: half of the window has been read.
    bool update_due() const noexcept { return consumed_ >= size_ / 2; }

    /// How much the window should grow by with the update that is due: it doubles, up to `limit`, when its half was
    /// read within four round trips. Nothing before a round trip was measured.
    std::uint32_t wanted_growth(Clock::time_point now, Clock::duration round_trip, std::uint32_t limit) const noexcept;

    void grow(std::uint32_t octets) noexcept;

    /// What has not been granted back yet; counts as granted from now on.
    std::uint32_t take_update(Clock::time_point now) noexcept;

private:
    std::uint32_t size_ = kInitialWindow;
    std::uint32_t credit_ = kInitialWindow;
    std::uint32_t consumed_ = 0;
    Clock::time_point last_update_;
};

}  // namespace libp2p::yamux
