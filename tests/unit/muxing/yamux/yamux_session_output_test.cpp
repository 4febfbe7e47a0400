// SPDX-License-Identifier: MIT OR Apache-2.0
#include "muxing/yamux/yamux_session.hpp"
#include "tests/unit/muxing/support/session_side.hpp"

#include <limits>
#include <map>
#include <numeric>

// What goes out: order, sizes, fairness, windows, and what it all may cost.

namespace libp2p::yamux {
namespace {

using namespace std::chrono_literals;
using test::data;
using test::Frame;
using test::go_away;
using test::ping;
using test::Side;
using test::stream_id;
using test::update;
using test::VirtualClock;

constexpr auto kMax = std::numeric_limits<std::uint32_t>::max();

class YamuxSessionOutput : public testing::Test {
protected:
    YamuxSessionOutput() { side.skip_first_ping(); }

    StreamState& outbound(std::uint32_t more_credit = 0) {
        auto& stream = side.open();
        (void)side.send();
        side.advance(1ms);
        EXPECT_TRUE(side.receive(update(Flags::ack, stream.id.value, more_credit)));
        return stream;
    }

    StreamState& inbound(std::uint32_t id, Side& at) {
        EXPECT_TRUE(at.receive(update(Flags::syn, id, 0)));
        auto* stream = at.session.accept(clock.now);
        EXPECT_NE(stream, nullptr);
        at.advance(kAckDelay);
        (void)at.send();
        return *stream;
    }

    /// Writes without waiting; `bytes` must live until all is sent.
    bool write(StreamState& stream, const Bytes& bytes) {
        views_.push_back(std::make_unique<ByteView>(bytes));
        auto done = side.session.write(stream, std::span(views_.back().get(), 1));
        EXPECT_TRUE(done);
        return done && *done;
    }

    static std::vector<std::uint32_t> lengths(const std::vector<Frame>& frames) {
        std::vector<std::uint32_t> all;
        for (const auto& frame : frames) {
            all.push_back(frame.header.length);
        }
        return all;
    }

