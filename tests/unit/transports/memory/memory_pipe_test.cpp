// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/memory/memory_pipe.hpp"

#include <libp2p/conformance/co_assert.hpp>
#include <libp2p/conformance/loop.hpp>
#include <libp2p/conformance/memory_streams.hpp>
#include <libp2p/conformance/rng.hpp>
#include <libp2p/readable.hpp>

#include <gtest/gtest.h>

#include <array>

namespace libp2p::memory {
namespace {

using namespace std::chrono_literals;
using conformance::cancel_after;
using conformance::Loop;
using conformance::pause;
using conformance::read_to_end;
using conformance::Rng;
using conformance::settle;

const error_code kAborted = asio::error::make_error_code(asio::error::operation_aborted);
const error_code kEof = asio::error::make_error_code(asio::error::eof);
const error_code kReset = asio::error::make_error_code(asio::error::connection_reset);
const error_code kWouldBlock = asio::error::make_error_code(asio::error::would_block);

class MemoryPipe : public testing::TestWithParam<std::chrono::milliseconds> {
protected:
    void make(std::size_t capacity = 1024) {
        PipeOptions options;
        options.latency = GetParam();
        options.capacity = capacity;
        std::tie(near_, far_) = make_pipe(loop_.executor(), loop_.executor(), options);
    }

    awaitable<void> read_once() {
        ++reading_;
        read_ = co_await far_->read_some(buffer_);
        --reading_;
    }

    awaitable<void> write_all(std::size_t size) {
        ++writing_;
        const Bytes octets(size, 0x5a);
        written_ = co_await write(*near_, octets);
        --writing_;
    }

    /// Long enough for what is under way to arrive.
    awaitable<void> arrival() {
        co_await settle();
        co_await pause(GetParam() + 2ms);
        co_await settle();
    }

    Loop loop_;
    std::unique_ptr<ByteStream> near_;
    std::unique_ptr<ByteStream> far_;
    std::array<std::uint8_t, 64> buffer_{};
    result<std::size_t> read_ = Errc::shut_down;
    result<void> written_ = Errc::shut_down;
    int reading_ = 0;
    int writing_ = 0;
};

TEST_P(MemoryPipe, CarriesOctetsInOrderBothWays) {
    make();
    auto test = [&]() -> awaitable<void> {
        auto sent = co_await write(*near_, as_bytes("ping"));
        LIBP2P_EXPECT_OK(sent);
        Bytes into(4);
        auto got = co_await read_exactly(*far_, into);
        LIBP2P_EXPECT_OK(got);
        EXPECT_EQ(as_text(into), "ping");
        sent = co_await write(*far_, as_bytes("pong"));
        LIBP2P_EXPECT_OK(sent);
        got = co_await read_exactly(*near_, into);
        LIBP2P_EXPECT_OK(got);
        EXPECT_EQ(as_text(into), "pong");
    };
    loop_.run(test());
}

TEST_P(MemoryPipe, AReadCrossesTheBoundsOfWrites) {
    make();
    auto test = [&]() -> awaitable<void> {
        const std::array<ByteView, 3> parts = {as_bytes("one "), ByteView(), as_bytes("two ")};
        auto sent = co_await near_->write(parts);
        LIBP2P_EXPECT_OK(sent);
        sent = co_await write(*near_, as_bytes("three"));
        LIBP2P_EXPECT_OK(sent);
        co_await arrival();
        auto got = co_await far_->read_some(buffer_);
        LIBP2P_CO_ASSERT_OK(got);
        EXPECT_EQ(as_text(ByteView(buffer_).first(*got)), "one two three");
    };
    loop_.run(test());
}

TEST_P(MemoryPipe, AFullPipeMakesTheWriterWait) {
    make(100);
    auto test = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(write_all(150));
        co_await arrival();
        EXPECT_EQ(writing_, 1);
        Bytes into(50);
        auto got = co_await read_exactly(*far_, into);
        LIBP2P_EXPECT_OK(got);
        co_await settle();
        EXPECT_EQ(writing_, 0);
        LIBP2P_EXPECT_OK(written_);
        into.resize(100);
        got = co_await read_exactly(*far_, into);
        LIBP2P_EXPECT_OK(got);
    };
    loop_.run(with_tasks(test));
}

TEST_P(MemoryPipe, TheEndComesAfterTheData) {
    make();
    auto test = [&]() -> awaitable<void> {
        auto sent = co_await write(*near_, as_bytes("last words"));
        LIBP2P_EXPECT_OK(sent);
        sent = co_await near_->close_write();
        LIBP2P_EXPECT_OK(sent);
        auto all = co_await read_to_end(*far_, 3);
        LIBP2P_CO_ASSERT_OK(all);
        EXPECT_EQ(as_text(*all), "last words");
        auto again = co_await far_->read_some(buffer_);
        LIBP2P_EXPECT_ERROR(again, kEof);
        sent = co_await write(*near_, as_bytes("more"));
        LIBP2P_EXPECT_ERROR(sent, Errc::write_closed);
        sent = co_await write(*far_, as_bytes("other way"));
        LIBP2P_EXPECT_OK(sent);
        auto got = co_await near_->read_some(buffer_);
        LIBP2P_EXPECT_OK(got);
    };
    loop_.run(test());
}

TEST_P(MemoryPipe, AnAbortComesAfterTheDataToo) {
    make();
    auto test = [&]() -> awaitable<void> {
        auto sent = co_await write(*near_, as_bytes("last words"));
        LIBP2P_EXPECT_OK(sent);
        near_->abort();
        Bytes into(10);
        auto got = co_await read_exactly(*far_, into);
        LIBP2P_EXPECT_OK(got);
        auto end = co_await far_->read_some(buffer_);
        LIBP2P_EXPECT_ERROR(end, kReset);
        sent = co_await write(*far_, as_bytes("anybody?"));
        LIBP2P_EXPECT_ERROR(sent, kReset);
        end = co_await near_->read_some(buffer_);
        LIBP2P_EXPECT_ERROR(end, kAborted);
        sent = co_await write(*near_, as_bytes("more"));
        LIBP2P_EXPECT_ERROR(sent, kAborted);
        sent = co_await near_->close_write();
        LIBP2P_EXPECT_ERROR(sent, kAborted);
    };
    loop_.run(test());
}

TEST_P(MemoryPipe, DestructionIsAnAbort) {
    make();
    auto test = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(read_once());
        co_await settle();
        near_.reset();
        co_await arrival();
        EXPECT_EQ(reading_, 0);
        LIBP2P_EXPECT_ERROR(read_, kReset);
    };
    loop_.run(with_tasks(test));
}

