// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "muxing/yamux/yamux_connection.hpp"
#include "tests/unit/muxing/support/memory_channel.hpp"

#include <libp2p/tasks.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

namespace libp2p::yamux::test {

using libp2p::test::MemoryChannel;
using StreamPtr = std::unique_ptr<Stream>;

inline error_code eof() {
    return asio::error::make_error_code(asio::error::eof);
}

inline Bytes pattern(std::size_t size) {
    Bytes bytes(size);
    std::uint32_t x = 1;
    for (auto& octet : bytes) {
        x = x * 1'664'525 + 1'013'904'223;
        octet = static_cast<std::uint8_t>(x >> 24U);
    }
    return bytes;
}

inline awaitable<void> pause(std::chrono::nanoseconds time) {
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, time);
    co_await timer.async_wait(as_result);
}

/// Lets everything run that can run now.
inline awaitable<void> settle() {
    auto executor = co_await asio::this_coro::executor;
    for (int i = 0; i < 200; ++i) {
        co_await asio::post(executor, asio::use_awaitable);
    }
}

/// Reads up to the end, or to an error.
inline awaitable<result<Bytes>> read_to_end(Stream& stream, std::size_t piece = 64 * 1024) {
    Bytes all;
    Bytes buffer(piece);
    for (;;) {
        auto got = co_await stream.read_some(buffer);
        if (!got) {
            if (got.error() == eof()) {
                co_return all;
            }
            co_return got.error();
        }
        all.insert(all.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*got));
    }
}

inline awaitable<void> run_connection(Connection& connection, Error& why) {
    why = co_await connection.run();
}

/// Two connections on one executor, run by tasks of a scope.
class ConnectionPair : public testing::Test {
protected:
    void make(std::size_t capacity = 256 * 1024) {
        auto channels = libp2p::test::memory_channels(io.get_executor(), capacity);
        client_channel = channels.first.get();
        server_channel = channels.second.get();
        client = std::make_unique<YamuxConnection>(
            std::move(channels.first),
            libp2p::test::test_connection_info(Direction::outbound),
            client_budget,
            limits,
            timeouts
        );
        server = std::make_unique<YamuxConnection>(
            std::move(channels.second),
            libp2p::test::test_connection_info(Direction::inbound),
            server_budget,
            limits,
            timeouts
        );
    }

    /// Runs both connections and `script` next to them; fails when the script has not ended after some seconds.
    template <class Script>
    void play(Script script) {
        if (!client) {
            make();
        }
        bool ended = false;
        auto all = [&]() -> awaitable<void> {
            auto body = [&](TaskScope& tasks) -> awaitable<void> {
                tasks.spawn(run_connection(*client, client_end));
                tasks.spawn(run_connection(*server, server_end));
                co_await script();
                ended = true;
            };
            co_await with_tasks(body);
        };
        std::exception_ptr failure;
        asio::co_spawn(io, all, [&](std::exception_ptr thrown) { failure = thrown; });
        io.run_for(std::chrono::seconds(30));
        if (failure) {
            std::rethrow_exception(failure);
        }
        EXPECT_TRUE(ended) << "the script hangs";
    }

    /// A stream from the client to the server; both ends.
    awaitable<std::pair<StreamPtr, StreamPtr>> pair() {
        auto ours = co_await client->open_stream();
        auto theirs = co_await server->accept_stream();
        std::pair<StreamPtr, StreamPtr> both(std::move(ours.value()), std::move(theirs.value()));
        co_return both;
    }

    asio::io_context io{1};
    Limits limits;
    Timeouts timeouts;
    std::shared_ptr<Budget> client_budget;
    std::shared_ptr<Budget> server_budget;
    MemoryChannel* client_channel = nullptr;
    MemoryChannel* server_channel = nullptr;
    std::unique_ptr<YamuxConnection> client;
    std::unique_ptr<YamuxConnection> server;
    Error client_end;
    Error server_end;
};

inline awaitable<void> write_all(Stream& stream, ByteView bytes) {
    auto written = co_await write(stream, bytes);
    EXPECT_TRUE(written) << written.error();
    auto closed = co_await stream.close_write();
    EXPECT_TRUE(closed) << closed.error();
}

}  // namespace libp2p::yamux::test