    VirtualClock clock;
    Side side{Direction::outbound, clock};

private:
    std::vector<std::unique_ptr<ByteView>> views_;
};

TEST_F(YamuxSessionOutput, NoFrameIsLargerThanOneNoiseMessage) {
    auto& stream = outbound();
    Bytes large(kInitialWindow);
    EXPECT_FALSE(write(stream, large));
    for (const auto& frame : side.send_frames()) {
        EXPECT_LE(frame.header.length + kHeaderSize, 65'519U);
    }
    EXPECT_TRUE(side.session.is_write_done(stream));
}

TEST_F(YamuxSessionOutput, LargeWritesAreSplitEvenly) {
    struct Case {
        std::size_t size;
        std::vector<std::uint32_t> frames;
    };
    const Case cases[] = {
        {0, {}},
        {1, {1}},
        {kSmallWrite, {static_cast<std::uint32_t>(kSmallWrite)}},
        {kSmallWrite + 1, {static_cast<std::uint32_t>(kSmallWrite + 1)}},
        {kMaxPayload - 1, {kMaxPayload - 1}},
        {kMaxPayload, {kMaxPayload}},
        {kMaxPayload + 1, {32'754, 32'754}},
        {65'536, {32'768, 32'768}},
        {2 * kMaxPayload + 1, {43'672, 43'672, 43'671}},
    };
    for (const auto& expected : cases) {
        auto& stream = outbound();
        Bytes bytes(expected.size);
        (void)write(stream, bytes);
        EXPECT_EQ(lengths(side.send_frames()), expected.frames) << expected.size;
    }
}

TEST_F(YamuxSessionOutput, NothingIsSentBeyondTheCredit) {
    auto& stream = outbound();
    Bytes large(kInitialWindow + 10, 1);
    EXPECT_FALSE(write(stream, large));
    auto sent = lengths(side.send_frames());
    EXPECT_EQ(std::accumulate(sent.begin(), sent.end(), 0U), kInitialWindow);
    EXPECT_FALSE(side.session.wants_write());
    EXPECT_FALSE(side.session.is_write_done(stream));
    ASSERT_TRUE(side.receive(update(Flags::none, 1, 1)));
    EXPECT_EQ(lengths(side.send_frames()), std::vector<std::uint32_t>{1});
    ASSERT_TRUE(side.receive(update(Flags::none, 1, kMax)));
    EXPECT_EQ(lengths(side.send_frames()), std::vector<std::uint32_t>{9});
    EXPECT_TRUE(side.session.is_write_done(stream));
}

TEST_F(YamuxSessionOutput, LargePayloadIsNotCopied) {
    auto& stream = outbound();
    Bytes large(50'000, 1);
    EXPECT_FALSE(write(stream, large));
    side.session.fill(side.flight, clock.now);
    ASSERT_EQ(side.flight.buffers().size(), 2U);
    EXPECT_EQ(side.flight.buffers()[1].data(), large.data());
    EXPECT_FALSE(side.session.is_write_done(stream)) << "its memory is in use";
    side.session.landed(side.flight);
    EXPECT_TRUE(side.session.is_write_done(stream));
}

TEST_F(YamuxSessionOutput, SmallWritesAreCopiedAndGoOutTogether) {
    auto& stream = outbound();
    for (int i = 0; i < 10; ++i) {
        Bytes small(100, static_cast<std::uint8_t>(i));
        EXPECT_TRUE(write(stream, small)) << "its memory is free at once";
    }
    EXPECT_EQ(lengths(side.send_frames()), std::vector<std::uint32_t>{1000});
    EXPECT_EQ(side.session.memory().held(), 0U) << "drained buffers are freed";
}

TEST_F(YamuxSessionOutput, SmallWritesBeyondTheBufferWait) {
    auto& stream = outbound();
    Bytes small(1000);
    int taken = 0;
    while (write(stream, small)) {
        ++taken;
    }
    EXPECT_EQ(taken, static_cast<int>(kSendBuffer / 1000));
    EXPECT_LE(side.session.memory().held(), 2 * kSendBuffer);
    auto sent = lengths(side.send_frames());
    EXPECT_EQ(std::accumulate(sent.begin(), sent.end(), 0U), (kSendBuffer / 1000 + 1) * 1000);
    EXPECT_TRUE(side.session.is_write_done(stream));
}

TEST_F(YamuxSessionOutput, AWriteOfManyBuffersKeepsTheirOrder) {
    auto& stream = outbound();
    Bytes a(10'000, 'a');
    Bytes b(3, 'b');
    Bytes none;
    Bytes c(60'000, 'c');
    std::array<ByteView, 5> views{a, none, b, c, b};
    EXPECT_FALSE(*side.session.write(stream, views));
    Bytes expected;
    for (auto view : views) {
        expected.insert(expected.end(), view.begin(), view.end());
    }
    Bytes sent;
    for (const auto& frame : side.send_frames()) {
        sent.insert(sent.end(), frame.payload.begin(), frame.payload.end());
    }
    EXPECT_EQ(sent, expected);
}

TEST_F(YamuxSessionOutput, ControlFramesOvertakeData) {
    auto& bulk = outbound();
    auto& other = outbound();
    Bytes large(200'000);
    EXPECT_FALSE(write(bulk, large));
    side.session.reset(other, StreamErrorCode::none);
    (void)side.open();
    ASSERT_TRUE(side.receive(ping(Flags::syn, 9)));
    auto frames = side.send_frames();
    ASSERT_GE(frames.size(), 4U);
    EXPECT_EQ(frames[0], ping(Flags::ack, 9));
    EXPECT_EQ(frames[1], update(Flags::rst, 3, 0));
    EXPECT_EQ(frames[2], update(Flags::syn, 5, 0));
    EXPECT_EQ(frames[3].header.type, FrameType::data);
}

TEST_F(YamuxSessionOutput, StreamsWithDataTakeTurns) {
    constexpr std::size_t kStreams = 64;
    std::vector<StreamState*> streams;
    std::vector<Bytes> payloads;
    for (std::size_t i = 0; i < kStreams; ++i) {
        streams.push_back(&outbound());
        payloads.emplace_back(200'000);
    }
    for (std::size_t i = 0; i < kStreams; ++i) {
        EXPECT_FALSE(write(*streams[i], payloads[i]));
    }
    std::map<std::uint32_t, std::uint64_t> sent;
    std::uint64_t total = 0;
    while (total < kStreams * 100'000) {
        for (const auto& frame : test::to_frames(side.send_once())) {
            sent[frame.header.stream.value] += frame.header.length;
            total += frame.header.length;
        }
    }
    double sum = 0;
    double squares = 0;
    for (const auto& [id, octets] : sent) {
        sum += static_cast<double>(octets);
        squares += static_cast<double>(octets) * static_cast<double>(octets);
    }
    EXPECT_EQ(sent.size(), kStreams);
    EXPECT_GE(sum * sum / (static_cast<double>(kStreams) * squares), 0.95) << "Jain's index";
}

TEST_F(YamuxSessionOutput, AFlightIsBounded) {
    std::vector<Bytes> payloads(20, Bytes(200'000));
    for (auto& payload : payloads) {
        EXPECT_FALSE(write(outbound(), payload));
    }
    EXPECT_LE(side.send_once().size(), Flight::kFull + 65'536U);
}

TEST_F(YamuxSessionOutput, ThousandsOfControlFramesGoOutInSeveralFlights) {
    for (std::uint32_t i = 0; i < 4000; ++i) {
        auto& stream = outbound();
        side.session.reset(stream, StreamErrorCode::none);
        side.session.release(stream, clock.now);
        (void)side.send();
        ASSERT_EQ(side.session.record_count(), 0U);
    }
    std::vector<StreamState*> streams;
    for (std::uint32_t i = 0; i < 200; ++i) {
        streams.push_back(&outbound());
    }
    Bytes small(3000, 7);
    for (auto* stream : streams) {
        EXPECT_TRUE(write(*stream, small));
    }
    auto frames = side.send_frames();
    EXPECT_EQ(frames.size(), 200U);
}

// --- a writer that changes its mind

TEST_F(YamuxSessionOutput, WhatIsInFlightStaysBorrowedAndTheRestIsWithdrawn) {
    auto& stream = outbound(1'000'000);
    Bytes large(1'000'000, 1);
    EXPECT_FALSE(write(stream, large));
    side.session.fill(side.flight, clock.now);
    side.session.withdraw_write(stream);
    EXPECT_FALSE(side.session.is_write_done(stream));
    side.session.landed(side.flight);
    EXPECT_TRUE(side.session.is_write_done(stream));
    EXPECT_FALSE(side.session.wants_write());
    side.write_small(stream, "next");
    EXPECT_EQ(side.send_frames(), std::vector<Frame>{data(Flags::none, 1, "next")});
}

TEST_F(YamuxSessionOutput, AStreamThatIsResetInFlightLivesUntilTheFlightLands) {
    auto& stream = outbound();
    Bytes large(100'000, 1);
    EXPECT_FALSE(write(stream, large));
    side.session.fill(side.flight, clock.now);
    ASSERT_TRUE(side.receive(update(Flags::rst, 1, 0)));
    EXPECT_FALSE(side.session.is_write_done(stream));
    side.session.landed(side.flight);
    EXPECT_TRUE(side.session.is_write_done(stream));
    EXPECT_EQ(side.session.finish_write(stream).error(), Errc::stream_reset);
    side.session.release(stream, clock.now);
    EXPECT_EQ(side.session.record_count(), 0U);
}

TEST_F(YamuxSessionOutput, AWithdrawnWriteDoesNotHoldBackTheEnd) {
    auto& stream = outbound();
    Bytes large(kInitialWindow + 1, 1);
    EXPECT_FALSE(write(stream, large));
    (void)side.send();
    ASSERT_TRUE(side.session.close_write(stream));
    EXPECT_TRUE(side.send_frames().empty());
    side.session.withdraw_write(stream);
    EXPECT_EQ(side.send_frames(), std::vector<Frame>{data(Flags::fin, 1, "")});
}

// --- windows

TEST_F(YamuxSessionOutput, TheWindowIsGrantedBackOnceHalfIsRead) {
    auto& stream = inbound(2, side);
    ASSERT_TRUE(side.receive(data(Flags::none, 2, Bytes(kInitialWindow))));
    EXPECT_TRUE(side.send_frames().empty()) << "unread data holds the remote back";
    Bytes half(kInitialWindow / 2 - 1);
    EXPECT_EQ(*side.session.read(stream, half), half.size());
    EXPECT_TRUE(side.send_frames().empty()) << "not worth a frame";
    Bytes one(1);
    EXPECT_EQ(*side.session.read(stream, one), 1U);
    EXPECT_EQ(side.send_frames(), std::vector<Frame>{update(Flags::none, 2, kInitialWindow / 2)});
}

TEST_F(YamuxSessionOutput, NoWindowIsGrantedAfterTheEnd) {
    auto& stream = inbound(2, side);
    ASSERT_TRUE(side.receive(data(Flags::fin, 2, Bytes(kInitialWindow))));
    EXPECT_EQ(side.read_all(stream).size(), kInitialWindow);
    EXPECT_TRUE(side.send_frames().empty());
}

class YamuxWindowTuning : public YamuxSessionOutput {
protected:
    /// A server whose round trip is 10 ms, or unknown.
    void start(std::shared_ptr<Budget> budget, const Limits& limits, bool measured = true) {
        server = std::make_unique<Side>(Direction::inbound, clock, std::move(budget), limits);
        server->advance(Liveness::kFirstPing);
        EXPECT_EQ(server->send_frames(), std::vector<Frame>{ping(Flags::syn, 1)});
        if (measured) {
            clock.advance(10ms);
            EXPECT_TRUE(server->receive(ping(Flags::ack, 1)));
            EXPECT_EQ(server->session.round_trip(), 10ms);
        }
    }

    /// The remote sends what it may, `pause` after the last time, and all is read. Returns what is granted then.
    std::uint32_t round(StreamState& stream, Clock::duration pause) {
        auto credit = stream.window.credit();
        EXPECT_TRUE(server->receive(data(Flags::none, stream.id.value, Bytes(credit))));
        clock.advance(pause);
        EXPECT_EQ(server->read_all(stream).size(), credit);
        auto frames = server->send_frames();
        EXPECT_EQ(frames.size(), 1U);
        return frames.empty() ? 0 : frames.front().header.length;
    }

    std::unique_ptr<Side> server;
};

TEST_F(YamuxWindowTuning, AWindowThatIsReadWithinFourRoundTripsDoubles) {
    start(nullptr, Limits{});
    auto& stream = inbound(1, *server);
    EXPECT_EQ(round(stream, 20ms), 2 * kInitialWindow);
    EXPECT_EQ(stream.window.size(), 2 * kInitialWindow);
    EXPECT_EQ(round(stream, 39ms), 4 * kInitialWindow);
    EXPECT_EQ(round(stream, 40ms), 4 * kInitialWindow) << "slow enough for the window it has";
    EXPECT_EQ(stream.window.size(), 4 * kInitialWindow);
}

TEST_F(YamuxWindowTuning, NothingGrowsBeforeTheRoundTripIsKnown) {
    start(nullptr, Limits{}, false);
    auto& stream = inbound(1, *server);
    EXPECT_EQ(round(stream, 0ms), kInitialWindow);
    EXPECT_EQ(stream.window.size(), kInitialWindow);
}

TEST_F(YamuxWindowTuning, AWindowGrowsUpToItsLimit) {
    Limits limits;
    limits.stream_window = 3 * kInitialWindow;
    start(nullptr, limits);
    auto& stream = inbound(1, *server);
    for (int i = 0; i < 10; ++i) {
        (void)round(stream, 1ms);
        EXPECT_LE(stream.window.size(), limits.stream_window);
    }
    EXPECT_EQ(stream.window.size(), limits.stream_window);
}

TEST_F(YamuxWindowTuning, TheSumOfAllGrowthHasALimit) {
    Limits limits;
    limits.connection_window_growth = 5 * kInitialWindow;
    start(nullptr, limits);
    std::vector<StreamState*> streams;
    for (std::uint32_t i = 0; i < 10; ++i) {
        streams.push_back(&inbound(1 + 2 * i, *server));
    }
    for (int i = 0; i < 5; ++i) {
        for (auto* stream : streams) {
            (void)round(*stream, 0ms);
            EXPECT_LE(server->session.memory().grown(), limits.connection_window_growth);
        }
    }
    EXPECT_EQ(server->session.memory().grown(), limits.connection_window_growth);
    ASSERT_TRUE(server->receive(update(Flags::rst, 1, 0)));
    EXPECT_LT(server->session.memory().grown(), limits.connection_window_growth) << "given back with its stream";
    for (auto* stream : streams) {
        server->session.release(*stream, clock.now);
    }
    EXPECT_EQ(server->session.memory().grown(), 0U);
}

TEST_F(YamuxWindowTuning, GrowthIsChargedAndARefusalOnlyStopsIt) {
    ScopeLimits scope{1, 1, 1, 1, 1, 1, 1, 600 * 1024};
    auto budget = Budget::make("connection", "limits.connection", scope);
    start(budget, Limits{});
    auto& stream = inbound(1, *server);
    (void)round(stream, 1ms);
    EXPECT_EQ(stream.window.size(), 2 * kInitialWindow);
    EXPECT_GE(budget->used().memory + MemoryAccount::kFree, kInitialWindow);
    EXPECT_EQ(round(stream, 1ms), 2 * kInitialWindow) << "as much as was read, and no more";
    EXPECT_EQ(stream.window.size(), 2 * kInitialWindow);
    ASSERT_TRUE(server->receive(data(Flags::fin, 1, "")));
    EXPECT_EQ(budget->used().memory, 0U);
    server.reset();
}

// --- what it costs

TEST_F(YamuxSessionOutput, ABudgetThatRefusesResetsThatStreamAlone) {
    ScopeLimits scope{1, 1, 1, 1, 1, 1, 1, 300 * 1024};
    auto budget = Budget::make("connection", "limits.connection", scope);
    {
        Side server(Direction::inbound, clock, budget);
        server.skip_first_ping();
        auto& honest = inbound(1, server);
        auto& greedy = inbound(3, server);
        ASSERT_TRUE(server.receive(data(Flags::none, 1, Bytes(100'000, 'h'))));
        ASSERT_TRUE(server.receive(data(Flags::none, 3, Bytes(kInitialWindow, 'g'))));
        EXPECT_EQ(server.send_frames(), std::vector<Frame>{update(Flags::rst, 3, 0x1002)});
        auto error = server.read_error(greedy);
        EXPECT_EQ(error, Errc::limit_exceeded);
        EXPECT_NE(error.message().find("limits.connection"), std::string::npos) << error;
        EXPECT_EQ(server.read_all(honest), Bytes(100'000, 'h'));
        EXPECT_EQ(budget->used().memory, 0U);
        server.session.release(honest, clock.now);
        server.session.release(greedy, clock.now);
    }
    EXPECT_EQ(budget->used().memory, 0U);
}

TEST_F(YamuxSessionOutput, WhatIsHeldIsChargedAndGivenBack) {
    ScopeLimits scope{1, 1, 1, 1, 1, 1, 1, 100'000'000};
    auto budget = Budget::make("connection", "limits.connection", scope);
    {
        Side server(Direction::inbound, clock, budget);
        auto& stream = inbound(1, server);
        ASSERT_TRUE(server.receive(data(Flags::none, 1, Bytes(200'000))));
        EXPECT_GE(budget->used().memory + MemoryAccount::kFree, 200'000U);
        EXPECT_LE(budget->used().memory, 300'000U);
        EXPECT_EQ(server.read_all(stream).size(), 200'000U);
        EXPECT_EQ(budget->used().memory, 0U);
        ASSERT_TRUE(server.receive(data(Flags::none, 1, Bytes(50'000))));
    }
    EXPECT_EQ(budget->used().memory, 0U) << "also by a session that is destroyed";
}

}  // namespace
}  // namespace libp2p::yamux