TEST_P(MemoryPipe, AnAbortWakesOurOwnReaderAndWriter) {
    make(10);
    auto other = [&]() -> awaitable<void> {
        std::array<std::uint8_t, 8> into{};
        auto got = co_await near_->read_some(into);
        LIBP2P_EXPECT_ERROR(got, kAborted);
    };
    auto test = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(write_all(100));
        tasks.spawn(other());
        co_await settle();
        near_->abort();
        co_await settle();
        EXPECT_EQ(writing_, 0);
        LIBP2P_EXPECT_ERROR(written_, kAborted);
        near_->abort();
    };
    loop_.run(with_tasks(test));
}

TEST_P(MemoryPipe, ARemoteThatGoesWakesAWaitingWriter) {
    make(10);
    auto test = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(write_all(100));
        co_await settle();
        far_.reset();
        co_await arrival();
        EXPECT_EQ(writing_, 0);
        LIBP2P_EXPECT_ERROR(written_, kReset);
    };
    loop_.run(with_tasks(test));
}

TEST_P(MemoryPipe, AWriterWithoutAReaderFillsNothing) {
    make(1024);
    auto test = [&]() -> awaitable<void> {
        far_.reset();
        co_await arrival();
        auto sent = co_await write(*near_, as_bytes("anybody?"));
        LIBP2P_EXPECT_ERROR(sent, kReset);
    };
    loop_.run(test());
}

TEST_P(MemoryPipe, CancelsAReadAtEveryPoint) {
    auto read_twice = [&]() -> awaitable<void> {
        make();
        auto sent = co_await write(*near_, as_bytes("x"));
        LIBP2P_EXPECT_OK(sent);
        read_ = co_await far_->read_some(buffer_);
        if (read_) {
            read_ = co_await far_->read_some(buffer_);
        }
        LIBP2P_EXPECT_ERROR(read_, kAborted);
    };
    auto test = [&]() -> awaitable<void> {
        for (std::size_t steps = 1; steps < 12; ++steps) {
            const bool cut = co_await cancel_after(loop_, steps, read_twice());
            EXPECT_TRUE(cut);
        }
    };
    loop_.run(test());
}

TEST_P(MemoryPipe, CancelsAWriteAtEveryPoint) {
    auto test = [&]() -> awaitable<void> {
        for (std::size_t steps = 1; steps < 8; ++steps) {
            make(10);
            const bool cut = co_await cancel_after(loop_, steps, write_all(100));
            EXPECT_TRUE(cut);
            writing_ = 0;
        }
    };
    loop_.run(test());
}

