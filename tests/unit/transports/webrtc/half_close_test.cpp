// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/half_close.hpp"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <random>
#include <string>
#include <vector>

namespace libp2p::webrtc {
namespace {

using namespace std::chrono_literals;
using Actions = HalfClose::Actions;
using TimePoint = HalfClose::TimePoint;
using ReadHalf = HalfClose::ReadHalf;
using WriteHalf = HalfClose::WriteHalf;

constexpr TimePoint kStart{std::chrono::hours(1)};
constexpr bool kRust = false;  // what it has of FIN_ACK

/// The actions as words, for readable expectations.
std::string words(const Actions& actions) {
    std::string text;
    const std::pair<bool, const char*> kParts[] = {
        {actions.deliver, "deliver"},
        {actions.discard_unsent, "discard"},
        {actions.send_fin_ack, "FIN_ACK"},
        {actions.send_fin, "FIN"},
        {actions.send_stop_sending, "STOP"},
        {actions.send_reset, "RESET"},
        {actions.close_channel, "close"},
        {actions.wake_reader, "reader"},
        {actions.wake_writer, "writer"},
    };
    for (const auto& [is_set, word] : kParts) {
        if (is_set) {
            text += (text.empty() ? "" : " ") + std::string(word);
        }
    }
    return text;
}

class HalfCloseTest : public testing::Test {
protected:
    std::string close_write() { return words(half.close_write(now)); }
    std::string close_read() { return words(half.close_read(now)); }
    std::string abort() { return words(half.abort(now)); }
    std::string release() { return words(half.release(now)); }
    std::string payload() { return words(half.on_payload(now)); }
    std::string flag(Flag flag) { return words(half.on_flag(flag, now)); }
    std::string channel_closed() { return words(half.on_channel_closed(now)); }
    std::string fin_written() { return words(half.on_fin_written(now)); }
    std::string acknowledged() { return words(half.on_acknowledged(now)); }

    /// Advances the clock to the deadline.
    std::string wait() {
        EXPECT_NE(half.deadline(), TimePoint::max());
        EXPECT_EQ(words(half.on_time(half.deadline() - 1ns)), "") << "too early";
        now = half.deadline();
        return words(half.on_time(now));
    }

