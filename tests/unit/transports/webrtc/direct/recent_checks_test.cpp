// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/direct/recent_checks.hpp"

#include <gtest/gtest.h>

namespace libp2p::webrtc {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::udp;

udp::endpoint endpoint(unsigned number) {
    const auto port = static_cast<std::uint16_t>(number % 60'000 + 1);
    return {boost::asio::ip::address_v4(0x0a000000 + number / 60'000), port};
}

TEST(RecentChecks, KnowsWhoCameForATimeAndNotForLong) {
    RecentChecks checks(10s);
    auto now = RecentChecks::Clock::time_point() + 1h;
    EXPECT_FALSE(checks.has(endpoint(1), now));
    checks.add(endpoint(1), now);
    EXPECT_TRUE(checks.has(endpoint(1), now));
    EXPECT_FALSE(checks.has(endpoint(2), now));
    EXPECT_TRUE(checks.has(endpoint(1), now + 10s));
    EXPECT_FALSE(checks.has(endpoint(1), now + 20s));
}

TEST(RecentCounts, GrowAreTakenOnceAndForgotten) {
    RecentCounts counts(15s);
    auto now = RecentCounts::Clock::time_point() + 1h;
    EXPECT_EQ(counts.take(endpoint(1), now), 0U);
    counts.add(endpoint(1), 400, now);
    counts.add(endpoint(1), 300, now + 5s);
    EXPECT_EQ(counts.get(endpoint(1), now + 6s), 700U);
    EXPECT_EQ(counts.take(endpoint(2), now), 0U);
    EXPECT_EQ(counts.take(endpoint(1), now + 6s), 700U);
    EXPECT_EQ(counts.take(endpoint(1), now + 6s), 0U);
    counts.add(endpoint(1), 400, now);
    EXPECT_EQ(counts.take(endpoint(1), now + 17s), 0U);
    for (int i = 0; i < 100; ++i) {
        counts.add(endpoint(3), 1000, now);
    }
    EXPECT_EQ(counts.take(endpoint(3), now), 65'535U);
}

/// A flood of others takes the place of few.
TEST(RecentCounts, SurviveAThousandOthers) {
    const auto now = RecentCounts::Clock::time_point() + 1h;
    unsigned kept = 0;
    for (unsigned round = 0; round < 100; ++round) {
        RecentCounts counts(15s);
        counts.add(endpoint(0), 400, now);
        for (unsigned i = 1; i <= 1000; ++i) {
            counts.add(endpoint(i), 400, now);
        }
        kept += counts.take(endpoint(0), now) == 400;
    }
    EXPECT_GT(kept, 80U);
}

}  // namespace
}  // namespace libp2p::webrtc
