// SPDX-License-Identifier: MIT OR Apache-2.0
#include "muxing/yamux/yamux_session.hpp"

#include "tests/unit/muxing/support/session_side.hpp"

#include <boost/asio/error.hpp>

#include <limits>

// The rules about what comes in, and how streams live and die.

namespace libp2p::yamux {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using test::control;
using test::data;
using test::Frame;
using test::go_away;
using test::ping;
using test::Side;
using test::update;
using test::VirtualClock;

constexpr auto kMax = std::numeric_limits<std::uint32_t>::max();
constexpr auto kReader = YamuxSession::wake_reader;
constexpr auto kBoth = YamuxSession::wake_reader | YamuxSession::wake_writer;

Error eof() {
    return asio::error::make_error_code(asio::error::eof);
}
Error aborted() {
    return asio::error::make_error_code(asio::error::operation_aborted);
}

/// Both roles are tested alike: `own` and `remote` are ids that the session and its remote would use first.
class YamuxSessionTest : public testing::TestWithParam<Direction> {
protected:
    YamuxSessionTest() { side.skip_first_ping(); }

    std::uint32_t own(std::uint32_t n = 0) const { return (GetParam() == Direction::outbound ? 1 : 2) + 2 * n; }
    std::uint32_t remote(std::uint32_t n = 0) const { return (GetParam() == Direction::outbound ? 2 : 1) + 2 * n; }

    /// The remote breaks a rule with this frame.
    void expect_violation(const Frame& frame) {
        auto got = side.receive(frame);
        ASSERT_FALSE(got);
        EXPECT_EQ(got.error(), Errc::protocol_violation) << got.error();
        EXPECT_EQ(side.send_frames(), std::vector<Frame>{go_away(kGoAwayProtocolError)});
        EXPECT_TRUE(side.session.has_said_goodbye());
        EXPECT_FALSE(side.session.takes_streams());
        EXPECT_EQ(side.session.error(), Errc::protocol_violation);
        EXPECT_TRUE(side.receive(frame)) << "what follows is not looked at";
        side.advance(kFarewell);
        EXPECT_TRUE(side.session.has_ended());
    }

    StreamState& accept() {
        auto* stream = side.session.accept(clock.now);
        if (stream == nullptr) {
            throw std::runtime_error("nothing to accept");
        }
        return *stream;
    }

    /// A stream that the remote has opened and we have accepted and acknowledged.
    StreamState& inbound(std::uint32_t n = 0) {
        EXPECT_TRUE(side.receive(update(Flags::syn, remote(n), 0)));
        auto& stream = accept();
        side.advance(kAckDelay);
        EXPECT_EQ(side.send_frames(), std::vector<Frame>{update(Flags::ack, remote(n), 0)});
        return stream;
    }

    /// A stream that we have opened and the remote has acknowledged.
    StreamState& outbound() {
        auto& stream = side.open();
        (void)side.send();
        side.advance(1ms);  // more than four round trips
        EXPECT_TRUE(side.receive(update(Flags::ack, stream.id.value, 0)));
        return stream;
    }

    void release(StreamState& stream) { side.session.release(stream, clock.now); }

