// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/statistics.hpp"

#include <algorithm>
#include <cmath>

namespace libp2p::tools {

std::chrono::nanoseconds Durations::quantile(double share) const {
    if (times_.empty()) {
        return {};
    }
    auto sorted = times_;
    const auto rank = std::ceil(share * static_cast<double>(sorted.size()));
    const auto index = rank < 1 ? 0 : std::min(static_cast<std::size_t>(rank), sorted.size()) - 1;
    const auto nth = sorted.begin() + static_cast<std::ptrdiff_t>(index);
    std::nth_element(sorted.begin(), nth, sorted.end());
    return *nth;
}

double jain_index(std::span<const double> shares) noexcept {
    double sum = 0;
    double squares = 0;
    for (auto share : shares) {
        sum += share;
        squares += share * share;
    }
    return squares > 0 ? sum * sum / (static_cast<double>(shares.size()) * squares) : 1;
}

}  // namespace libp2p::tools