    HalfClose half;
    TimePoint now = kStart;
};

TEST_F(HalfCloseTest, ClosesAfterBothEndsAreAcknowledged) {
    EXPECT_EQ(payload(), "deliver");
    EXPECT_EQ(close_write(), "FIN");
    EXPECT_EQ(half.write_half(), WriteHalf::closed);
    EXPECT_EQ(fin_written(), "");
    EXPECT_EQ(payload(), "deliver") << "the remote may go on";
    EXPECT_EQ(flag(Flag::fin_ack), "writer");
    EXPECT_TRUE(half.is_write_done());
    EXPECT_EQ(half.deadline(), TimePoint::max()) << "half closed for as long as the remote likes";
    EXPECT_EQ(flag(Flag::fin), "FIN_ACK close reader");
    EXPECT_EQ(half.read_half(), ReadHalf::eof);
    EXPECT_EQ(half.write_half(), WriteHalf::closed);
    EXPECT_TRUE(half.is_over());
}

TEST_F(HalfCloseTest, ClosesAfterBothEndsTheOtherWayRound) {
    EXPECT_EQ(flag(Flag::fin), "FIN_ACK reader");
    EXPECT_FALSE(half.is_over());
    EXPECT_EQ(close_write(), "FIN");
    EXPECT_EQ(fin_written(), "");
    EXPECT_EQ(acknowledged(), "") << "SCTP's word does not count where a FIN_ACK comes";
    EXPECT_EQ(flag(Flag::fin_ack), "close writer");
}

TEST_F(HalfCloseTest, AcknowledgesOneFinOnce) {
    EXPECT_EQ(flag(Flag::fin), "FIN_ACK reader");
    EXPECT_EQ(flag(Flag::fin), "");
    EXPECT_EQ(payload(), "discard RESET reader writer") << "data behind the end";
    EXPECT_EQ(flag(Flag::fin), "");
}

TEST_F(HalfCloseTest, IgnoresAFinAckWithoutAFin) {
    EXPECT_EQ(flag(Flag::fin_ack), "");
    EXPECT_EQ(close_write(), "FIN");
    EXPECT_EQ(flag(Flag::fin_ack), "") << "ours has not been sent yet";
    EXPECT_FALSE(half.is_write_done());
}

TEST_F(HalfCloseTest, ClosesForWritingOnce) {
    EXPECT_EQ(close_write(), "FIN");
    EXPECT_EQ(close_write(), "");
    EXPECT_EQ(fin_written(), "");
    EXPECT_EQ(fin_written(), "");
    EXPECT_EQ(close_write(), "");
}

TEST_F(HalfCloseTest, DoesNotWaitForAFinAckForEver) {
    close_write();
    EXPECT_EQ(half.deadline(), TimePoint::max()) << "not before the FIN has left";
    fin_written();
    now += 7s;
    half.on_progress(now);
    EXPECT_EQ(half.deadline(), now + kFinAckTimeout);
    EXPECT_EQ(wait(), "writer");
    EXPECT_TRUE(half.is_write_done());
    EXPECT_EQ(payload(), "deliver") << "the other direction goes on";
    EXPECT_EQ(flag(Flag::fin), "FIN_ACK close reader");
}

TEST_F(HalfCloseTest, ClosedChannelStandsInForAFinAck) {
    flag(Flag::fin);
    close_write();
    fin_written();
    EXPECT_EQ(channel_closed(), "close writer");
    EXPECT_EQ(half.write_half(), WriteHalf::closed);
    EXPECT_EQ(half.read_half(), ReadHalf::eof);
    EXPECT_TRUE(half.is_write_done());
}

TEST_F(HalfCloseTest, ClosedChannelWithoutAFinIsAReset) {
    EXPECT_EQ(channel_closed(), "discard close reader writer");
    EXPECT_EQ(half.read_half(), ReadHalf::reset);
    EXPECT_EQ(half.write_half(), WriteHalf::reset);
}

TEST_F(HalfCloseTest, ClosedChannelBeforeTheFinLeftIsAReset) {
    flag(Flag::fin);
    close_write();
    EXPECT_EQ(channel_closed(), "discard close writer");
    EXPECT_EQ(half.write_half(), WriteHalf::reset);
    EXPECT_EQ(half.read_half(), ReadHalf::eof);
    EXPECT_FALSE(half.is_write_done());
}

TEST_F(HalfCloseTest, StopSendingEndsWritesAndIsNotAnswered) {
    EXPECT_EQ(flag(Flag::stop_sending), "discard writer");
    EXPECT_EQ(half.write_half(), WriteHalf::stopped);
    EXPECT_EQ(payload(), "deliver");
    EXPECT_EQ(close_write(), "FIN") << "the remote still wants to see the end";
    EXPECT_EQ(flag(Flag::stop_sending), "discard");
    fin_written();
    EXPECT_EQ(flag(Flag::stop_sending), "") << "it crossed our FIN";
    EXPECT_EQ(flag(Flag::fin), "FIN_ACK reader");
    EXPECT_EQ(flag(Flag::fin_ack), "close writer");
}

TEST_F(HalfCloseTest, SendsStopSendingOnceAndHonoursFlagsBehindIt) {
    EXPECT_EQ(close_read(), "STOP");
    EXPECT_EQ(close_read(), "");
    EXPECT_EQ(payload(), "");
    EXPECT_EQ(half.write_half(), WriteHalf::open);
    EXPECT_EQ(flag(Flag::fin), "FIN_ACK reader");
    close_write();
    fin_written();
    EXPECT_EQ(flag(Flag::fin_ack), "close writer");
}

TEST_F(HalfCloseTest, NoStopSendingBehindTheEnd) {
    flag(Flag::fin);
    EXPECT_EQ(close_read(), "");
}

TEST_F(HalfCloseTest, AbortSendsAResetAndClosesAMomentAfterItHasArrived) {
    EXPECT_EQ(abort(), "discard RESET reader writer");
    EXPECT_EQ(half.read_half(), ReadHalf::aborted);
    EXPECT_EQ(half.write_half(), WriteHalf::aborted);
    EXPECT_EQ(abort(), "");
    EXPECT_EQ(close_write(), "");
    EXPECT_EQ(payload(), "");
    EXPECT_EQ(flag(Flag::fin), "");
    EXPECT_EQ(acknowledged(), "") << "it may not have been read";
    EXPECT_EQ(half.deadline(), now + kCloseGrace);
    EXPECT_EQ(wait(), "close");
    EXPECT_TRUE(half.is_over());
}

TEST_F(HalfCloseTest, AbortClosesWhenTheRemoteDoes) {
    abort();
    acknowledged();
    EXPECT_EQ(channel_closed(), "discard close");
    EXPECT_TRUE(half.is_over());
}

TEST_F(HalfCloseTest, ResetThatIsAcknowledgedLateStaysNoLonger) {
    abort();
    const auto until = half.deadline();
    now += kResetLinger - std::chrono::milliseconds(1);
    acknowledged();
    EXPECT_EQ(half.deadline(), until);
}

TEST_F(HalfCloseTest, AbortClosesWithoutAWordOfTheRemote) {
    abort();
    EXPECT_EQ(half.deadline(), now + kResetLinger);
    EXPECT_EQ(wait(), "close");
    EXPECT_EQ(half.deadline(), TimePoint::max());
}

TEST_F(HalfCloseTest, ResetOfTheRemoteEndsBothHalves) {
    EXPECT_EQ(flag(Flag::reset), "discard close reader writer");
    EXPECT_EQ(half.read_half(), ReadHalf::reset);
    EXPECT_EQ(half.write_half(), WriteHalf::reset);
    EXPECT_EQ(abort(), "");
    EXPECT_EQ(flag(Flag::reset), "");
}

TEST_F(HalfCloseTest, WhatCameBeforeAFinStaysWholeAfterAReset) {
    flag(Flag::fin);
    EXPECT_EQ(flag(Flag::reset), "discard close writer");
    EXPECT_EQ(half.read_half(), ReadHalf::eof);
}

TEST_F(HalfCloseTest, CrossingResetsClose) {
    abort();
    EXPECT_EQ(flag(Flag::reset), "discard close");
    EXPECT_EQ(half.read_half(), ReadHalf::aborted);
}

TEST_F(HalfCloseTest, ReleaseOfAnOpenStreamResets) {
    EXPECT_EQ(release(), "discard RESET reader writer");
    EXPECT_EQ(acknowledged(), "");
    EXPECT_EQ(wait(), "close");
}

TEST_F(HalfCloseTest, ReleaseAfterAbortAddsNothing) {
    abort();
    EXPECT_EQ(release(), "");
    EXPECT_EQ(wait(), "close");
}

TEST_F(HalfCloseTest, ReleaseOfAHalfClosedStreamWaitsForTheRemote) {
    close_write();
    EXPECT_EQ(release(), "") << "what the remote still writes is thrown away, not refused";
    EXPECT_EQ(payload(), "");
    fin_written();
    flag(Flag::fin_ack);
    EXPECT_EQ(flag(Flag::fin), "FIN_ACK close reader");
}

TEST_F(HalfCloseTest, ReleasedStreamIsResetWhenTheRemoteGoesOn) {
    close_write();
    fin_written();
    release();
    EXPECT_EQ(flag(Flag::fin_ack), "writer");
    EXPECT_EQ(half.deadline(), now + kAbandonedTimeout);
    now += 4s;
    half.on_progress(now);
    EXPECT_EQ(half.deadline(), now + 6s) << "our own data is through";
    EXPECT_EQ(wait(), "discard RESET reader writer");
    EXPECT_EQ(wait(), "close");
}

TEST_F(HalfCloseTest, ReleasedStreamWithDataToSendLivesAsLongAsItMoves) {
    close_write();
    flag(Flag::fin);
    EXPECT_EQ(release(), "");
    for (int i = 0; i < 10; ++i) {
        now += 9s;
        EXPECT_EQ(words(half.on_time(now)), "");
        half.on_progress(now);
    }
    EXPECT_EQ(fin_written(), "");
    EXPECT_EQ(flag(Flag::fin_ack), "close writer");
}

TEST_F(HalfCloseTest, ReleasedStreamThatDoesNotMoveIsReset) {
    close_write();
    flag(Flag::fin);
    release();
    EXPECT_EQ(wait(), "discard RESET reader writer");
}

TEST_F(HalfCloseTest, ReleaseOfAStoppedStreamThatWasReadToItsEndIsPolite) {
    flag(Flag::stop_sending);
    flag(Flag::fin);
    EXPECT_EQ(release(), "FIN");
    fin_written();
    EXPECT_EQ(flag(Flag::fin_ack), "close writer");
}

TEST_F(HalfCloseTest, BrokenFramingIsAReset) {
    EXPECT_EQ(words(half.on_violation(now)), "discard RESET reader writer");
}

class HalfCloseRustTest : public HalfCloseTest {
protected:
    HalfCloseRustTest() { half = HalfClose(kRust); }
};

TEST_F(HalfCloseRustTest, SendsNoFinAckAndWaitsForNone) {
    EXPECT_EQ(flag(Flag::fin), "reader");
    EXPECT_EQ(close_write(), "FIN");
    EXPECT_EQ(acknowledged(), "") << "not the FIN yet";
    EXPECT_EQ(fin_written(), "");
    EXPECT_EQ(acknowledged(), "writer");
    EXPECT_TRUE(half.is_write_done());
    EXPECT_EQ(half.deadline(), now + kCloseGrace);
    EXPECT_EQ(wait(), "close");
}

TEST_F(HalfCloseRustTest, WaitsASecondForTheAcknowledgement) {
    flag(Flag::fin);
    close_write();
    fin_written();
    EXPECT_EQ(half.deadline(), now + kFinAcknowledgedTimeout);
    EXPECT_EQ(wait(), "writer");
    EXPECT_EQ(wait(), "close");
}

TEST_F(HalfCloseRustTest, StopSendingComesBehindTheFin) {
    EXPECT_EQ(close_read(), "");
    EXPECT_EQ(payload(), "") << "of no use all the same";
    EXPECT_EQ(close_write(), "FIN");
    EXPECT_EQ(fin_written(), "STOP");
    EXPECT_EQ(fin_written(), "");
}

TEST_F(HalfCloseRustTest, NoStopSendingBehindItsEnd) {
    close_read();
    flag(Flag::fin);
    close_write();
    EXPECT_EQ(fin_written(), "");
}

TEST_F(HalfCloseRustTest, AbortBetweenTheLastOctetAndTheCloseDestroysNothing) {
    flag(Flag::fin);
    close_write();
    fin_written();
    acknowledged();
    EXPECT_EQ(abort(), "");
    EXPECT_EQ(release(), "");
    EXPECT_EQ(half.read_half(), ReadHalf::aborted);
    EXPECT_EQ(wait(), "close");
}

TEST_F(HalfCloseRustTest, TakesAFinAckAllTheSame) {
    close_write();
    fin_written();
    EXPECT_EQ(flag(Flag::fin_ack), "writer");
}

/// Watches one machine: what it may never do, whatever happens to it.
class Watched {
public:
    explicit Watched(bool has_fin_ack) : half(has_fin_ack), has_fin_ack_(has_fin_ack) {}

