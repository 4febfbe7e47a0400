// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/protocols/internal/splice.hpp"

#include "tests/unit/libp2p/protocols/stream_pair.hpp"

#include <libp2p/tasks.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

namespace libp2p::protocols {
namespace {

/// A second pair of streams, run by the context of the first.
struct FarPair {
    explicit FarPair(const test::StreamPair& near) {
        const auto executor = near.left->executor();
        auto there = std::make_shared<test::StreamWire>(executor);
        auto back = std::make_shared<test::StreamWire>(executor);
        auto info = std::make_shared<ConnectionInfo>(near.left->connection());
        left = std::make_unique<test::PairedStream>(Direction::outbound, info, executor, back, there);
        right = std::make_unique<test::PairedStream>(Direction::inbound, info, executor, there, back);
    }

    std::unique_ptr<test::PairedStream> left;
    std::unique_ptr<test::PairedStream> right;
};

/// Two streams and a splice between their inner ends: near.left — near.right ~ far.left — far.right.
class SpliceTest : public testing::Test {
protected:
    void start(SpliceLimits limits = {}) { near_.spawn(splice_ends(limits)); }

    /// Runs until everybody waits.
    void run() {
        near_.io.restart();
        near_.io.poll();
    }

    awaitable<void> splice_ends(SpliceLimits limits) {
        auto end = co_await splice(*near_.right, *far_.left, limits, turns_, counts_);
        end_ = end;
        near_.right.reset();
        far_.left.reset();
    }

    awaitable<void> send(Stream& stream, std::string text, bool close) {
        auto sent = co_await write(stream, as_bytes(text));
        if (sent && close) {
            sent = co_await stream.close_write();
        }
        sent_ = sent;
    }

    awaitable<void> receive(Stream& stream, std::string& into) {
        Bytes buffer(100'000);
        for (;;) {
            auto got = co_await stream.read_some(buffer);
            if (!got) {
                received_ = got.error();
                co_return;
            }
            into += as_text(ByteView(buffer).first(*got));
        }
    }

    test::StreamPair near_{"/hop"};
    FarPair far_{near_};
    SpliceTurns turns_;
    SpliceCounts counts_;
    std::optional<Error> end_;
    result<void> sent_;
    Error received_;
};

const auto kEof = asio::error::make_error_code(asio::error::eof);

TEST_F(SpliceTest, CopiesBothWaysAndPassesOnTheEnds) {
    std::string there;
    std::string back;
    start();
    near_.spawn(receive(*far_.right, there));
    near_.spawn(receive(*near_.left, back));
    near_.spawn(send(*near_.left, std::string(300'000, 'a'), true));
    run();
    EXPECT_EQ(there, std::string(300'000, 'a'));
    EXPECT_EQ(received_, kEof);
    EXPECT_FALSE(end_) << "the other direction has not ended";
    near_.spawn(send(*far_.right, "answer", true));
    run();
    EXPECT_EQ(back, "answer");
    ASSERT_TRUE(end_);
    EXPECT_EQ(*end_, kEof);
    EXPECT_EQ(counts_.forward, 300'000U);
    EXPECT_EQ(counts_.backward, 6U);
}

TEST_F(SpliceTest, AResetIsPassedOn) {
    std::string there;
    start();
    near_.spawn(receive(*far_.right, there));
    run();
    near_.left->abort();
    run();
    ASSERT_TRUE(end_);
    EXPECT_EQ(*end_, Errc::stream_reset);
    EXPECT_EQ(received_, Errc::stream_reset);
}

TEST_F(SpliceTest, NothingPastTheLimitIsPassedOn) {
    std::string there;
    SpliceLimits limits;
    limits.octets = 1000;
    start(limits);
    near_.spawn(receive(*far_.right, there));
    near_.spawn(send(*near_.left, std::string(1000, 'x'), false));
    run();
    EXPECT_EQ(there.size(), 1000U);
    EXPECT_FALSE(end_);
    near_.spawn(send(*near_.left, "y", false));
    run();
    ASSERT_TRUE(end_);
    EXPECT_EQ(*end_, Errc::limit_exceeded);
    EXPECT_NE(end_->message().find("1000 octets"), std::string::npos) << *end_;
    EXPECT_EQ(there.size(), 1000U);
    EXPECT_EQ(received_, Errc::stream_reset);
}

TEST_F(SpliceTest, EachDirectionHasTheLimitForItself) {
    std::string there;
    std::string back;
    SpliceLimits limits;
    limits.octets = 1000;
    start(limits);
    near_.spawn(receive(*far_.right, there));
    near_.spawn(receive(*near_.left, back));
    near_.spawn(send(*near_.left, std::string(1000, 'x'), true));
    near_.spawn(send(*far_.right, std::string(1000, 'y'), true));
    run();
    ASSERT_TRUE(end_);
    EXPECT_EQ(*end_, kEof);
}

TEST_F(SpliceTest, TheDeadlineEndsBoth) {
    std::string there;
    SpliceLimits limits;
    limits.deadline = std::chrono::steady_clock::now() + std::chrono::hours(1);
    start(limits);
    near_.spawn(receive(*far_.right, there));
    run();
    EXPECT_EQ(near_.right->deadline, limits.deadline);
    EXPECT_EQ(far_.left->deadline, limits.deadline);
    near_.right->expire();
    run();
    ASSERT_TRUE(end_);
    EXPECT_EQ(*end_, asio::error::make_error_code(asio::error::timed_out));
    EXPECT_EQ(received_, Errc::stream_reset);
}

TEST_F(SpliceTest, ReadsNoMoreThanTheOtherSideTakes) {
    start();
    near_.spawn(send(*near_.left, std::string(10'000'000, 'x'), false));
    run();
    EXPECT_LE(counts_.forward, test::StreamWire::kCapacity + kSpliceBufferSize);
    far_.right->abort();
    run();
    EXPECT_TRUE(end_);
}

TEST_F(SpliceTest, TheMoreAreBusyTheSmallerThePieces) {
    EXPECT_EQ(turns_.piece(), kSpliceBufferSize);
    turns_.busy = 8;
    EXPECT_EQ(turns_.piece(), kSpliceBufferSize);
    turns_.busy = 16;
    EXPECT_EQ(turns_.piece(), kSpliceBufferSize / 2);
    turns_.busy = 100'000;
    EXPECT_EQ(turns_.piece(), SpliceTurns::kSmallestPiece);
}

TEST_F(SpliceTest, ADirectionIsBusyWhileMuchFlows) {
    std::string there;
    start();
    near_.spawn(receive(*far_.right, there));
    near_.spawn(send(*near_.left, std::string(200'000, 'x'), false));
    run();
    EXPECT_EQ(turns_.busy, 1U);
    for (int i = 0; i < 20; ++i) {
        near_.spawn(send(*near_.left, "now and then", false));
        run();
    }
    EXPECT_EQ(turns_.busy, 0U);
    near_.spawn(send(*near_.left, std::string(200'000, 'x'), false));
    run();
    EXPECT_EQ(turns_.busy, 1U);
    far_.right->abort();
    run();
    EXPECT_TRUE(end_);
    EXPECT_EQ(turns_.busy, 0U);
}

}  // namespace
}  // namespace libp2p::protocols
