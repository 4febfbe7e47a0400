// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/protocols/ping.hpp"

#include "tests/unit/libp2p/protocols/stream_pair.hpp"

#include <array>

namespace libp2p {
namespace {

using test::StreamPair;

TEST(Ping, MeasuresARoundTripAgainAndAgainOnOneStream) {
    StreamPair pair(ping::kProtocol);
    pair.left->max_read = 7;  // answers come in pieces
    pair.right->max_read = 5;
    int answered = 0;
    auto ask = [&]() -> awaitable<void> {
        for (int i = 0; i < 10; ++i) {
            auto time = co_await ping::ping(*pair.left);
            answered += time && time->count() >= 0 ? 1 : 0;
        }
        auto closed = co_await pair.left->close_write();
        EXPECT_TRUE(closed);
        std::uint8_t octet = 0;
        auto end = co_await pair.left->read_some(std::span(&octet, 1));
        EXPECT_EQ(end.error(), asio::error::make_error_code(asio::error::eof)) << "the responder closes too";
    };
    pair.spawn(ping::serve(std::move(pair.right)));
    pair.spawn(ask());
    pair.run();
    EXPECT_EQ(answered, 10);
}

TEST(Ping, RefusesAnAnswerWithOtherOctets) {
    StreamPair pair(ping::kProtocol);
    auto lie = [&]() -> awaitable<void> {
        std::array<std::uint8_t, ping::kSize> block;
        auto got = co_await read_exactly(*pair.right, block);
        EXPECT_TRUE(got);
        block.back() ^= 1;
        auto sent = co_await write(*pair.right, block);
        EXPECT_TRUE(sent);
    };
    bool refused = false;
    auto ask = [&]() -> awaitable<void> {
        auto time = co_await ping::ping(*pair.left);
        refused = !time && time.error() == Errc::protocol_violation;
    };
    pair.spawn(lie());
    pair.spawn(ask());
    pair.run();
    EXPECT_TRUE(refused);
}

TEST(Ping, SendsOtherOctetsEachTime) {
    StreamPair pair(ping::kProtocol);
    std::array<std::array<std::uint8_t, ping::kSize>, 2> seen{};
    auto answer = [&]() -> awaitable<void> {
        for (auto& block : seen) {
            auto got = co_await read_exactly(*pair.right, block);
            EXPECT_TRUE(got);
            auto sent = co_await write(*pair.right, block);
            EXPECT_TRUE(sent);
        }
    };
    auto ask = [&]() -> awaitable<void> {
        (co_await ping::ping(*pair.left)).value();
        (co_await ping::ping(*pair.left)).value();
    };
    pair.spawn(answer());
    pair.spawn(ask());
    pair.run();
    EXPECT_NE(seen[0], seen[1]);
}

TEST(Ping, CutsOffASilentPinger) {
    StreamPair pair(ping::kProtocol);
    auto* responder = pair.right.get();
    pair.spawn(ping::serve(std::move(pair.right)));
    pair.io.poll();
    EXPECT_LE(responder->deadline, std::chrono::steady_clock::now() + ping::kIdle);
    responder->expire();
    pair.run();
    bool reset = false;
    auto look = [&]() -> awaitable<void> {
        std::uint8_t octet = 0;
        auto got = co_await pair.left->read_some(std::span(&octet, 1));
        reset = !got && got.error() == Errc::stream_reset;
    };
    pair.spawn(look());
    pair.run();
    EXPECT_TRUE(reset);
}

TEST(Ping, ResetsAStreamThatEndsInTheMiddleOfAPing) {
    StreamPair pair(ping::kProtocol);
    error_code seen;
    auto half = [&]() -> awaitable<void> {
        std::array<std::uint8_t, 5> part{};
        (co_await write(*pair.left, part)).value();
        (co_await pair.left->close_write()).value();
        auto got = co_await pair.left->read_some(part);
        seen = got.error().code();
    };
    pair.spawn(ping::serve(std::move(pair.right)));
    pair.spawn(half());
    pair.run();
    EXPECT_EQ(seen, Errc::stream_reset);
}

}  // namespace
}  // namespace libp2p
