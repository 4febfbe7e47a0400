// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/statistics.hpp"

#include <gtest/gtest.h>

#include <array>

namespace libp2p::tools {
namespace {

using namespace std::chrono_literals;

TEST(Durations, HaveNoQuantilesWhileThereAreNone) {
    const Durations none(0);
    EXPECT_EQ(none.count(), 0U);
    EXPECT_EQ(none.min(), 0ns);
    EXPECT_EQ(none.median(), 0ns);
    EXPECT_EQ(none.max(), 0ns);
}

TEST(Durations, FindTheirQuantiles) {
    Durations times(100);
    for (int i = 100; i >= 1; --i) {
        times.add(std::chrono::nanoseconds(i));
    }
    EXPECT_EQ(times.count(), 100U);
    EXPECT_EQ(times.min(), 1ns);
    EXPECT_EQ(times.median(), 50ns);
    EXPECT_EQ(times.quantile(0.99), 99ns);
    EXPECT_EQ(times.max(), 100ns);
}

TEST(Durations, OfOneAreAllTheSame) {
    Durations times(1);
    times.add(7ns);
    EXPECT_EQ(times.min(), 7ns);
    EXPECT_EQ(times.median(), 7ns);
    EXPECT_EQ(times.quantile(0.99), 7ns);
}

TEST(JainIndex, IsOneWhenAllHaveTheSame) {
    EXPECT_DOUBLE_EQ(jain_index(std::array{3.0, 3.0, 3.0}), 1.0);
    EXPECT_DOUBLE_EQ(jain_index(std::array{1.0, 0.0, 0.0, 0.0}), 0.25);
    EXPECT_DOUBLE_EQ(jain_index({}), 1.0);
}

}  // namespace
}  // namespace libp2p::tools
