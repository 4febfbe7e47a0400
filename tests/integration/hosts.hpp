// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/default_stack.hpp>
#include <libp2p/host.hpp>
#include <libp2p/protocols/echo.hpp>
#include <libp2p/protocols/ping.hpp>
#include <libp2p/timeout.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <memory>
#include <string>

namespace libp2p::test {

using namespace std::chrono_literals;

/// A host with the default stack, or what `add_stack` adds instead, that serves echo and ping.
struct Node {
    using AddStack = void (*)(Host& host, const Identity& identity);

    explicit Node(
        asio::io_context& io,
        HostOptions options = {},
        Identity who = Identity::generate(),
        AddStack add_stack = add_default_stack
    )
        : identity(std::move(who)), host(io.get_executor(), identity, std::move(options)) {
        add_stack(host, identity);
        host.handle(echo::kProtocol, echo::serve);
        host.handle(ping::kProtocol, ping::serve);
    }

    Identity identity;
    Host host;
};

/// Runs `body` on `io` until everything that it started has ended. Fails the test when that takes longer than `limit`.
inline void run(asio::io_context& io, awaitable<void> body, std::chrono::seconds limit = 60s) {
    std::exception_ptr failure;
    bool ended = false;
    asio::co_spawn(io, std::move(body), [&](std::exception_ptr thrown) {
        failure = thrown;
        ended = true;
    });
    io.run_for(limit);
    ASSERT_TRUE(ended) << "the test's coroutine did not end in time";
    EXPECT_TRUE(io.stopped()) << "work is left behind after the test's coroutine has ended";
    if (failure) {
        std::rethrow_exception(failure);
    }
}

/// Listens on a free loopback port and returns the full address.
inline awaitable<Multiaddr> listen(Node& node, std::string text = "/ip4/127.0.0.1/tcp/0") {
    auto bound = co_await node.host.listen(Multiaddr::parse(text).value());
    co_return bound.value().with_peer(node.host.id());
}

/// Closes a node and requires that its budget reads zero.
inline awaitable<void> close(Node& node) {
    co_await node.host.close();
    EXPECT_TRUE(node.host.resources().system_usage().is_zero());
}

/// Sends `text` over an echo stream, closes the writing side and reads the answer to its end.
inline awaitable<result<std::string>> echo_once(Node& from, PeerId to, std::string text) {
    auto opened = co_await from.host.open_stream(std::move(to), ProtocolId(echo::kProtocol));
    if (!opened) {
        co_return opened.error();
    }
    auto stream = std::move(*opened);
    auto written = co_await write(*stream, as_bytes(text));
    if (!written) {
        co_return written.error();
    }
    auto closed = co_await stream->close_write();
    if (!closed) {
        co_return closed.error();
    }
    std::string answer;
    Bytes buffer(4096);
    for (;;) {
        auto got = co_await stream->read_some(buffer);
        if (!got && got.error() == asio::error::make_error_code(asio::error::eof)) {
            co_return answer;
        }
        if (!got) {
            co_return got.error();
        }
        answer.append(as_text(ByteView(buffer).first(*got)));
    }
}

}  // namespace libp2p::test
