// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/asio_stream.hpp"

#include "tests/unit/libp2p/protocols/stream_pair.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <optional>
#include <string>

namespace libp2p {
namespace {

using test::StreamPair;

class AsioStreamTest : public testing::Test {
protected:
    AsioStreamTest() : left(std::move(pair.left)), right(std::move(pair.right)) {}

    StreamPair pair{"/test"};
    AsioStream left;
    AsioStream right;
};

TEST_F(AsioStreamTest, RunsAsiosAlgorithms) {
    std::string received;
    auto send = [&]() -> awaitable<void> {
        const std::array parts{asio::buffer("one\n", 4), asio::buffer("", 0), asio::buffer("two\nrest", 8)};
        auto sent = co_await asio::async_write(left, parts, asio::use_awaitable);
        EXPECT_EQ(sent, 12U);
    };
    auto receive = [&]() -> awaitable<void> {
        auto into = asio::dynamic_buffer(received);
        auto line = co_await asio::async_read_until(right, into, '\n', asio::use_awaitable);
        EXPECT_EQ(line, 4U);
        auto size = asio::transfer_exactly(12 - received.size());
        co_await asio::async_read(right, into, size, asio::use_awaitable);
    };
    pair.spawn(send());
    pair.spawn(receive());
    pair.run();
    EXPECT_EQ(received, "one\ntwo\nrest");
}

TEST_F(AsioStreamTest, WritesMoreBuffersThanOneCallTakes) {
    std::vector<asio::const_buffer> parts(40, asio::buffer("abc", 3));
    std::string received(120, ' ');
    auto send = [&]() -> awaitable<void> { co_await asio::async_write(left, parts, asio::use_awaitable); };
    auto receive = [&]() -> awaitable<void> {
        co_await asio::async_read(right, asio::buffer(received), asio::use_awaitable);
    };
    pair.spawn(send());
    pair.spawn(receive());
    pair.run();
    EXPECT_EQ(received.substr(114), "abcabc");
}

TEST_F(AsioStreamTest, CallsAFunctionBackAndNeverAtOnce) {
    std::array<char, 8> octets{};
    bool called = false;
    left.async_write_some(asio::buffer("hello", 5), [](error_code ec, std::size_t size) {
        EXPECT_FALSE(ec);
        EXPECT_EQ(size, 5U);
    });
    pair.run();
    asio::post(pair.io, [&] {
        bool returned = false;
        right.async_read_some(asio::buffer(octets), [&](error_code ec, std::size_t size) {
            EXPECT_FALSE(ec);
            EXPECT_EQ(size, 5U);
            called = true;
        });
        returned = true;
        EXPECT_TRUE(returned && !called) << "the octets were there, and still";
    });
    pair.run();
    EXPECT_TRUE(called);
}

TEST_F(AsioStreamTest, TellsTheEndAndAReset) {
    std::array<char, 8> octets;
    error_code end;
    error_code reset;
    auto read = [&]() -> awaitable<void> {
        (co_await left.stream().close_write()).value();
        auto [first, none] = co_await right.async_read_some(asio::buffer(octets), as_result);
        end = first;
        left.stream().abort(StreamErrorCode::none);
        auto [second, nothing] = co_await right.async_read_some(asio::buffer(octets), as_result);
        reset = second;
        EXPECT_EQ(none + nothing, 0U);
    };
    pair.spawn(read());
    pair.run();
    EXPECT_EQ(end, asio::error::make_error_code(asio::error::eof));
    EXPECT_EQ(reset, Errc::stream_reset);
}

TEST_F(AsioStreamTest, DoesNothingWithEmptyBuffers) {
    int completed = 0;
    auto count = [&](error_code ec, std::size_t size) {
        EXPECT_FALSE(ec);
        EXPECT_EQ(size, 0U);
        ++completed;
    };
    right.async_read_some(asio::mutable_buffer(), count);
    left.async_write_some(asio::const_buffer(), count);
    pair.run();
    EXPECT_EQ(completed, 2);
}

TEST_F(AsioStreamTest, CanBeCancelled) {
    std::array<char, 8> octets;
    asio::cancellation_signal signal;
    std::optional<error_code> ended;
    right.async_read_some(
        asio::buffer(octets),
        asio::bind_cancellation_slot(signal.slot(), [&](error_code ec, std::size_t) { ended = ec; })
    );
    pair.io.poll();
    EXPECT_FALSE(ended);
    signal.emit(asio::cancellation_type::terminal);
    pair.run();
    EXPECT_EQ(ended, asio::error::make_error_code(asio::error::operation_aborted));
}

TEST_F(AsioStreamTest, CompletesOnTheExecutorOfTheHandler) {
    auto strand = asio::make_strand(pair.io);
    bool there = false;
    left.async_write_some(asio::buffer("x", 1), asio::bind_executor(strand, [&](error_code, std::size_t) {
                              there = strand.running_in_this_thread();
                          }));
    pair.run();
    EXPECT_TRUE(there);
}

TEST_F(AsioStreamTest, GivesItsStreamBack) {
    auto stream = left.release();
    ASSERT_TRUE(stream);
    EXPECT_EQ(stream->protocol(), "/test");
}

}  // namespace
}  // namespace libp2p
