// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace libp2p::tools {

/// One line on a terminal that shows how far a transfer is. Appears only when that takes longer than a moment, and
/// removes itself when destroyed.
class ProgressBar {
public:
    using Clock = std::chrono::steady_clock;

    /// A bar that is not `shown` does nothing.
    ProgressBar(bool shown, std::uint64_t total) noexcept
        : shown_(shown && total > 0), total_(total), start_(Clock::now()), next_(start_ + kPatience) {}
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;
    ~ProgressBar();

    /// `done` octets of the total are moved.
    void update(std::uint64_t done);

private:
    static constexpr std::chrono::milliseconds kPatience{500};
    static constexpr std::chrono::milliseconds kRedraw{100};

    bool shown_;
    bool drawn_ = false;
    std::uint64_t total_;
    Clock::time_point start_;
    Clock::time_point next_;
};

/// The bar itself, without moving the cursor: "[=====>    ]  50 %  32.0 MiB of 64.0 MiB  812.5 MB/s  0:03 left".
std::string draw_progress(std::uint64_t done, std::uint64_t total, std::chrono::nanoseconds elapsed);

}  // namespace libp2p::tools
