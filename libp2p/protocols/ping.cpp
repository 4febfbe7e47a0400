// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/protocols/ping.hpp"

#include "libp2p/crypto/random.hpp"

#include <array>

namespace libp2p::ping {
namespace {

using Block = std::array<std::uint8_t, kSize>;

}  // namespace

awaitable<void> serve(std::unique_ptr<Stream> stream) {
    Block block;
    for (;;) {
        stream->expires_after(kIdle);
        auto got = co_await read_exactly(*stream, block);
        if (!got) {
            if (got.error() == asio::error::make_error_code(asio::error::eof)) {
                auto closed = co_await stream->close_write();
                (void)closed;  // the remote has gone; there is nobody left to tell
            }
            co_return;
        }
        auto sent = co_await write(*stream, block);
        if (!sent) {
            co_return;
        }
    }
}

awaitable<result<std::chrono::nanoseconds>> ping(Stream& stream) {
    Block question;
    crypto::random_bytes(question);
    const auto start = std::chrono::steady_clock::now();
    auto sent = co_await write(stream, question);
    if (!sent) {
        co_return sent.error();
    }
    Block answer;
    auto got = co_await read_exactly(stream, answer);
    if (!got) {
        co_return got.error();
    }
    const auto time = std::chrono::steady_clock::now() - start;
    if (answer != question) {
        co_return Error(Errc::protocol_violation, "a ping came back with other octets");
    }
    co_return std::chrono::duration_cast<std::chrono::nanoseconds>(time);
}

}  // namespace libp2p::ping
