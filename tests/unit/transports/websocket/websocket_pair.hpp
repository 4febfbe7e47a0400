// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/websocket/http_front.hpp"
#include "transports/websocket/websocket_stream.hpp"

#include <libp2p/conformance/co_assert.hpp>
#include <libp2p/conformance/loop.hpp>
#include <libp2p/conformance/memory_streams.hpp>
#include <libp2p/timeout.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

/// A WebSocket's server, and a remote that says what a test wants.
namespace libp2p::websocket::test {

using namespace std::chrono_literals;

inline constexpr std::string_view kUpgrade =
    "GET / HTTP/1.1\r\nHost: node\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// The answer that belongs to that key (RFC 6455, section 1.3).
inline constexpr std::string_view kAccept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

inline constexpr std::uint8_t kFin = 0x80;
inline constexpr std::uint8_t kMore = 0;
inline constexpr std::uint8_t kText = 1;
inline constexpr std::uint8_t kBinary = 2;
inline constexpr std::uint8_t kClose = 8;
inline constexpr std::uint8_t kPing = 9;
inline constexpr std::uint8_t kPong = 10;

/// A frame as a client sends it, masked (RFC 6455, section 5.2); `length` is what the header says.
inline std::string frame(std::uint8_t first, std::string_view payload, std::uint64_t length) {
    constexpr std::string_view kMask = "\x11\x22\x33\x44";
    std::string out(1, static_cast<char>(first));
    const auto octets = length < 126 ? 0U : length < 65'536 ? 2U : 8U;
    out += static_cast<char>(0x80U | (octets == 0 ? length : octets == 2 ? 126U : 127U));
    for (unsigned i = octets; i > 0; --i) {
        out += static_cast<char>(length >> (8U * (i - 1)));
    }
    out += kMask;
    for (std::size_t i = 0; i < payload.size(); ++i) {
        out += static_cast<char>(payload[i] ^ kMask[i % kMask.size()]);
    }
    return out;
}

inline std::string frame(std::uint8_t first, std::string_view payload) {
    return frame(first, payload, payload.size());
}

/// The answer to `kUpgrade`, and what came behind it.
struct Heard {
    std::string head;
    std::string frames;
};

inline Heard split_answer(std::string_view octets) {
    const auto end = octets.find("\r\n\r\n");
    if (end == std::string_view::npos) {
        return {std::string(octets), ""};
    }
    return {std::string(octets.substr(0, end)), std::string(octets.substr(end + 4))};
}

/// All that has arrived, however it ended.
inline awaitable<std::string> read_what_came(ByteStream& from) {
    std::string all;
    Bytes part(4096);
    for (;;) {
        auto got = co_await from.read_some(part);
        if (!got) {
            co_return all;
        }
        all += as_text(ByteView(part).first(*got));
    }
}

class WebSocketTest : public testing::Test {
protected:
    void TearDown() override { EXPECT_TRUE(budget->used().is_zero()); }

    conformance::Loop loop;
    std::shared_ptr<Budget> budget = Budget::make("test", "limits.connection", Limits().connection);
    WebSocketStream::Options options{1024 * 1024, 200ms};
};

/// Accepts a WebSocket from `raw`, with what a listener does.
inline awaitable<result<std::unique_ptr<WebSocketStream>>> accept(
    std::unique_ptr<ByteStream> raw, WebSocketStream::Options options, std::shared_ptr<Budget> budget
) {
    HttpHandler no_page;
    auto asked = co_await wait_for_upgrade(std::move(raw), no_page, budget);
    if (!asked) {
        co_return asked.error();
    }
    auto stream = co_await WebSocketStream::answer(
        std::move(asked->raw), std::move(asked->head), std::move(asked->early), options, budget
    );
    co_return stream;
}

/// Both ends of a WebSocket, made as they are over a socket.
struct Ends {
    std::unique_ptr<WebSocketStream> dialer;
    std::unique_ptr<WebSocketStream> listener;
};

inline awaitable<void> accept_into(
    std::unique_ptr<ByteStream> raw, WebSocketStream::Options options, std::shared_ptr<Budget> budget, Ends& ends
) {
    auto accepted = co_await accept(std::move(raw), options, budget);
    LIBP2P_CO_ASSERT_OK(accepted);
    ends.listener = std::move(*accepted);
}

inline awaitable<Ends> connect(
    conformance::StreamPair raw, WebSocketStream::Options options, std::shared_ptr<Budget> budget
) {
    Ends ends;
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(accept_into(std::move(raw.second), options, budget, ends));
        std::string host("node");
        std::string target("/");
        auto dialled = co_await WebSocketStream::request(
            std::move(raw.first), std::move(host), std::move(target), options, budget
        );
        LIBP2P_CO_ASSERT_OK(dialled);
        ends.dialer = std::move(*dialled);
        auto both = co_await conformance::eventually([&ends] { return ends.listener != nullptr; });
        EXPECT_TRUE(both);
    };
    co_await with_tasks(body);
    co_return std::move(ends);
}

}  // namespace libp2p::websocket::test
