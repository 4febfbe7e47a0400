// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/protocols/echo.hpp"

#include "tests/unit/libp2p/protocols/stream_pair.hpp"

namespace libp2p {
namespace {

using test::StreamPair;

Bytes counted(std::size_t size) {
    Bytes octets(size);
    for (std::size_t i = 0; i < size; ++i) {
        octets[i] = static_cast<std::uint8_t>(i * 31 + i / 251);
    }
    return octets;
}

/// Sends `sent` and collects what comes back, both at once.
Bytes echoed(StreamPair& pair, const Bytes& sent) {
    Bytes received;
    auto send = [&]() -> awaitable<void> {
        (co_await write(*pair.left, sent)).value();
        (co_await pair.left->close_write()).value();
    };
    auto receive = [&]() -> awaitable<void> {
        Bytes buffer(10'000);
        for (;;) {
            auto got = co_await pair.left->read_some(buffer);
            if (!got) {
                EXPECT_EQ(got.error(), asio::error::make_error_code(asio::error::eof));
                co_return;
            }
            received.insert(received.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*got));
        }
    };
    pair.spawn(echo::serve(std::move(pair.right)));
    pair.spawn(send());
    pair.spawn(receive());
    pair.run();
    return received;
}

TEST(Echo, SendsBackNothingForNothing) {
    StreamPair pair(echo::kProtocol);
    EXPECT_TRUE(echoed(pair, {}).empty());
}

TEST(Echo, SendsBackEveryOctetOfALongStream) {
    StreamPair pair(echo::kProtocol);
    const auto sent = counted(3'000'001);
    EXPECT_TRUE(echoed(pair, sent) == sent);
}

TEST(Echo, TakesSmallPieces) {
    StreamPair pair(echo::kProtocol);
    pair.right->max_read = 3;
    const auto sent = counted(5000);
    EXPECT_TRUE(echoed(pair, sent) == sent);
}

TEST(Echo, TellsAResetFromAnEnd) {
    StreamPair pair(echo::kProtocol);
    error_code ended;
    auto serve = [&]() -> awaitable<void> {
        auto served = co_await echo::serve_until_end(*pair.right);
        ended = served.error().code();
    };
    pair.spawn(serve());
    pair.io.poll();
    pair.left->abort();
    pair.run();
    EXPECT_EQ(ended, Errc::stream_reset);
}

TEST(Echo, WaitsForAReaderInsteadOfHoardingOctets) {
    StreamPair pair(echo::kProtocol);
    std::size_t sent = 0;
    auto send = [&]() -> awaitable<void> {
        const auto part = counted(10'000);
        for (;;) {
            auto written = co_await write(*pair.left, part);
            if (!written) {
                co_return;
            }
            sent += part.size();
        }
    };
    pair.spawn(echo::serve(std::move(pair.right)));
    pair.spawn(send());
    pair.io.poll();
    EXPECT_LE(sent, 4 * test::StreamWire::kCapacity) << "nobody reads the answers";
    pair.left->abort();
    pair.run();
}

}  // namespace
}  // namespace libp2p
