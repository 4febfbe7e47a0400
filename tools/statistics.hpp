// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <vector>

namespace libp2p::tools {

/// Times of equal things. Room for all of them is made at the start.
class Durations {
public:
    explicit Durations(std::size_t expected) { times_.reserve(expected); }

    void add(std::chrono::nanoseconds time) { times_.push_back(time); }

    std::size_t count() const noexcept { return times_.size(); }

    /// The smallest time that at least `share` (0 to 1) of all are not above; zero when there are none.
    std::chrono::nanoseconds quantile(double share) const;

    std::chrono::nanoseconds min() const { return quantile(0); }
    std::chrono::nanoseconds median() const { return quantile(0.5); }
    std::chrono::nanoseconds max() const { return quantile(1); }

private:
    std::vector<std::chrono::nanoseconds> times_;
};

/// Jain's index of how equal `shares` are: 1 when all are, 1/n when one has everything.
double jain_index(std::span<const double> shares) noexcept;

}  // namespace libp2p::tools