    void check(const Actions& actions) {
        ASSERT_FALSE(was_over_ && actions != Actions{}) << "over is over";
        was_over_ = half.is_over();
        ASSERT_EQ(actions.close_channel, was_over_ && !closed_);
        closed_ = closed_ || actions.close_channel;
        ASSERT_FALSE(actions.deliver && half.read_half() != ReadHalf::open);
        count(fins_, actions.send_fin);
        count(fin_acks_, actions.send_fin_ack);
        count(stops_, actions.send_stop_sending);
        count(resets_, actions.send_reset);
        ASSERT_FALSE(
            resets_ > 0 && !actions.send_reset &&
            (actions.send_fin || actions.send_fin_ack || actions.send_stop_sending)
        ) << "nothing behind a RESET";
        ASSERT_FALSE(actions.send_fin_ack && (!has_fin_ack_ || fins_received == 0));
        ASSERT_FALSE(actions.send_stop_sending && !has_fin_ack_ && fins_ == 0);
        ASSERT_EQ(half.is_over(), half.is_over() && half.deadline() == TimePoint::max());
    }

    HalfClose half;
    int fins_received = 0;

private:
    static void count(int& counter, bool add) {
        counter += add ? 1 : 0;
        ASSERT_LE(counter, 1) << "each frame once";
    }