TEST_P(MemoryPipe, TellsWhenItIsReadable) {
    make();
    auto* readable = dynamic_cast<Readable*>(far_.get());
    ASSERT_NE(readable, nullptr);
    auto test = [&]() -> awaitable<void> {
        error_code ec;
        EXPECT_EQ(readable->try_read_some(buffer_, ec), 0U);
        EXPECT_EQ(ec, kWouldBlock);
        auto sent = co_await write(*near_, as_bytes("abc"));
        LIBP2P_EXPECT_OK(sent);
        auto waited = co_await readable->wait_readable();
        LIBP2P_EXPECT_OK(waited);
        EXPECT_EQ(readable->try_read_some(std::span(buffer_).first(2), ec), 2U);
        EXPECT_FALSE(ec);
        EXPECT_EQ(readable->try_read_some(buffer_, ec), 1U);
        near_->abort();
        waited = co_await readable->wait_readable();
        LIBP2P_EXPECT_OK(waited);
        EXPECT_EQ(readable->try_read_some(buffer_, ec), 0U);
        EXPECT_EQ(ec, kReset);
    };
    loop_.run(test());
}

TEST_P(MemoryPipe, CarriesALotBothWaysAtOnce) {
    make(64 * 1024);
    Rng rng(7);
    const auto there = rng.bytes(300'000);
    const auto back = rng.bytes(300'000);
    auto send = [](ByteStream& stream, const Bytes& octets) -> awaitable<void> {
        auto sent = co_await write(stream, octets);
        LIBP2P_EXPECT_OK(sent);
        sent = co_await stream.close_write();
        LIBP2P_EXPECT_OK(sent);
    };
    auto receive = [](ByteStream& stream, const Bytes& expected) -> awaitable<void> {
        auto got = co_await read_to_end(stream, 10'000);
        LIBP2P_CO_ASSERT_OK(got);
        EXPECT_EQ(*got, expected);
    };
    auto test = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(send(*near_, there));
        tasks.spawn(send(*far_, back));
        tasks.spawn(receive(*near_, back));
        tasks.spawn(receive(*far_, there));
        co_await tasks.join();
    };
    loop_.run(with_tasks(test));
}

INSTANTIATE_TEST_SUITE_P(Latency, MemoryPipe, testing::Values(0ms, 3ms), [](const auto& latency) {
    return std::to_string(latency.param.count()) + "ms";
});

TEST(MemoryPipeLatency, AnOctetArrivesNoSooner) {
    Loop loop;
    PipeOptions options;
    options.latency = 30ms;
    auto [near, far] = make_pipe(loop.executor(), loop.executor(), options);
    auto* sender = near.get();
    auto* receiver = far.get();
    auto test = [&]() -> awaitable<void> {
        std::array<std::uint8_t, 8> into{};
        const auto begin = std::chrono::steady_clock::now();
        auto sent = co_await write(*sender, as_bytes("a"));
        LIBP2P_EXPECT_OK(sent);
        auto got = co_await receiver->read_some(into);
        LIBP2P_EXPECT_OK(got);
        EXPECT_GE(std::chrono::steady_clock::now() - begin, 30ms);
    };
    loop.run(test());
}

TEST(MemoryPipeLatency, OctetsUnderWayDoNotWaitForEachOther) {
    Loop loop;
    PipeOptions options;
    options.latency = 50ms;
    auto [near, far] = make_pipe(loop.executor(), loop.executor(), options);
    auto* sender = near.get();
    auto* receiver = far.get();
    auto test = [&]() -> awaitable<void> {
        const auto begin = std::chrono::steady_clock::now();
        for (int i = 0; i < 20; ++i) {
            auto sent = co_await write(*sender, as_bytes("a"));
            LIBP2P_EXPECT_OK(sent);
        }
        Bytes into(20);
        auto got = co_await read_exactly(*receiver, into);
        LIBP2P_EXPECT_OK(got);
        EXPECT_LT(std::chrono::steady_clock::now() - begin, 20 * 50ms);
    };
    loop.run(test());
}

class Chunks : public testing::TestWithParam<conformance::Chunking> {};

TEST_P(Chunks, TheOctetsAreTheSame) {
    Loop loop;
    conformance::PairOptions options;
    options.chunking = GetParam();
    auto [near, far] = conformance::memory_pair(loop.executor(), options);
    auto* sender = near.get();
    auto* receiver = far.get();
    Rng rng(3);
    const auto octets = rng.bytes(10'000);
    auto test = [&]() -> awaitable<void> {
        auto sent = co_await write(*sender, octets);
        LIBP2P_EXPECT_OK(sent);
        sent = co_await sender->close_write();
        LIBP2P_EXPECT_OK(sent);
        auto got = co_await read_to_end(*receiver);
        LIBP2P_CO_ASSERT_OK(got);
        EXPECT_EQ(*got, octets);
    };
    loop.run(test());
}

INSTANTIATE_TEST_SUITE_P(
    All,
    Chunks,
    testing::Values(conformance::Chunking::whole, conformance::Chunking::octets, conformance::Chunking::random)
);

}  // namespace
}  // namespace libp2p::memory