    VirtualClock clock;
    Side side{GetParam(), clock};
};

INSTANTIATE_TEST_SUITE_P(
    Roles,
    YamuxSessionTest,
    testing::Values(Direction::outbound, Direction::inbound),
    [](const auto& role) { return role.param == Direction::outbound ? "Client" : "Server"; }
);

// --- what breaks the rules

TEST_P(YamuxSessionTest, RefusesAnUnknownVersion) {
    auto bytes = test::to_bytes(ping(Flags::syn, 1));
    bytes[0] = 1;
    EXPECT_FALSE(side.receive(bytes));
    EXPECT_EQ(side.send_frames(), std::vector<Frame>{go_away(kGoAwayProtocolError)});
}

TEST_P(YamuxSessionTest, RefusesAnUnknownType) {
    auto bytes = test::to_bytes(ping(Flags::syn, 1));
    bytes[1] = 4;
    EXPECT_FALSE(side.receive(bytes));
    EXPECT_EQ(side.send_frames(), std::vector<Frame>{go_away(kGoAwayProtocolError)});
}

TEST_P(YamuxSessionTest, RefusesDataForTheSession) {
    expect_violation(data(Flags::none, 0, "x"));
}
TEST_P(YamuxSessionTest, RefusesAWindowForTheSession) {
    expect_violation(update(Flags::none, 0, 1));
}
TEST_P(YamuxSessionTest, RefusesAStreamNumberedZero) {
    expect_violation(update(Flags::syn, 0, 0));
}
TEST_P(YamuxSessionTest, RefusesAPingOnAStream) {
    expect_violation(control(FrameType::ping, Flags::syn, remote(), 0));
}
TEST_P(YamuxSessionTest, RefusesAGoAwayOnAStream) {
    expect_violation(control(FrameType::go_away, Flags::none, remote(), 0));
}

TEST_P(YamuxSessionTest, RefusesAnIdOfTheWrongParity) {
    expect_violation(update(Flags::syn, own(), 0));
}

TEST_P(YamuxSessionTest, RefusesASecondSynOfAnOpenStream) {
    (void)inbound();
    expect_violation(update(Flags::syn, remote(), 0));
}

TEST_P(YamuxSessionTest, RefusesASecondSynOfAForgottenStream) {
    ASSERT_TRUE(side.receive(update(Flags::syn, remote(), 0), update(Flags::rst, remote(), 0)));
    EXPECT_EQ(side.session.record_count(), 0U);
    expect_violation(data(Flags::syn, remote(), "again"));
}

TEST_P(YamuxSessionTest, RefusesAnIdFarBelowTheHighest) {
    ASSERT_TRUE(side.receive(update(Flags::syn, remote(StreamIds::kReorder), 0)));
    expect_violation(update(Flags::syn, remote(), 0));
}

TEST_P(YamuxSessionTest, TakesAnIdALittleBelowTheHighestOnce) {
    ASSERT_TRUE(side.receive(update(Flags::syn, remote(5), 0)));
    ASSERT_TRUE(side.receive(update(Flags::syn, remote(4), 0))) << "rust-yamux announces streams late";
    expect_violation(update(Flags::syn, remote(4), 0));
}

TEST_P(YamuxSessionTest, RefusesFramesForAStreamThatWeNeverOpened) {
    expect_violation(update(Flags::none, own(), 1));
}

TEST_P(YamuxSessionTest, RefusesFramesForAStreamThatWeHaveNotAnnounced) {
    auto& stream = side.open();
    expect_violation(update(Flags::rst, stream.id.value, 0));
}

TEST_P(YamuxSessionTest, TakesFirstDataUpToTheInitialWindow) {
    ASSERT_TRUE(side.receive(data(Flags::syn, remote(), Bytes(kInitialWindow))));
    EXPECT_EQ(side.read_all(accept()).size(), kInitialWindow);
}

TEST_P(YamuxSessionTest, RefusesFirstDataBeyondTheInitialWindow) {
    for (std::uint32_t length : {kInitialWindow + 1, kMax - 1, kMax}) {
        VirtualClock time;
        Side other(GetParam(), time);
        EXPECT_FALSE(other.receive(control(FrameType::data, Flags::syn, remote(), length))) << "by its header alone";
    }
    expect_violation(data(Flags::syn, remote(), Bytes(kInitialWindow + 1)));
}

TEST_P(YamuxSessionTest, TakesDataUpToTheWindowAndNotOneMore) {
    auto& stream = inbound();
    ASSERT_TRUE(side.receive(data(Flags::none, remote(), Bytes(kInitialWindow - 1))));
    ASSERT_TRUE(side.receive(data(Flags::none, remote(), Bytes(1))));
    ASSERT_TRUE(side.receive(data(Flags::none, remote(), Bytes(0))));
    EXPECT_EQ(stream.received.size(), kInitialWindow);
    expect_violation(data(Flags::none, remote(), Bytes(1)));
}

TEST_P(YamuxSessionTest, AnnouncedDataBeyondTheWindowIsRefusedBeforeItArrives) {
    (void)inbound();
    for (std::uint32_t length : {kInitialWindow + 1, kMax}) {
        VirtualClock time;
        Side other(GetParam(), time);
        ASSERT_TRUE(other.receive(update(Flags::syn, remote(), 0)));
        EXPECT_FALSE(other.receive(control(FrameType::data, Flags::none, remote(), length)));
    }
}

TEST_P(YamuxSessionTest, TakesAWindowUpToTheLargestNumber) {
    auto& stream = inbound();
    ASSERT_TRUE(side.receive(update(Flags::none, remote(), 0)));
    ASSERT_TRUE(side.receive(update(Flags::none, remote(), 1)));
    ASSERT_TRUE(side.receive(update(Flags::none, remote(), kMax - kInitialWindow - 1)));
    EXPECT_EQ(stream.credit.credit(), kMax);
    expect_violation(update(Flags::none, remote(), 1));
}

TEST_P(YamuxSessionTest, RefusesAWindowBeyondTheLargestNumber) {
    (void)inbound();
    expect_violation(update(Flags::none, remote(), kMax));
}

TEST_P(YamuxSessionTest, WindowsWithSynAndAckEnlarge) {
    ASSERT_TRUE(side.receive(update(Flags::syn, remote(), 1000)));
    EXPECT_EQ(accept().credit.credit(), kInitialWindow + 1000);
    auto& stream = side.open();
    (void)side.send();
    ASSERT_TRUE(side.receive(update(Flags::ack, own(), 500)));
    EXPECT_EQ(stream.credit.credit(), kInitialWindow + 500);
}

TEST_P(YamuxSessionTest, ASynWhoseWindowOverflowsIsAViolation) {
    expect_violation(update(Flags::syn, remote(), kMax));
}

// --- opening and accepting

TEST_P(YamuxSessionTest, OpensStreamsInOrderOfTheirIds) {
    auto& first = side.open();
    auto& second = side.open();
    EXPECT_EQ(first.id.value, own(0));
    EXPECT_EQ(second.id.value, own(1));
    side.write_small(second, "late");
    side.write_small(second, "r");
    std::vector<Frame> expected{update(Flags::syn, own(0), 0), data(Flags::syn, own(1), "later")};
    EXPECT_EQ(side.send_frames(), expected) << "the younger stream's data does not overtake the older stream's SYN";
}

TEST_P(YamuxSessionTest, OpenWriteAndCloseAreOneFlight) {
    auto& stream = side.open();
    side.write_small(stream, "hello");
    ASSERT_TRUE(side.session.close_write(stream));
    EXPECT_EQ(
        test::to_frames(side.send_once()),
        (std::vector<Frame>{data(Flags::syn, own(), "hello"), data(Flags::fin, own(), "")})
    ) << "the end is a frame of its own: js drops the body of a frame with FIN";
    EXPECT_FALSE(side.session.wants_write());
}

TEST_P(YamuxSessionTest, OpenAndCloseAreOneFrame) {
    auto& stream = side.open();
    ASSERT_TRUE(side.session.close_write(stream));
    EXPECT_EQ(side.send_frames(), std::vector<Frame>{data(Flags::syn | Flags::fin, own(), "")});
}

TEST_P(YamuxSessionTest, AStreamThatIsResetBeforeItWasAnnouncedLeavesNoTrace) {
    auto& stream = side.open();
    side.write_small(stream, "never sent");
    side.session.reset(stream, StreamErrorCode::none);
    EXPECT_TRUE(side.send_frames().empty());
    release(stream);
    EXPECT_EQ(side.session.record_count(), 0U);
    EXPECT_EQ(side.session.open_room(), kEarlyStreams);
}

TEST_P(YamuxSessionTest, TheAcknowledgementRidesOnTheFirstAnswer) {
    ASSERT_TRUE(side.receive(data(Flags::syn, remote(), "ping")));
    auto& stream = accept();
    EXPECT_TRUE(side.send_frames().empty()) << "it waits";
    side.write_small(stream, "pong");
    EXPECT_EQ(side.send_frames(), std::vector<Frame>{data(Flags::ack, remote(), "pong")});
    side.advance(kAckDelay);
    EXPECT_TRUE(side.send_frames().empty());
}

TEST_P(YamuxSessionTest, TheAcknowledgementDoesNotWaitForLong) {
    ASSERT_TRUE(side.receive(update(Flags::syn, remote(), 0)));
    (void)accept();
    EXPECT_EQ(side.session.deadline(), clock.now + kAckDelay);
    side.advance(kAckDelay);
    EXPECT_EQ(side.send_frames(), std::vector<Frame>{update(Flags::ack, remote(), 0)});
}

TEST_P(YamuxSessionTest, ManyAcknowledgementsDoNotWait) {
    for (std::uint32_t i = 0; i < kAckBatch; ++i) {
        ASSERT_TRUE(side.receive(update(Flags::syn, remote(i), 0)));
        EXPECT_FALSE(side.session.wants_write());
        (void)accept();
    }
    EXPECT_EQ(side.send_frames().size(), kAckBatch);
}

TEST_P(YamuxSessionTest, StreamsBeyondTheAcceptBacklogAreRefusedWithAReason) {
    Limits limits;
    limits.accept_backlog = 2;
    Side small(GetParam(), clock, nullptr, limits);
    small.skip_first_ping();
    for (std::uint32_t i = 0; i < 3; ++i) {
        ASSERT_TRUE(small.receive(data(Flags::syn, remote(i), "hello")));
    }
    EXPECT_EQ(small.send_frames(), std::vector<Frame>{update(Flags::rst, remote(2), 0x1002)});
    EXPECT_TRUE(small.receive(data(Flags::none, remote(2), "more"))) << "late frames of a refused stream";
    ASSERT_NE(small.session.accept(clock.now), nullptr);
    ASSERT_TRUE(small.receive(update(Flags::syn, remote(3), 0)));
    ASSERT_NE(small.session.accept(clock.now), nullptr);
    ASSERT_NE(small.session.accept(clock.now), nullptr);
    EXPECT_EQ(small.session.accept(clock.now), nullptr);
}

TEST_P(YamuxSessionTest, AStreamThatIsResetBeforeItIsAcceptedMakesRoom) {
    ASSERT_TRUE(side.receive(data(Flags::syn, remote(), "hello"), update(Flags::rst, remote(), 0)));
    EXPECT_EQ(side.session.accept(clock.now), nullptr);
    EXPECT_EQ(side.session.record_count(), 0U);
    EXPECT_EQ(side.session.open_count(), 0U);
    EXPECT_EQ(side.session.memory().held(), 0U);
}

TEST_P(YamuxSessionTest, FewStreamsAreOpenedBeforeTheRemoteHasSpokenOfAny) {
    for (std::uint32_t i = 0; i < kEarlyStreams; ++i) {
        EXPECT_EQ(side.session.open_room(), kEarlyStreams - i);
        side.open();
    }
    EXPECT_EQ(side.session.open_room(), 0U);
    (void)side.send();
    ASSERT_TRUE(side.receive(ping(Flags::syn, 1)));
    EXPECT_EQ(side.session.open_room(), 0U);
    ASSERT_TRUE(side.receive(update(Flags::ack, own(0), 0)));
    EXPECT_EQ(side.session.open_room(), kOpenBacklog - kEarlyStreams + 1);
}

TEST_P(YamuxSessionTest, AtMostSoManyStreamsAreUnacknowledged) {
    std::vector<StreamState*> streams = {&outbound()};
    ASSERT_TRUE(side.receive(update(Flags::ack, own(0), 0)));
    for (std::uint32_t i = 0; i < kOpenBacklog; ++i) {
        EXPECT_EQ(side.session.open_room(), kOpenBacklog - i);
        streams.push_back(&side.open());
    }
    EXPECT_EQ(side.session.open_room(), 0U);
    (void)side.send();
    ASSERT_TRUE(side.receive(update(Flags::ack, own(1), 0)));
    EXPECT_EQ(side.session.open_room(), 1U);
    ASSERT_TRUE(side.receive(update(Flags::ack, own(1), 0)));
    EXPECT_EQ(side.session.open_room(), 1U) << "acknowledged twice";
    ASSERT_TRUE(side.receive(update(Flags::rst, own(2), 0)));
    EXPECT_EQ(side.session.open_room(), 2U) << "a refusal is an answer";
    ASSERT_TRUE(side.receive(data(Flags::none, own(3), "x")));
    EXPECT_EQ(side.session.open_room(), 3U) << "so is data, even of a remote that forgets the flag";
    side.session.reset(*streams[4], StreamErrorCode::none);
    EXPECT_EQ(side.session.open_room(), 4U);
}

TEST_P(YamuxSessionTest, ForgottenStreamsAreDrained) {
    auto& stream = outbound();
    release(stream);
    EXPECT_EQ(side.send_frames(), std::vector<Frame>{update(Flags::rst, own(), 0)});
    EXPECT_EQ(side.session.record_count(), 0U);
    EXPECT_TRUE(side.receive(
        data(Flags::none, own(), Bytes(500'000)),
        update(Flags::none, own(), kMax),
        update(Flags::fin, own(), 0),
        update(Flags::rst, own(), 0)
    ));
    EXPECT_TRUE(side.receive(data(Flags::none, remote(7), "never opened"), update(Flags::rst, remote(7), 0)));
    EXPECT_TRUE(side.send_frames().empty()) << "and not answered";
    EXPECT_EQ(side.session.memory().held(), 0U);
}

TEST_P(YamuxSessionTest, AStreamMayBeOpenedAndResetAtOnce) {
    EXPECT_TRUE(side.receive(update(Flags::syn | Flags::rst, remote(), 0)));
    EXPECT_TRUE(side.receive(data(Flags::syn | Flags::rst, remote(1), "x")));
    EXPECT_EQ(side.session.record_count(), 0U);
    EXPECT_EQ(side.session.accept(clock.now), nullptr);
}

TEST_P(YamuxSessionTest, UnknownFlagsAreIgnored) {
    ASSERT_TRUE(side.receive(data(Flags::syn | static_cast<Flags>(0xFFF0), remote(), "hello")));
    EXPECT_EQ(side.read_all(accept()).size(), 5U);
}

// --- data and ends

TEST_P(YamuxSessionTest, DeliversDataWhateverTheChunks) {
    Bytes wire;
    Bytes sent;
    for (std::uint32_t i = 0; i < 20; ++i) {
        Bytes payload(i * 7, static_cast<std::uint8_t>(i));
        sent.insert(sent.end(), payload.begin(), payload.end());
        auto frame = test::to_bytes(data(i == 0 ? Flags::syn : Flags::none, remote(), payload));
        wire.insert(wire.end(), frame.begin(), frame.end());
    }
    for (std::size_t chunk = 1; chunk < 40; ++chunk) {
        Side fresh(GetParam(), clock);
        for (std::size_t at = 0; at < wire.size(); at += chunk) {
            ASSERT_TRUE(fresh.receive(ByteView(wire).subspan(at, std::min(chunk, wire.size() - at))));
        }
        auto* stream = fresh.session.accept(clock.now);
        ASSERT_NE(stream, nullptr);
        EXPECT_EQ(fresh.read_all(*stream), sent);
    }
}

TEST_P(YamuxSessionTest, DataGoesStraightToAWaitingReader) {
    auto& stream = inbound();
    Bytes into(10);
    side.session.lend_reader(stream, into);
    side.wakes.clear();
    ASSERT_TRUE(side.receive(data(Flags::none, remote(), "abcd"), data(Flags::none, remote(), "efgh")));
    EXPECT_EQ(side.wakes.front(), std::pair(remote(), std::uint8_t{kReader}));
    EXPECT_EQ(stream.received.size(), 0U);
    EXPECT_EQ(side.session.memory().held(), 0U);
    EXPECT_TRUE(side.session.is_read_done(stream));
    EXPECT_EQ(side.session.take_back_reader(stream), 8U);
    EXPECT_EQ(as_text(ByteView(into).first(8)), "abcdefgh");
}

TEST_P(YamuxSessionTest, WhatDoesNotFitTheReaderStaysInTheStream) {
    auto& stream = inbound();
    Bytes into(3);
    side.session.lend_reader(stream, into);
    ASSERT_TRUE(side.receive(data(Flags::none, remote(), "abcdefgh")));
    EXPECT_EQ(side.session.take_back_reader(stream), 3U);
    EXPECT_EQ(as_text(into), "abc");
    EXPECT_EQ(as_text(side.read_all(stream)), "defgh");
}

TEST_P(YamuxSessionTest, ALargePieceWaitsOneTurnForItsReader) {
    auto& stream = inbound();
    Bytes into(100);
    side.session.lend_reader(stream, into);
    auto frame = test::to_bytes(data(Flags::none, remote(), Bytes(100 + kWorthWaiting)));
    auto taken = side.session.receive(frame, clock.now);
    ASSERT_TRUE(taken);
    EXPECT_EQ(*taken, kHeaderSize + 100) << "the reader is given a chance to lend more";
    EXPECT_EQ(side.session.take_back_reader(stream), 100U);
    Bytes more(kWorthWaiting);
    side.session.lend_reader(stream, more);
    auto rest = side.session.receive(ByteView(frame).subspan(*taken), clock.now);
    EXPECT_EQ(*rest, kWorthWaiting);
    EXPECT_EQ(stream.received.size(), 0U) << "no second copy was made";
    EXPECT_EQ(side.session.take_back_reader(stream), kWorthWaiting);
}

TEST_P(YamuxSessionTest, AReaderThatDoesNotComeBackHoldsNobodyUp) {
    auto& stream = inbound();
    Bytes into(100);
    side.session.lend_reader(stream, into);
    ASSERT_TRUE(side.receive(data(Flags::none, remote(), Bytes(100'000))));
    EXPECT_EQ(stream.received.size(), 99'900U);
}

TEST_P(YamuxSessionTest, TheEndComesAfterTheData) {
    auto& stream = inbound();
    ASSERT_TRUE(side.receive(data(Flags::fin, remote(), "last words")));
    EXPECT_EQ(as_text(side.read_all(stream)), "last words");
    EXPECT_EQ(side.read_error(stream), eof());
    EXPECT_EQ(side.read_error(stream), eof());
    side.write_small(stream, "still here");
    EXPECT_EQ(side.send_frames(), std::vector<Frame>{data(Flags::none, remote(), "still here")});
}

TEST_P(YamuxSessionTest, AWindowUpdateMayCarryTheEnd) {
    auto& stream = inbound();
    ASSERT_TRUE(side.receive(update(Flags::fin, remote(), 0)));
    EXPECT_EQ(side.read_error(stream), eof());
}

TEST_P(YamuxSessionTest, AStreamMayBeOpenedAndClosedInOneFrame) {
    ASSERT_TRUE(side.receive(data(Flags::syn | Flags::fin, remote(), "all")));
    auto& stream = accept();
    EXPECT_EQ(as_text(side.read_all(stream)), "all");
    EXPECT_EQ(side.read_error(stream), eof());
}

TEST_P(YamuxSessionTest, AWaitingReaderIsWokenByTheEnd) {
    auto& stream = inbound();
    Bytes into(10);
    side.session.lend_reader(stream, into);
    EXPECT_FALSE(side.session.is_read_done(stream));
    side.wakes.clear();
    ASSERT_TRUE(side.receive(data(Flags::fin, remote(), "")));
    EXPECT_EQ(side.wakes.size(), 1U);
    EXPECT_TRUE(side.session.is_read_done(stream));
    EXPECT_EQ(side.session.take_back_reader(stream), 0U);
    EXPECT_EQ(side.read_error(stream), eof());
}

TEST_P(YamuxSessionTest, DataAfterTheEndResetsThatStreamAlone) {
    auto& stream = inbound(0);
    auto& other = inbound(1);
    ASSERT_TRUE(side.receive(data(Flags::fin, remote(0), "done")));
    ASSERT_TRUE(side.receive(data(Flags::none, remote(0), "not quite")));
    EXPECT_EQ(side.send_frames(), std::vector<Frame>{update(Flags::rst, remote(0), 0x1004)});
    EXPECT_EQ(as_text(side.read_all(stream)), "done");
    ByteView view = as_bytes("x");
    EXPECT_EQ(side.session.write(stream, std::span(&view, 1)).error(), Errc::protocol_violation);
    side.write_small(other, "fine");
}

TEST_P(YamuxSessionTest, ASecondEndIsHarmless) {
    auto& stream = inbound();
    ASSERT_TRUE(
        side.receive(data(Flags::fin, remote(), ""), data(Flags::fin, remote(), ""), update(Flags::fin, remote(), 0))
    );
    EXPECT_EQ(side.read_error(stream), eof());
}

TEST_P(YamuxSessionTest, AfterCloseWriteNothingIsWritten) {
    auto& stream = outbound();
    ASSERT_TRUE(side.session.close_write(stream));
    EXPECT_TRUE(side.session.close_write(stream));
    ByteView view = as_bytes("x");
    EXPECT_EQ(side.session.write(stream, std::span(&view, 1)).error(), Errc::write_closed);
    EXPECT_EQ(side.send_frames(), std::vector<Frame>{data(Flags::fin, own(), "")});
    ASSERT_TRUE(side.receive(data(Flags::none, own(), "answer")));
    EXPECT_EQ(as_text(side.read_all(stream)), "answer");
}

TEST_P(YamuxSessionTest, AStreamClosedByBothIsForgottenWithItsOwner) {
    auto& stream = outbound();
    ASSERT_TRUE(side.session.close_write(stream));
    (void)side.send();
    ASSERT_TRUE(side.receive(data(Flags::fin, own(), "bye")));
    EXPECT_EQ(as_text(side.read_all(stream)), "bye");
    release(stream);
    EXPECT_EQ(side.session.record_count(), 0U);
    EXPECT_TRUE(side.send_frames().empty());
    EXPECT_EQ(side.session.memory().held(), 0U);
}

// --- resets

TEST_P(YamuxSessionTest, AResetDiscardsWhatWasNotRead) {
    auto& stream = inbound();
    ASSERT_TRUE(side.receive(data(Flags::none, remote(), "unread")));
    ASSERT_TRUE(side.receive(update(Flags::rst, remote(), 0)));
    EXPECT_EQ(side.read_error(stream), Errc::stream_reset);
    ByteView view = as_bytes("x");
    EXPECT_EQ(side.session.write(stream, std::span(&view, 1)).error(), Errc::stream_reset);
    EXPECT_EQ(side.session.close_write(stream).error(), Errc::stream_reset);
    EXPECT_EQ(side.session.memory().held(), 0U);
    EXPECT_TRUE(side.send_frames().empty());
}

TEST_P(YamuxSessionTest, WhatCameBeforeTheEndSurvivesAReset) {
    auto& stream = inbound();
    ASSERT_TRUE(side.receive(data(Flags::fin, remote(), "complete"), update(Flags::rst, remote(), 0)));
    EXPECT_EQ(as_text(side.read_all(stream)), "complete");
    EXPECT_EQ(side.read_error(stream), eof());
    ByteView view = as_bytes("x");
    EXPECT_EQ(side.session.write(stream, std::span(&view, 1)).error(), Errc::stream_reset);
}

TEST_P(YamuxSessionTest, AResetTellsItsCode) {
    for (std::uint32_t code : {0U, 1U, 0x1007U, kMax}) {
        auto& stream = outbound();
        ASSERT_TRUE(side.receive(update(Flags::rst, stream.id.value, code)));
        EXPECT_EQ(stream.remote_code, code);
        EXPECT_EQ(stream.credit.credit(), kInitialWindow) << "a code is no window";
        release(stream);
    }
}

TEST_P(YamuxSessionTest, ADataFrameMayCarryAReset) {
    auto& stream = outbound();
    ASSERT_TRUE(side.receive(data(Flags::rst, own(), "ignored")));
    EXPECT_EQ(side.read_error(stream), Errc::stream_reset);
    EXPECT_EQ(stream.remote_code, 0U) << "its length is no code";
}

TEST_P(YamuxSessionTest, OurResetCarriesTheCode) {
    auto& stream = outbound();
    side.write_small(stream, "withdrawn");
    side.session.reset(stream, StreamErrorCode::rate_limited);
    side.session.reset(stream, StreamErrorCode::gated);
    EXPECT_EQ(side.send_frames(), std::vector<Frame>{update(Flags::rst, own(), 0x1003)});
    EXPECT_EQ(side.read_error(stream), aborted());
    EXPECT_EQ(side.session.close_write(stream).error(), aborted());
    EXPECT_TRUE(side.receive(data(Flags::none, own(), "late"))) << "crossed on the way";
}

TEST_P(YamuxSessionTest, ResetsThatCrossAreNotAnswered) {
    auto& stream = outbound();
    side.session.reset(stream, StreamErrorCode::none);
    release(stream);
    ASSERT_TRUE(side.receive(update(Flags::rst, own(), 0)));
    EXPECT_TRUE(side.send_frames().empty());
    EXPECT_EQ(side.session.record_count(), 0U);
}

TEST_P(YamuxSessionTest, ResettingAStreamThatBothHaveClosedSaysNothing) {
    auto& stream = outbound();
    ASSERT_TRUE(side.session.close_write(stream));
    (void)side.send();
    ASSERT_TRUE(side.receive(data(Flags::fin, own(), "")));
    side.session.reset(stream, StreamErrorCode::none);
    EXPECT_TRUE(side.send_frames().empty());
    EXPECT_EQ(side.read_error(stream), aborted());
}

TEST_P(YamuxSessionTest, AnOwnerWhoLeavesAnOpenStreamResetsIt) {
    auto& stream = inbound();
    release(stream);
    EXPECT_EQ(side.send_frames(), std::vector<Frame>{update(Flags::rst, remote(), 0)});
    EXPECT_EQ(side.session.record_count(), 0U);
}

// --- streams without an owner

TEST_P(YamuxSessionTest, AfterCloseWriteTheRestIsReadAndThrownAway) {
    auto& stream = outbound();
    side.write_small(stream, "request");
    ASSERT_TRUE(side.session.close_write(stream));
    release(stream);
    EXPECT_EQ(
        side.send_frames(), (std::vector<Frame>{data(Flags::none, own(), "request"), data(Flags::fin, own(), "")})
    );
    EXPECT_EQ(side.session.open_count(), 0U);
    EXPECT_EQ(side.session.record_count(), 1U);
    ASSERT_TRUE(side.receive(data(Flags::none, own(), Bytes(kInitialWindow))));
    EXPECT_EQ(side.send_frames(), std::vector<Frame>{update(Flags::none, own(), kInitialWindow)})
        << "the remote can go on to its end";
    ASSERT_TRUE(side.receive(data(Flags::fin, own(), "tail")));
    EXPECT_EQ(side.session.record_count(), 0U);
    EXPECT_TRUE(side.send_frames().empty());
}

TEST_P(YamuxSessionTest, WhatWasNotReadIsGrantedBackWhenTheOwnerLeaves) {
    auto& stream = outbound();
    ASSERT_TRUE(side.receive(data(Flags::none, own(), Bytes(kInitialWindow))));
    ASSERT_TRUE(side.session.close_write(stream));
    release(stream);
    EXPECT_LE(side.session.memory().held(), sizeof(StreamState));
    auto frames = side.send_frames();
    ASSERT_EQ(frames.size(), 2U);
    EXPECT_EQ(frames[0].header.type, FrameType::window_update);
    EXPECT_EQ(frames[0].header.length, kInitialWindow);
    EXPECT_TRUE(has(frames[1].header.flags, Flags::fin));
}

TEST_P(YamuxSessionTest, ARemoteThatDoesNotFinishIsResetAfterAWhile) {
    auto& stream = outbound();
    ASSERT_TRUE(side.session.close_write(stream));
    release(stream);
    (void)side.send();
    EXPECT_LE(side.session.deadline(), clock.now + kLinger);
    side.advance(kLinger - 1ms);
    EXPECT_EQ(side.session.record_count(), 1U);
    side.advance(1ms);
    EXPECT_EQ(side.send_frames(), (std::vector<Frame>{ping(Flags::syn, 2), update(Flags::rst, own(), 0)}));
    EXPECT_EQ(side.session.record_count(), 0U);
}

TEST_P(YamuxSessionTest, DataThatHasNoCreditIsSentAfterTheOwnerHasLeft) {
    auto& stream = outbound();
    Bytes large(kInitialWindow);
    ByteView view(large);
    ASSERT_FALSE(*side.session.write(stream, std::span(&view, 1)));
    (void)side.send();
    ASSERT_TRUE(side.session.is_write_done(stream));
    side.write_small(stream, "last");
    ASSERT_TRUE(side.session.close_write(stream));
    ASSERT_TRUE(side.receive(data(Flags::fin, own(), "")));
    release(stream);
    EXPECT_TRUE(side.send_frames().empty());
    EXPECT_EQ(side.session.record_count(), 1U);
    ASSERT_TRUE(side.receive(update(Flags::none, own(), 3)));
    EXPECT_EQ(side.send_frames(), std::vector<Frame>{data(Flags::none, own(), "las")});
    ASSERT_TRUE(side.receive(update(Flags::none, own(), 3)));
    EXPECT_EQ(side.send_frames(), (std::vector<Frame>{data(Flags::none, own(), "t"), data(Flags::fin, own(), "")}));
    EXPECT_EQ(side.session.record_count(), 0U);
}

TEST_P(YamuxSessionTest, TheNumberOfLingeringStreamsIsBounded) {
    for (std::uint32_t i = 0; i < kLingering + 10; ++i) {
        auto& stream = outbound();
        ASSERT_TRUE(side.session.close_write(stream));
        release(stream);
    }
    (void)side.send();
    EXPECT_EQ(side.session.record_count(), kLingering);
    EXPECT_EQ(side.session.find(test::stream_id(own(9))), nullptr) << "the oldest give way";
    EXPECT_NE(side.session.find(test::stream_id(own(10))), nullptr);
}

// --- session frames

TEST_P(YamuxSessionTest, AnswersPings) {
    ASSERT_TRUE(side.receive(ping(Flags::syn, 0), ping(Flags::syn, kMax)));
    EXPECT_EQ(side.send_frames(), (std::vector<Frame>{ping(Flags::ack, 0), ping(Flags::ack, kMax)}));
}

TEST_P(YamuxSessionTest, IgnoresAnswersThatItDidNotAskFor) {
    EXPECT_TRUE(side.receive(ping(Flags::ack, 77), ping(Flags::none, 78)));
    EXPECT_TRUE(side.send_frames().empty());
}

TEST_P(YamuxSessionTest, PingsBeyondTheQueueAreNotAnswered) {
    for (std::uint32_t i = 0; i < 100; ++i) {
        ASSERT_TRUE(side.receive(ping(Flags::syn, i)));
    }
    EXPECT_EQ(side.send_frames().size(), kPingAnswers);
    ASSERT_TRUE(side.receive(ping(Flags::syn, 5)));
    EXPECT_EQ(side.send_frames().size(), 1U);
}

TEST_P(YamuxSessionTest, MeasuresTheRoundTripWithItsFirstPing) {
    Side fresh(GetParam(), clock);
    EXPECT_FALSE(fresh.session.wants_write()) << "it waits for company";
    (void)fresh.open();
    auto frames = fresh.send_frames();
    ASSERT_EQ(frames.size(), 2U);
    EXPECT_EQ(frames[0], ping(Flags::syn, 1));
    fresh.advance(7ms);
    ASSERT_TRUE(fresh.receive(ping(Flags::ack, 1)));
    EXPECT_EQ(fresh.session.round_trip(), 7ms);
}

TEST_P(YamuxSessionTest, PingsWhenIdleAndEndsWithoutAnAnswer) {
    Side fresh(GetParam(), clock);
    fresh.advance(Liveness::kFirstPing);
    EXPECT_EQ(fresh.send_frames(), std::vector<Frame>{ping(Flags::syn, 1)});
    ASSERT_TRUE(fresh.receive(ping(Flags::ack, 1)));
    EXPECT_EQ(fresh.session.deadline(), clock.now + 30s);
    fresh.advance(30s);
    EXPECT_EQ(fresh.send_frames(), std::vector<Frame>{ping(Flags::syn, 2)});
    EXPECT_EQ(fresh.session.deadline(), clock.now + 20s);
    fresh.advance(20s);
    EXPECT_TRUE(fresh.session.has_ended());
    EXPECT_EQ(fresh.session.error().code(), asio::error::timed_out);
}

TEST_P(YamuxSessionTest, AChannelThatTakesNothingEndsTheSession) {
    auto& stream = outbound();
    side.write_small(stream, "stuck");
    side.session.fill(side.flight, clock.now);
    EXPECT_EQ(side.session.deadline(), clock.now + 20s);
    side.advance(20s);
    EXPECT_TRUE(side.session.has_ended());
    EXPECT_EQ(side.session.error().code(), asio::error::timed_out);
    side.session.landed(side.flight);
}

// --- goodbyes

TEST_P(YamuxSessionTest, AfterTheRemotesGoodbyeNoStreamIsOpened) {
    auto& before = outbound();
    ASSERT_TRUE(side.receive(go_away(kGoAwayNormal)));
    EXPECT_EQ(side.session.open(clock.now).error(), Errc::connection_closed);
    EXPECT_GT(side.session.open_room(), 0U) << "whoever waits is told";
    side.write_small(before, "goes on");
    EXPECT_EQ(side.send_frames(), std::vector<Frame>{data(Flags::none, own(), "goes on")});
    side.session.on_eof();
    EXPECT_EQ(side.session.error(), eof());
}

TEST_P(YamuxSessionTest, TheRemotesReasonIsTold) {
    for (std::uint32_t reason : {1U, 2U, 0x1001U, 0x1006U, kMax}) {
        VirtualClock time;
        Side fresh(GetParam(), time);
        ASSERT_TRUE(fresh.receive(go_away(reason)));
        EXPECT_EQ(fresh.session.remote_goodbye(), reason);
        fresh.session.on_eof();
        EXPECT_EQ(fresh.session.error(), Errc::refused_by_remote);
        EXPECT_NE(fresh.session.error().message().find("GoAway"), std::string::npos);
    }
}

TEST_P(YamuxSessionTest, APoliteCloseLetsWhatWasWrittenGoOut) {
    auto& open = outbound();
    auto& closed = outbound();
    side.write_small(open, "unfinished");
    side.write_small(closed, "finished");
    ASSERT_TRUE(side.session.close_write(closed));
    side.session.close(ConnectionErrorCode::shut_down, clock.now);
    EXPECT_FALSE(side.session.has_said_goodbye());
    std::vector<Frame> expected{
        data(Flags::none, own(0), "unfinished"),
        data(Flags::none, own(1), "finished"),
        data(Flags::fin, own(1), ""),
        update(Flags::rst, own(0), 0x1007),
        go_away(0x1006)
    };
    EXPECT_EQ(side.send_frames(), expected);
    EXPECT_TRUE(side.session.has_said_goodbye());
    EXPECT_EQ(side.read_error(open), Errc::connection_closed);
    EXPECT_EQ(side.read_error(closed), Errc::connection_closed);
    ASSERT_FALSE(side.session.has_ended());
    side.session.on_eof();
    EXPECT_TRUE(side.session.has_ended());
    EXPECT_EQ(side.session.error(), aborted());
}

TEST_P(YamuxSessionTest, APoliteCloseWaitsForCreditAndNotForEver) {
    auto& stream = outbound();
    Bytes large(kInitialWindow);
    ByteView view(large);
    ASSERT_FALSE(*side.session.write(stream, std::span(&view, 1)));
    (void)side.send();
    side.write_small(stream, "more");
    ASSERT_TRUE(side.session.close_write(stream));
    side.session.close(ConnectionErrorCode::none, clock.now);
    EXPECT_TRUE(side.send_frames().empty());
    ASSERT_TRUE(side.receive(update(Flags::none, own(), 4)));
    EXPECT_EQ(
        side.send_frames(),
        (std::vector<Frame>{data(Flags::none, own(), "more"), data(Flags::fin, own(), ""), go_away(0)})
    );
    side.advance(kFarewell);
    EXPECT_TRUE(side.session.has_ended()) << "though the remote never closes";
}

TEST_P(YamuxSessionTest, APoliteCloseRefusesNewStreams) {
    ASSERT_TRUE(side.receive(data(Flags::syn, remote(0), "not accepted yet")));
    side.session.close(ConnectionErrorCode::none, clock.now);
    ASSERT_TRUE(side.receive(update(Flags::syn, remote(1), 0)));
    EXPECT_EQ(side.session.open(clock.now).error(), Errc::connection_closed);
    EXPECT_EQ(side.session.accept(clock.now), nullptr);
    std::vector<Frame> expected{
        update(Flags::rst, remote(1), 0x1007), update(Flags::rst, remote(0), 0x1007), go_away(0)
    };
    EXPECT_EQ(side.send_frames(), expected);
    EXPECT_EQ(side.session.record_count(), 0U);
}

TEST_P(YamuxSessionTest, WhenTheConnectionEndsDataThatHadArrivedIsDelivered) {
    auto& unfinished = inbound(0);
    auto& finished = inbound(1);
    ASSERT_TRUE(side.receive(data(Flags::none, remote(0), "some"), data(Flags::fin, remote(1), "all")));
    side.wakes.clear();
    side.session.on_eof();
    side.drain_wakes();
    EXPECT_EQ(side.wakes.size(), 2U);
    EXPECT_EQ(side.wakes.front().second, kBoth);
    EXPECT_EQ(side.session.error(), eof());
    EXPECT_EQ(as_text(side.read_all(unfinished)), "some");
    EXPECT_EQ(side.read_error(unfinished), Errc::connection_closed);
    EXPECT_EQ(as_text(side.read_all(finished)), "all");
    EXPECT_EQ(side.read_error(finished), eof());
    ByteView view = as_bytes("x");
    EXPECT_EQ(side.session.write(finished, std::span(&view, 1)).error(), Errc::connection_closed);
    EXPECT_EQ(side.session.close_write(finished).error(), Errc::connection_closed);
    release(unfinished);
    release(finished);
    EXPECT_EQ(side.session.record_count(), 0U);
    EXPECT_EQ(side.session.open_count(), 0U);
}

TEST_P(YamuxSessionTest, TheFirstReasonOfTheEndStays) {
    side.session.end(Errc::connection_closed);
    side.session.end(Errc::shut_down);
    EXPECT_EQ(side.session.error(), Errc::connection_closed);
    EXPECT_EQ(side.session.deadline(), Clock::time_point::max());
    EXPECT_FALSE(side.session.wants_write());
}

// --- deadlines

TEST_P(YamuxSessionTest, ADeadlineWakesBothWhenItPasses) {
    auto& stream = outbound();
    side.session.set_deadline(stream, clock.now + 5s);
    EXPECT_EQ(side.session.deadline(), clock.now + 5s);
    side.wakes.clear();
    side.advance(5s - 1ns);
    EXPECT_TRUE(side.wakes.empty());
    side.advance(1ns);
    EXPECT_EQ(side.wakes, (std::vector{std::pair(own(), std::uint8_t{kBoth})}));
    EXPECT_TRUE(stream.expired);
    side.session.set_deadline(stream, clock.now + 5s);
    EXPECT_FALSE(stream.expired) << "usable again";
}

TEST_P(YamuxSessionTest, ADeadlineThatIsMovedOnDoesNotFire) {
    auto& stream = outbound();
    side.session.set_deadline(stream, clock.now + 1s);
    side.session.set_deadline(stream, clock.now + 3s);
    side.advance(1s);
    EXPECT_FALSE(stream.expired);
    EXPECT_EQ(side.session.deadline(), clock.now + 2s);
    side.session.set_deadline(stream, Clock::time_point::max());
    side.advance(3s);
    EXPECT_FALSE(stream.expired);
}

TEST_P(YamuxSessionTest, ADeadlineCanBeMovedForward) {
    auto& stream = outbound();
    side.session.set_deadline(stream, clock.now + 10s);
    side.session.set_deadline(stream, clock.now + 1s);
    side.advance(1s);
    EXPECT_TRUE(stream.expired);
}

// --- ids

TEST_P(YamuxSessionTest, WhenIdsAreUsedUpTheRemoteIsTold) {
    auto& before = outbound();
    side.session.ids().skip((1U << 31U) - (GetParam() == Direction::outbound ? 2 : 3));
    auto& last = side.open();
    EXPECT_EQ(last.id.value, GetParam() == Direction::outbound ? kMax : kMax - 1);
    auto failed = side.session.open(clock.now);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error(), Errc::connection_closed);
    EXPECT_EQ(side.send_frames(), (std::vector<Frame>{update(Flags::syn, last.id.value, 0), go_away(kGoAwayNormal)}));
    side.write_small(before, "goes on");
    EXPECT_EQ(side.send_frames(), std::vector<Frame>{data(Flags::none, own(), "goes on")});
}

}  // namespace
}  // namespace libp2p::yamux