    bool has_fin_ack_;
    bool was_over_ = false;
    bool closed_ = false;
    int fins_ = 0;
    int fin_acks_ = 0;
    int stops_ = 0;
    int resets_ = 0;
};

TEST(HalfCloseModel, EveryEventIsLegalInEveryState) {
    std::mt19937 random(20'260);
    for (int steps = 0; steps < 1'000'000;) {
        const bool has_fin_ack = random() % 2 == 0;
        Watched watched(has_fin_ack);
        auto& half = watched.half;
        auto now = kStart;
        const auto length = random() % 30;
        bool is_released = false;
        for (unsigned i = 0; i < length; ++i, ++steps) {
            now += std::chrono::milliseconds(random() % 4 == 0 ? random() % 6'000 : 0);
            Actions actions;
            switch (random() % 14) {
                case 0: actions = half.close_write(now); break;
                case 1: actions = half.close_read(now); break;
                case 2: actions = random() % 8 == 0 ? half.abort(now) : Actions{}; break;
                case 3:
                    if (random() % 4 == 0) {
                        actions = half.release(now);
                        is_released = true;
                    }
                    break;
                case 4: actions = half.on_payload(now); break;
                case 5:
                    ++watched.fins_received;
                    actions = half.on_flag(Flag::fin, now);
                    break;
                case 6: actions = half.on_flag(Flag::fin_ack, now); break;
                case 7: actions = half.on_flag(Flag::stop_sending, now); break;
                case 8: actions = random() % 8 == 0 ? half.on_flag(Flag::reset, now) : Actions{}; break;
                case 9: actions = random() % 8 == 0 ? half.on_channel_closed(now) : Actions{}; break;
                case 10: actions = half.on_fin_written(now); break;
                case 11: actions = half.on_acknowledged(now); break;
                case 12: half.on_progress(now); break;
                default: actions = half.on_time(now); break;
            }
            watched.check(actions);
            if (testing::Test::HasFatalFailure()) {
                return;
            }
        }
        // With its handle gone, every stream ends by the clock alone.
        if (!is_released) {
            watched.check(half.release(now));
        }
        const auto released = now;
        for (int timers = 0; !half.is_over(); ++timers) {
            ASSERT_LT(timers, 5);
            ASSERT_NE(half.deadline(), TimePoint::max());
            now = std::max(now, half.deadline());
            watched.check(half.on_time(now));
        }
        ASSERT_LE(now - released, kAbandonedTimeout + kResetLinger);
        ++steps;
    }
}

constexpr std::size_t kBoth[] = {0, 1};

/// Two machines with a channel between them, each with the part of a stream around it that moves frames.
struct Side {
    explicit Side(bool has_fin_ack) : watched(has_fin_ack), half(watched.half) {}

    Watched watched;
    HalfClose& half;
    std::deque<char> to_send;   // 'd' and 'F', behind each other
    std::deque<char> arriving;  // 'd' data, flags F A S R, and 'C', the channel
    int written = 0;
    int delivered = 0;
    bool aborted = false;
    bool closed_channel = false;
};

class Pair {
public:
    Pair(bool first_has_fin_ack, bool second_has_fin_ack) : sides_{Side(first_has_fin_ack), Side(second_has_fin_ack)} {}

    Side& side(std::size_t which) { return sides_.at(which); }

    void act(std::size_t which, const Actions& actions) {
        auto& self = sides_.at(which);
        auto& wire = sides_.at(1 - which).arriving;
        self.watched.check(actions);
        if (actions.discard_unsent) {
            std::erase(self.to_send, 'd');
        }
        if (actions.send_fin_ack) {
            wire.push_back('A');
        }
        if (actions.send_fin) {
            self.to_send.push_back('F');
        }
        if (actions.send_stop_sending) {
            wire.push_back('S');
        }
        if (actions.send_reset) {
            self.to_send.clear();
            wire.push_back('R');
        }
        if (actions.close_channel) {
            self.to_send.clear();
            self.closed_channel = true;
            wire.push_back('C');
        }
    }

    /// One operation of an application, or the death of the channel.
    void operate(std::size_t which, int operation) {
        auto& self = sides_.at(which);
        switch (operation) {
            case 0:
                if (self.half.write_half() == WriteHalf::open) {
                    self.to_send.push_back('d');
                    ++self.written;
                }
                break;
            case 1: act(which, self.half.close_write(now_)); break;
            case 2: act(which, self.half.close_read(now_)); break;
            case 3:
                self.aborted = true;
                act(which, self.half.abort(now_));
                break;
            default: self.arriving.push_back('C'); break;
        }
    }

    /// SCTP takes one frame of this side.
    bool send(std::size_t which) {
        auto& self = sides_.at(which);
        if (self.to_send.empty() || self.closed_channel) {
            return false;
        }
        const auto frame = self.to_send.front();
        self.to_send.pop_front();
        sides_.at(1 - which).arriving.push_back(frame);
        if (frame == 'F') {
            act(which, self.half.on_fin_written(now_));
        } else {
            self.half.on_progress(now_);
        }
        return true;
    }

    /// One frame arrives at this side.
    bool receive(std::size_t which) {
        auto& self = sides_.at(which);
        auto& other = sides_.at(1 - which);
        if (self.arriving.empty()) {
            return false;
        }
        const auto frame = self.arriving.front();
        self.arriving.pop_front();
        Actions actions;
        switch (frame) {
            case 'd':
                actions = self.half.on_payload(now_);
                self.delivered += actions.deliver ? 1 : 0;
                break;
            case 'F':
                ++self.watched.fins_received;
                actions = self.half.on_flag(Flag::fin, now_);
                break;
            case 'A': actions = self.half.on_flag(Flag::fin_ack, now_); break;
            case 'S':
                actions = self.half.on_flag(Flag::stop_sending, now_);
                EXPECT_FALSE(actions.send_reset);
                break;
            case 'R': actions = self.half.on_flag(Flag::reset, now_); break;
            default: actions = self.half.on_channel_closed(now_); break;
        }
        act(which, actions);
        if (self.arriving.empty() && other.to_send.empty()) {
            act(1 - which, other.half.on_acknowledged(now_));
        }
        return true;
    }

    /// Everything that moves without the clock.
    void settle() {
        for (bool moved = true; moved;) {
            moved = false;
            for (const auto which : kBoth) {
                while (send(which)) {
                    moved = true;
                }
                while (receive(which)) {
                    moved = true;
                }
            }
        }
    }

    /// Lets the clock run until nothing is left to happen.
    void run_out() {
        settle();
        for (int timers = 0;; ++timers) {
            const auto next = std::min(sides_[0].half.deadline(), sides_[1].half.deadline());
            if (next == TimePoint::max()) {
                return;
            }
            ASSERT_LT(timers, 20);
            now_ = std::max(now_, next);
            for (const auto which : kBoth) {
                act(which, sides_.at(which).half.on_time(now_));
            }
            settle();
        }
    }

    TimePoint now() const { return now_; }

private:
    std::array<Side, 2> sides_;
    TimePoint now_ = kStart;
};

constexpr int kOperations = 5;

/// Runs the operations, one digit each: which of the sides does what.
void run_sequence(unsigned sequence, unsigned length, int delivery, bool first_has_fin_ack, bool second_has_fin_ack) {
    Pair pair(first_has_fin_ack, second_has_fin_ack);
    bool is_orderly = true;
    std::array<bool, 2> closed_write{};
    std::array<bool, 2> closed_read{};
    for (unsigned i = 0, rest = sequence; i < length; ++i, rest /= 2 * kOperations) {
        const auto which = rest % 2;
        const auto operation = static_cast<int>(rest / 2 % kOperations);
        is_orderly = is_orderly && operation < 3;
        closed_write.at(which) = closed_write.at(which) || operation == 1;
        closed_read.at(which) = closed_read.at(which) || operation == 2;
        pair.operate(which, operation);
        if (delivery == 1) {
            pair.settle();
        } else if (delivery == 2) {  // frames cross each other
            pair.send(which);
            pair.receive(i % 2);
        }
    }
    pair.run_out();
    if (is_orderly) {
        for (const auto which : kBoth) {
            const auto& self = pair.side(which);
            const auto& other = pair.side(1 - which);
            EXPECT_NE(self.half.read_half(), ReadHalf::reset);
            EXPECT_NE(self.half.write_half(), WriteHalf::reset);
            if (!closed_read.at(which)) {
                EXPECT_EQ(self.delivered, other.written) << "nothing is lost";
            }
            EXPECT_EQ(self.half.read_half() == ReadHalf::eof, closed_write.at(1 - which));
            EXPECT_EQ(self.half.is_write_done(), closed_write.at(which));
            EXPECT_EQ(self.half.is_over(), closed_write[0] && closed_write[1]);
        }
    }
    for (const auto which : kBoth) {
        pair.act(which, pair.side(which).half.release(pair.now()));
        pair.run_out();
    }
    for (const auto which : kBoth) {
        EXPECT_TRUE(pair.side(which).half.is_over());
        EXPECT_TRUE(pair.side(which).closed_channel);
        EXPECT_LE(pair.side(which).delivered, pair.side(1 - which).written);
    }
    EXPECT_LE(pair.now() - kStart, 60s);
}

class HalfClosePair : public testing::TestWithParam<std::pair<bool, bool>> {};

TEST_P(HalfClosePair, EverySequenceEndsWithBothChannelsClosed) {
    unsigned count = 1;
    for (unsigned length = 1; length <= 4; ++length) {
        count *= 2 * kOperations;
        for (unsigned sequence = 0; sequence < count; ++sequence) {
            for (const int delivery : {0, 1, 2}) {
                run_sequence(sequence, length, delivery, GetParam().first, GetParam().second);
                ASSERT_FALSE(HasFailure()) << "sequence " << sequence << " of " << length << ", delivery " << delivery;
            }
        }
    }
}

// With FIN_ACK on both sides, on none, and on one that does not know about the other.
INSTANTIATE_TEST_SUITE_P(
    ,
    HalfClosePair,
    testing::Values(std::pair(true, true), std::pair(false, false), std::pair(true, false), std::pair(false, true)),
    [](const auto& suite) {
        return std::string(suite.param.first ? "FinAck" : "Rust") + (suite.param.second ? "FinAck" : "Rust");
    }
);

}  // namespace
}  // namespace libp2p::webrtc
