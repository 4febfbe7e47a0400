// SPDX-License-Identifier: MIT OR Apache-2.0
#include "muxing/yamux/yamux_flight.hpp"
#include "muxing/yamux/yamux_liveness.hpp"
#include "muxing/yamux/yamux_stream_ids.hpp"
#include "muxing/yamux/yamux_windows.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>

namespace libp2p::yamux {
namespace {

using namespace std::chrono_literals;

constexpr auto kMax = std::numeric_limits<std::uint32_t>::max();

StreamId id_of(std::uint32_t value) {
    StreamId id;
    id.value = value;
    return id;
}

// --- ids

TEST(YamuxStreamIds, TheClientCountsOddIdsFromOne) {
    StreamIds ids(Direction::outbound);
    EXPECT_EQ(ids.take(), id_of(1));
    EXPECT_EQ(ids.take(), id_of(3));
    EXPECT_TRUE(ids.is_ours(id_of(7)));
    EXPECT_FALSE(ids.is_ours(id_of(8)));
    EXPECT_TRUE(ids.was_taken(id_of(3)));
    EXPECT_FALSE(ids.was_taken(id_of(5)));
}

TEST(YamuxStreamIds, TheServerCountsEvenIdsFromTwo) {
    StreamIds ids(Direction::inbound);
    EXPECT_EQ(ids.take(), id_of(2));
    EXPECT_EQ(ids.take(), id_of(4));
    EXPECT_TRUE(ids.is_ours(id_of(8)));
    EXPECT_FALSE(ids.is_ours(id_of(7)));
}

TEST(YamuxStreamIds, AnIdIsTakenFromTheRemoteOnce) {
    StreamIds ids(Direction::outbound);
    EXPECT_TRUE(ids.note_remote(id_of(2)));
    EXPECT_FALSE(ids.note_remote(id_of(2)));
    EXPECT_TRUE(ids.note_remote(id_of(4)));
    EXPECT_FALSE(ids.note_remote(id_of(2)));
}

TEST(YamuxStreamIds, ALateIdIsTakenOnceWithinTheWindow) {
    StreamIds ids(Direction::outbound);
    EXPECT_TRUE(ids.note_remote(id_of(2 * StreamIds::kReorder)));
    EXPECT_TRUE(ids.note_remote(id_of(2)));
    EXPECT_FALSE(ids.note_remote(id_of(2)));
    EXPECT_TRUE(ids.note_remote(id_of(2 * StreamIds::kReorder + 2)));
    EXPECT_FALSE(ids.note_remote(id_of(2))) << "now beyond the window";
    EXPECT_TRUE(ids.note_remote(id_of(4)));
}

TEST(YamuxStreamIds, AJumpForgetsNothingThatItCovers) {
    for (std::uint32_t jump : {1U, 2U, 1023U, 1024U, 1025U, 100'000U}) {
        StreamIds ids(Direction::inbound);
        EXPECT_TRUE(ids.note_remote(id_of(1)));
        EXPECT_TRUE(ids.note_remote(id_of(1 + 2 * jump)));
        EXPECT_FALSE(ids.note_remote(id_of(1))) << jump;
        EXPECT_FALSE(ids.note_remote(id_of(1 + 2 * jump))) << jump;
        if (jump > 1) {
            EXPECT_TRUE(ids.note_remote(id_of(1 + 2 * jump - 2))) << jump;
        }
    }
}

TEST(YamuxStreamIds, TheHighestIdIsUsableOnce) {
    StreamIds ids(Direction::inbound);
    EXPECT_TRUE(ids.note_remote(id_of(kMax)));
    EXPECT_FALSE(ids.note_remote(id_of(kMax)));
    EXPECT_TRUE(ids.note_remote(id_of(kMax - 2)));
}

// --- windows

TEST(YamuxWindows, CreditAddsUpToTheLargestNumber) {
    SendWindow window;
    EXPECT_TRUE(window.add(0));
    EXPECT_TRUE(window.add(kMax - kInitialWindow));
    EXPECT_EQ(window.credit(), kMax);
    EXPECT_TRUE(window.add(0));
    EXPECT_FALSE(window.add(1));
    EXPECT_FALSE(window.add(kMax));
    window.take(kMax);
    EXPECT_TRUE(window.add(kMax));
}

TEST(YamuxWindows, ReceivesWhatItGrantedAndNoMore) {
    ReceiveWindow window(Clock::time_point{});
    EXPECT_FALSE(window.receive(kInitialWindow + 1));
    EXPECT_TRUE(window.receive(kInitialWindow - 1));
    EXPECT_TRUE(window.receive(1));
    EXPECT_TRUE(window.receive(0));
    EXPECT_FALSE(window.receive(1));
    EXPECT_FALSE(window.receive(kMax));
}

TEST(YamuxWindows, AnUpdateIsDueOnceHalfIsRead) {
    ReceiveWindow window(Clock::time_point{});
    ASSERT_TRUE(window.receive(kInitialWindow));
    window.consume(kInitialWindow / 2 - 1);
    EXPECT_FALSE(window.update_due());
    window.consume(1);
    EXPECT_TRUE(window.update_due());
    EXPECT_EQ(window.take_update(Clock::time_point{}), kInitialWindow / 2);
    EXPECT_FALSE(window.update_due());
    EXPECT_EQ(window.credit(), kInitialWindow / 2);
}

TEST(YamuxWindows, GrowthNeedsAMeasuredRoundTripAndAFastReader) {
    Clock::time_point start{};
    ReceiveWindow window(start);
    EXPECT_EQ(window.wanted_growth(start, 0ms, kMax), 0U) << "nothing measured";
    EXPECT_EQ(window.wanted_growth(start + 39ms, 10ms, kMax), kInitialWindow);
    EXPECT_EQ(window.wanted_growth(start + 40ms, 10ms, kMax), 0U) << "too slow";
    EXPECT_EQ(window.wanted_growth(start, 10ms, kInitialWindow), 0U) << "at its limit";
    EXPECT_EQ(window.wanted_growth(start, 10ms, kInitialWindow + 5), 5U);
}

// --- memory

TEST(YamuxLiveness, MeasuresTheRoundTripOfItsFirstPing) {
    Clock::time_point now{};
    Liveness liveness(30s, 20s, now);
    EXPECT_TRUE(liveness.has_ping());
    EXPECT_FALSE(liveness.is_urgent());
    auto value = liveness.take_ping(now);
    EXPECT_FALSE(liveness.has_ping());
    liveness.on_answer(value + 1, now + 3ms);
    EXPECT_EQ(liveness.round_trip(), 0ms) << "an answer to something else";
    liveness.on_answer(value, now + 5ms);
    EXPECT_EQ(liveness.round_trip(), 5ms);
    liveness.on_answer(value, now + 9ms);
    EXPECT_EQ(liveness.round_trip(), 5ms) << "answered twice";
}

TEST(YamuxLiveness, TheFirstPingWaitsForCompanyButNotForLong) {
    Clock::time_point now{};
    Liveness liveness(30s, 20s, now);
    EXPECT_EQ(liveness.deadline(), now + Liveness::kFirstPing);
    EXPECT_TRUE(liveness.on_time(now + Liveness::kFirstPing));
    EXPECT_TRUE(liveness.is_urgent());
}

TEST(YamuxLiveness, PingsAgainAfterTheInterval) {
    Clock::time_point now{};
    Liveness liveness(30s, 20s, now);
    liveness.on_answer(liveness.take_ping(now), now + 1ms);
    EXPECT_EQ(liveness.deadline(), now + 30s);
    EXPECT_TRUE(liveness.on_time(now + 29s));
    EXPECT_FALSE(liveness.has_ping());
    EXPECT_TRUE(liveness.on_time(now + 30s));
    EXPECT_TRUE(liveness.is_urgent());
}

TEST(YamuxLiveness, ARemoteThatDoesNotAnswerIsDead) {
    Clock::time_point now{};
    Liveness liveness(30s, 20s, now);
    (void)liveness.take_ping(now);
    EXPECT_TRUE(liveness.on_time(now + 19s));
    EXPECT_EQ(liveness.deadline(), now + 20s);
    EXPECT_FALSE(liveness.on_time(now + 20s));
}

TEST(YamuxLiveness, ARemoteThatSendsOtherThingsLives) {
    Clock::time_point now{};
    Liveness liveness(30s, 20s, now);
    (void)liveness.take_ping(now);
    liveness.on_receive(now + 15s);
    EXPECT_TRUE(liveness.on_time(now + 20s));
    EXPECT_FALSE(liveness.on_time(now + 35s));
}

TEST(YamuxLiveness, WithoutAnIntervalItPingsOnceAndNobodyDies) {
    Clock::time_point now{};
    Liveness liveness(0s, 20s, now);
    auto value = liveness.take_ping(now);
    EXPECT_TRUE(liveness.on_time(now + 1h));
    liveness.on_answer(value, now + 1h);
    EXPECT_TRUE(liveness.on_time(now + 2h));
    EXPECT_FALSE(liveness.has_ping());
    EXPECT_EQ(liveness.deadline(), Clock::time_point::max());
}

// --- flight

TEST(YamuxFlight, HeadersAndCopiesThatLieTogetherAreOneBuffer) {
    Flight flight;
    Bytes small(100, 7);
    Bytes large(10'000, 8);
    StreamState stream(id_of(1), Direction::outbound, Clock::time_point{});
    flight.put(FrameHeader{});
    flight.copy(small);
    flight.put(FrameHeader{});
    flight.lend(large, stream);
    flight.put(FrameHeader{});
    ASSERT_EQ(flight.buffers().size(), 3U);
    EXPECT_EQ(flight.buffers()[0].size(), 2 * kHeaderSize + 100);
    EXPECT_EQ(flight.buffers()[1].data(), large.data()) << "borrowed, not copied";
    EXPECT_EQ(flight.octets(), 3 * kHeaderSize + 10'100);
    EXPECT_EQ(stream.writer.in_flight, 10'000U);
    ASSERT_EQ(flight.lenders().size(), 1U);
    flight.clear();
    EXPECT_TRUE(flight.empty());
}

TEST(YamuxFlight, ItsMemoryIsBounded) {
    Flight flight;
    std::size_t frames = 0;
    while (flight.has_room(kHeaderSize)) {
        flight.put(FrameHeader{});
        ++frames;
    }
    EXPECT_GT(frames, 2000U);
    EXPECT_LE(flight.octets(), 64U * 1024);
    EXPECT_LE(flight.buffers().size(), 2U);
    flight.clear();
    flight.shrink();
    flight.put(FrameHeader{});
    EXPECT_EQ(flight.octets(), kHeaderSize);
}

}  // namespace
}  // namespace libp2p::yamux
