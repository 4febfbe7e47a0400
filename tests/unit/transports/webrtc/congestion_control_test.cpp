// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/congestion_control.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace libp2p::webrtc {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSegment = 1000;

/// A sender that fills its window once a round trip.
class CongestionControlTest : public testing::Test {
protected:
    std::uint32_t window() const { return control_.window() / kSegment; }

    void send(std::uint32_t count) {
        for (std::uint32_t i = 0; i < count; ++i) {
            control_.on_sent(next_++, kSegment, now_);
        }
    }
    void repeat(std::uint32_t count) {
        for (std::uint32_t i = 0; i < count; ++i) {
            control_.on_sent(acknowledged_ + 1 + i, kSegment, now_);
        }
    }
    void acknowledge(std::uint32_t tsn) {
        acknowledged_ = tsn;
        control_.on_acknowledged(tsn, now_);
    }

    void round(std::chrono::microseconds took = 50ms) {
        send(std::min(window(), 4000U));
        now_ += took;
        for (auto tsn = acknowledged_ + 1; tsn != next_; ++tsn) {
            acknowledge(tsn);
        }
    }
    /// A window behind a queue, of which some chunks are lost.
    void congest(std::uint32_t lost = 1) {
        const auto sent = window();
        send(sent);
        now_ += 80ms;
        acknowledge(acknowledged_ + sent / 2);
        for (std::uint32_t i = 0; i < lost; ++i) {
            repeat(1);
        }
    }
    void grow_to(std::uint32_t packets) {
        while (window() < packets) {
            round();
        }
    }

    CongestionControl::TimePoint now_{1h};
    CongestionControl control_{kSegment};
    std::uint32_t next_ = 100;
    std::uint32_t acknowledged_ = 99;
};

TEST_F(CongestionControlTest, BeginsWithTenPacketsAndDoublesThemEachRoundTrip) {
    EXPECT_EQ(window(), 10U);
    round();
    EXPECT_EQ(window(), 20U);
    round();
    EXPECT_EQ(window(), 40U);
}

TEST_F(CongestionControlTest, HasAnEnd) {
    for (int i = 0; i < 20; ++i) {
        round();
    }
    EXPECT_EQ(window(), 4096U);
}

TEST_F(CongestionControlTest, DoesNotGrowWhileNobodyFillsIt) {
    for (int i = 0; i < 20; ++i) {
        send(4);
        now_ += 50ms;
        acknowledge(next_ - 1);
    }
    EXPECT_EQ(window(), 10U);
}

TEST_F(CongestionControlTest, ALossWithoutAQueueIsTheLinks) {
    grow_to(100);
    const auto before = window();
    send(before);
    now_ += 52ms;
    repeat(1);
    EXPECT_EQ(window(), before);
}

TEST_F(CongestionControlTest, ALossBehindAQueueIsCongestion) {
    grow_to(100);
    const auto before = window();
    congest();
    EXPECT_NEAR(window(), 0.7 * before, 2);
}

TEST_F(CongestionControlTest, ManyLossesAreCongestionWithAnyRoundTrip) {
    grow_to(100);
    const auto before = window();
    send(before);
    now_ += 50ms;
    repeat(12);
    EXPECT_EQ(window(), before);
    repeat(13);
    EXPECT_NEAR(window(), 0.7 * before, 2);
}

TEST_F(CongestionControlTest, ADozenLossesInEachRoundTripOfALargeWindowAreTheLinks) {
    grow_to(2000);
    const auto before = window();
    for (int i = 0; i < 5; ++i) {
        send(window());
        now_ += 50ms;
        repeat(12);
        acknowledge(next_ - 1);
        EXPECT_GE(window(), before);
    }
}

TEST_F(CongestionControlTest, ALossRateOfTwoPercentIsCongestion) {
    for (const auto rounds_for_a_loss : {1, 4}) {
        control_ = CongestionControl(kSegment);
        grow_to(40);
        congest();
        acknowledge(next_ - 1);
        auto least = window();
        int cuts = 0;
        for (int i = 0; i < 40; ++i) {
            send(window());
            now_ += 50ms;
            repeat(i >= 4 && i % rounds_for_a_loss == 0 ? 1 : 0);
            cuts += window() < least ? 1 : 0;
            least = window();
            acknowledge(next_ - 1);
        }
        EXPECT_EQ(cuts > 0, rounds_for_a_loss == 1) << "one packet of thirty, or of hundred and twenty";
    }
}

TEST_F(CongestionControlTest, CongestionCountsOnceARoundTrip) {
    grow_to(100);
    const auto before = window();
    congest(50);
    EXPECT_NEAR(window(), 0.7 * before, 2);
    acknowledge(next_ - 1);
    congest();
    EXPECT_NEAR(window(), 0.49 * before, 3);
}

