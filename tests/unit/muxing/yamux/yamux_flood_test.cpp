// SPDX-License-Identifier: MIT OR Apache-2.0
#include "muxing/yamux/yamux_session.hpp"
#include "tests/support/heap.hpp"
#include "tests/unit/muxing/support/session_side.hpp"

#include <limits>

// A hostile remote: whatever it sends, memory stays flat and an honest stream beside it goes on.

namespace libp2p::yamux {
namespace {

using namespace std::chrono_literals;
using test::data;
using test::Frame;
using test::ping;
using test::Side;
using test::update;
using test::VirtualClock;

#ifdef LIBP2P_SUPPORT_ASAN
constexpr std::uint32_t kMillion = 100'000;  // ten times slower there
#else
constexpr std::uint32_t kMillion = 1'000'000;
#endif

class YamuxFlood : public testing::Test {
protected:
    YamuxFlood() {
        side.skip_first_ping();
        EXPECT_TRUE(side.receive(update(Flags::syn, 1, 0)));
        honest = side.session.accept(clock.now);
        side.advance(kAckDelay);
        (void)side.send();
        side.keeps_wakes = false;
        expect_honest_stream_works();  // and what is allocated for ever by that is there
        heap_before = support::heap_bytes();
    }

    /// A word there and back on the honest stream.
    void expect_honest_stream_works() {
        ASSERT_TRUE(side.receive(data(Flags::none, 1, "still there?")));
        EXPECT_EQ(as_text(side.read_all(*honest)), "still there?");
        side.write_small(*honest, "yes");
        auto frames = side.send_frames();
        EXPECT_TRUE(std::ranges::any_of(frames, [](const Frame& frame) {
            return frame.header.stream.value == 1 && as_text(frame.payload) == "yes";
        }));
    }

    void expect_flat() {
        most_heap = std::max(most_heap, support::heap_bytes());
        EXPECT_LT(most_heap, heap_before + 2 * kMiB);
        EXPECT_LT(side.session.memory().held(), 2 * kMiB);
    }

