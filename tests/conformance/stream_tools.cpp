// SPDX-License-Identifier: MIT OR Apache-2.0
#include <libp2p/conformance/co_assert.hpp>
#include <libp2p/conformance/memory_streams.hpp>
#include <libp2p/conformance/rng.hpp>
#include <libp2p/conformance/stream_tools.hpp>

#include <algorithm>
#include <array>

namespace libp2p::conformance {
namespace {

constexpr std::size_t kBlock = 64 * 1024;

awaitable<void> echo(std::unique_ptr<Stream> stream) {
    Bytes buffer(16 * 1024);
    for (;;) {
        auto got = co_await stream->read_some(buffer);
        if (!got) {
            break;  // the end, or whatever the test did to the stream
        }
        auto sent = co_await write(*stream, ByteView(buffer).first(*got));
        if (!sent) {
            break;
        }
    }
    (void)co_await stream->close_write();
}

awaitable<void> send_and_close(ByteStream& stream, ByteView octets) {
    auto sent = co_await write(stream, octets);
    LIBP2P_EXPECT_OK(sent);
    sent = co_await stream.close_write();
    LIBP2P_EXPECT_OK(sent);
}

}  // namespace

awaitable<result<StreamEnds>> open_pair(Connection& from, Connection& to) {
    auto opened = co_await from.open_stream();
    if (!opened) {
        co_return opened.error().with_context("open_stream");
    }
    std::array<std::uint8_t, 1> octet{0x21};
    auto sent = co_await write(**opened, octet);
    if (!sent) {
        co_return sent.error().with_context("first write");
    }
    auto accepted = co_await to.accept_stream();
    if (!accepted) {
        co_return accepted.error().with_context("accept_stream");
    }
    auto got = co_await read_exactly(**accepted, octet);
    if (!got) {
        co_return got.error().with_context("first read");
    }
    StreamEnds ends;
    ends.near = std::move(*opened);
    ends.far = std::move(*accepted);
    co_return std::move(ends);
}

awaitable<void> serve_echo(Connection& connection, TaskScope& tasks) {
    for (;;) {
        auto stream = co_await connection.accept_stream();
        if (!stream) {
            co_return;
        }
        tasks.spawn(echo(std::move(*stream)));
    }
}

awaitable<bool> echoes(Connection& connection, ByteView octets) {
    auto opened = co_await connection.open_stream();
    LIBP2P_EXPECT_OK(opened);
    if (!opened) {
        co_return false;
    }
    auto stream = std::move(*opened);
    result<Bytes> back = Errc::shut_down;
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(send_and_close(*stream, octets));
        back = co_await read_to_end(*stream);
    };
    co_await with_tasks(body);
    LIBP2P_EXPECT_OK(back);
    co_return back&& std::equal(back->begin(), back->end(), octets.begin(), octets.end());
}

awaitable<bool> send_random(ByteStream& stream, std::uint64_t seed, std::size_t size) {
    Rng rng(seed);
    Bytes block(kBlock);
    while (size > 0) {
        rng.fill(block);
        const auto part = std::min(size, block.size());
        auto sent = co_await write(stream, ByteView(block).first(part));
        LIBP2P_EXPECT_OK(sent);
        if (!sent) {
            co_return false;
        }
        size -= part;
    }
    co_return true;
}

awaitable<bool> expect_random(ByteStream& stream, std::uint64_t seed, std::size_t size) {
    Rng rng(seed);
    Bytes block(kBlock);
    Bytes received(kBlock);
    while (size > 0) {
        rng.fill(block);
        const auto part = std::min(size, block.size());
        auto got = co_await read_exactly(stream, std::span(received).first(part));
        LIBP2P_EXPECT_OK(got);
        if (!got || !std::equal(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(part), received.begin())) {
            co_return false;
        }
        size -= part;
    }
    co_return true;
}

awaitable<Error> read_to_failure(ByteStream& stream) {
    Bytes buffer(kBlock);
    for (;;) {
        auto got = co_await stream.read_some(buffer);
        if (!got) {
            co_return got.error();
        }
    }
}

awaitable<void> keep_read(ByteStream& stream, result<std::size_t>& outcome, bool& done) {
    Bytes buffer(1024);
    outcome = co_await stream.read_some(buffer);
    done = true;
}

awaitable<void> keep_write(ByteStream& stream, std::size_t size, result<void>& outcome, bool& done) {
    const Bytes octets(size, 0x5a);
    outcome = co_await write(stream, octets);
    done = true;
}

}  // namespace libp2p::conformance