TEST_F(CongestionControlTest, IsBackWhenTheCubicFunctionSaysSo) {
    grow_to(1000);
    const auto before = window();
    congest();
    const auto began = now_;
    acknowledge(next_ - 1);
    while (window() < before * 99 / 100 && now_ < began + 60s) {
        round();
    }
    const auto expected = std::cbrt(0.3 * before / 0.4);
    EXPECT_NEAR(std::chrono::duration<double>(now_ - began).count(), expected, expected * 0.4);
    round();
    EXPECT_LT(window(), before * 11 / 10) << "it stays there for a while";
}

TEST_F(CongestionControlTest, ATimeoutBeginsAgainWithTenPackets) {
    grow_to(100);
    const auto before = window();
    send(before);
    now_ += 400ms;
    repeat(1);
    EXPECT_EQ(window(), 10U);
    now_ += 50ms;
    acknowledge(next_ - 1);
    round();
    EXPECT_GT(window(), 18U) << "slow start, up to what is left of the window before";
    grow_to(before / 2);
    EXPECT_LT(window(), 0.75 * before);
    for (int i = 0; i < 20; ++i) {
        round();
    }
    EXPECT_LT(window(), before) << "and from there as after any congestion";
}

TEST_F(CongestionControlTest, TheLastPacketCanBeRepeated) {
    send(1);
    (void)control_.take_refresh();
    now_ += 2s;
    repeat(1);
    EXPECT_TRUE(control_.take_refresh());
    EXPECT_EQ(control_.flight(), 1.0 * kSegment);
}

TEST_F(CongestionControlTest, APauseHalvesItWithEachTimeout) {
    grow_to(160);
    ASSERT_EQ(window(), 160U);
    now_ += 240ms;
    send(1);
    EXPECT_EQ(window(), 160U);
    acknowledge(next_ - 1);
    now_ += 510ms;
    send(1);
    EXPECT_EQ(window(), 40U);
    acknowledge(next_ - 1);
    now_ += 1h;
    send(1);
    EXPECT_EQ(window(), 10U);
    acknowledge(next_ - 1);
    round();
    EXPECT_GE(window(), 20U) << "slow start again";
}

TEST_F(CongestionControlTest, APauseIsNoTimeToGrowIn) {
    grow_to(160);
    congest();
    acknowledge(next_ - 1);
    const auto before = window();
    now_ += 1h;
    for (int i = 0; i < 8; ++i) {
        round();
    }
    EXPECT_GE(window(), before * 3 / 4);
    EXPECT_LE(window(), before * 5 / 4);
}

TEST_F(CongestionControlTest, WhatIsRepeatedWhileOthersArriveIsNoTimeout) {
    grow_to(100);
    const auto before = window();
    send(before);
    for (int i = 0; i < 8; ++i) {
        now_ += 50ms;
        acknowledge(acknowledged_ + 1);
    }
    repeat(1);
    EXPECT_GE(window(), before * 7 / 10 - 1);
}

TEST_F(CongestionControlTest, SlowStartEndsWhenTheRoundTripGrows) {
    auto took = 50ms;
    for (int i = 0; i < 10; ++i) {
        round(took);
        took += i > 2 ? 10ms : 0ms;
    }
    const auto before = window();
    EXPECT_LT(before, 2000U);
    round(took);
    EXPECT_LT(window(), before * 5 / 4) << "no longer in slow start";
}

TEST_F(CongestionControlTest, AJitterDoesNotEndSlowStart) {
    for (int i = 0; i < 9; ++i) {
        round(50ms + i % 3 * 1ms);
    }
    EXPECT_EQ(window(), 4096U);
}

TEST_F(CongestionControlTest, WhatWasNotSentCannotBeAcknowledged) {
    control_.on_acknowledged(5, now_);
    send(10);
    control_.on_acknowledged(next_, now_);
    control_.on_acknowledged(next_ + 1'000'000, now_);
    control_.on_acknowledged(acknowledged_ - 1, now_);
    EXPECT_EQ(window(), 10U);
    EXPECT_EQ(control_.flight(), 10.0 * kSegment);
}

TEST_F(CongestionControlTest, NumbersWrapAround) {
    next_ = std::numeric_limits<std::uint32_t>::max() - 5;
    acknowledged_ = next_ - 1;
    round();
    round();
    EXPECT_EQ(window(), 40U);
    EXPECT_EQ(control_.flight(), 0);
}

TEST_F(CongestionControlTest, SomethingIsAlwaysLeft) {
    round();
    for (int i = 0; i < 100; ++i) {
        send(2);
        now_ += 1s;
        repeat(2);
        acknowledge(next_ - 1);
    }
    EXPECT_EQ(window(), 2U);
}

TEST_F(CongestionControlTest, TellsWhenTheStackMayHaveCutItsWindow) {
    (void)control_.take_refresh();
    send(10);
    EXPECT_FALSE(control_.take_refresh());
    repeat(1);
    EXPECT_TRUE(control_.take_refresh());
    EXPECT_FALSE(control_.take_refresh());
}

}  // namespace
}  // namespace libp2p::webrtc