    VirtualClock clock;
    Side side{Direction::inbound, clock};
    StreamState* honest = nullptr;
    std::size_t heap_before = 0;
    std::size_t most_heap = 0;
};

TEST_F(YamuxFlood, AMillionStreamsThatAreOpenedAndResetLeaveNothing) {
    Bytes wire;
    for (std::uint32_t i = 1; i <= kMillion; ++i) {
        auto syn = test::to_bytes(data(Flags::syn, 1 + 2 * i, "hello"));
        auto rst = test::to_bytes(update(Flags::rst, 1 + 2 * i, 0));
        wire.insert(wire.end(), syn.begin(), syn.end());
        wire.insert(wire.end(), rst.begin(), rst.end());
        if (i % 1000 == 0) {
            ASSERT_TRUE(side.receive(wire));
            wire.clear();
        }
        if (i % (kMillion / 10) == 0) {
            (void)side.send();
            expect_honest_stream_works();
            expect_flat();
        }
    }
    EXPECT_EQ(side.session.record_count(), 1U);
}

TEST_F(YamuxFlood, AMillionStreamsThatAreAcceptedAndResetLeaveNothing) {
    for (std::uint32_t i = 1; i <= kMillion; ++i) {
        ASSERT_TRUE(side.receive(data(Flags::syn, 1 + 2 * i, "hello")));
        auto* stream = side.session.accept(clock.now);
        ASSERT_NE(stream, nullptr);
        side.write_small(*stream, "answer");
        ASSERT_TRUE(side.receive(update(Flags::rst, 1 + 2 * i, 0)));
        side.session.release(*stream, clock.now);
        if (i % (kMillion / 10) == 0) {
            expect_honest_stream_works();
            expect_flat();
        }
    }
    EXPECT_EQ(side.session.record_count(), 1U);
}

TEST_F(YamuxFlood, AMillionStreamsBeyondTheBacklogAreRefused) {
    std::size_t refused = 0;
    for (std::uint32_t i = 1; i <= kMillion; ++i) {
        ASSERT_TRUE(side.receive(data(Flags::syn, 1 + 2 * i, "hello")));
        if (i % 1000 == 0) {
            refused += side.send_frames().size();
        }
        if (i % (kMillion / 10) == 0) {
            expect_honest_stream_works();
            expect_flat();
        }
    }
    EXPECT_EQ(side.session.record_count(), 1U + Limits{}.accept_backlog);
    EXPECT_EQ(refused, kMillion - Limits{}.accept_backlog);
}

TEST_F(YamuxFlood, ARemoteThatReadsNothingCannotMakeUsOweMuch) {
    std::uint32_t taken = 0;
    for (std::uint32_t i = 1; i <= kMillion; ++i) {
        taken += side.receive(update(Flags::syn, 1 + 2 * i, 0), ping(Flags::syn, i)).has_value();
    }
    EXPECT_LE(taken, Limits{}.accept_backlog + kRefusals) << "what nobody would hear of is not taken";
    expect_flat();
    EXPECT_EQ(side.send_frames().size(), kRefusals + kPingAnswers);
    expect_honest_stream_works();
}

TEST_F(YamuxFlood, EveryoneWhoIsRefusedIsToldSo) {
    constexpr std::uint32_t kStreams = 10'000;
    Bytes wire;
    for (std::uint32_t i = 1; i <= kStreams; ++i) {
        const auto syn = test::to_bytes(update(Flags::syn, 1 + 2 * i, 0));
        wire.insert(wire.end(), syn.begin(), syn.end());
    }
    std::vector<std::uint32_t> told;
    ByteView rest = wire;
    while (!rest.empty()) {
        auto taken = side.session.receive(rest, clock.now);
        ASSERT_TRUE(taken);
        ASSERT_TRUE(*taken == rest.size() || side.session.is_held_up());
        rest = rest.subspan(*taken);
        const auto frames = side.send_frames();
        EXPECT_LE(frames.size(), kRefusals);
        EXPECT_FALSE(side.session.is_held_up());
        for (const auto& frame : frames) {
            EXPECT_EQ(frame.header.flags, Flags::rst);
            told.push_back(frame.header.stream.value);
        }
    }
    std::vector<std::uint32_t> expected;
    for (std::uint32_t i = Limits{}.accept_backlog + 1; i <= kStreams; ++i) {
        expected.push_back(1 + 2 * i);
    }
    EXPECT_EQ(told, expected);
    expect_honest_stream_works();
}

TEST_F(YamuxFlood, ARemoteThatTakesNoResetsIsCutOff) {
    std::uint32_t i = 1;
    result<void> got = ok();
    for (; got && i <= kMillion; ++i) {
        got = side.receive(update(Flags::syn, 1 + 2 * i, 0));
        if (auto* stream = side.session.accept(clock.now)) {
            side.session.release(*stream, clock.now);
        }
        if (!side.session.takes_streams()) {
            break;
        }
    }
    EXPECT_LE(i, kUnowned + 2);
    EXPECT_EQ(side.session.error(), Errc::limit_exceeded);
    EXPECT_EQ(side.send_frames(), std::vector<Frame>{test::go_away(0x1001)});
}

TEST_F(YamuxFlood, AMillionPingsAreAnsweredOrDropped) {
    for (std::uint32_t i = 0; i < kMillion; ++i) {
        ASSERT_TRUE(side.receive(ping(Flags::syn, i)));
    }
    EXPECT_EQ(side.send_frames().size(), kPingAnswers);
    expect_honest_stream_works();
    expect_flat();
}

TEST_F(YamuxFlood, WindowUpdatesAndEmptyDataCostNothing) {
    for (std::uint32_t i = 0; i < kMillion; ++i) {
        ASSERT_TRUE(side.receive(update(Flags::none, 1, 1), data(Flags::none, 1, "")));
    }
    expect_honest_stream_works();
    expect_flat();
}

TEST_F(YamuxFlood, AHalfClosedFloodIsBoundedByTheLingerLimit) {
    for (std::uint32_t i = 1; i <= 100'000; ++i) {
        ASSERT_TRUE(side.receive(data(Flags::syn, 1 + 2 * i, "request")));
        auto* stream = side.session.accept(clock.now);
        ASSERT_NE(stream, nullptr);
        side.write_small(*stream, "answer");
        ASSERT_TRUE(side.session.close_write(*stream));
        side.session.release(*stream, clock.now);
        if (i % 100 == 0) {
            (void)side.send();
            EXPECT_LE(side.session.record_count(), kLingering + 1);
        }
    }
    expect_honest_stream_works();
    expect_flat();
}

TEST_F(YamuxFlood, ManyStreamsOfManyIdsAreFoundFast) {
    // Ids far apart, as a remote would choose them that wants them all in one bucket.
    Limits limits;
    limits.accept_backlog = 10'000;
    Side server(Direction::inbound, clock, nullptr, limits);
    for (std::uint32_t i = 0; i < 10'000; ++i) {
        ASSERT_TRUE(server.receive(update(Flags::syn, 1 + i * 206'482, 0)));
    }
    EXPECT_EQ(server.session.record_count(), 10'000U);
}

TEST_F(YamuxFlood, APeerThatNeverReadsItsStreamHoldsUpOnlyThatStream) {
    Bytes large(10 * kInitialWindow);
    ByteView view(large);
    ASSERT_TRUE(side.receive(update(Flags::syn, 3, 0)));
    auto* stuck = side.session.accept(clock.now);
    ASSERT_FALSE(*side.session.write(*stuck, std::span(&view, 1)));
    (void)side.send();
    EXPECT_FALSE(side.session.wants_write());
    EXPECT_EQ(side.session.memory().held(), 0U) << "the writer's memory, not ours";
    expect_honest_stream_works();
    side.session.withdraw_write(*stuck);
}

}  // namespace
}  // namespace libp2p::yamux
