// SPDX-License-Identifier: MIT OR Apache-2.0
#include "muxing/yamux/yamux_connection.hpp"
#include "tests/unit/muxing/support/memory_channel.hpp"

#include <libp2p/tasks.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <string_view>
#include <vector>

// What yamux costs by itself: both ends of a connection in one thread, over a channel that copies octets in memory.
// Seconds are those of the processor.
// Usage: yamux_memory_bench [raw|one|many|streams|ping|memory]...

namespace libp2p::yamux {
namespace {

/// Time that this process has computed for: others on the machine do not count.
double cpu_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

constexpr std::size_t kPiece = 64 * 1024;
constexpr std::uint64_t kTotal = 4ULL << 30U;

awaitable<void> run_connection(Connection& connection) {
    (void)co_await connection.run();
}

/// Two connections, and scripts next to them.
struct Pair {
    Pair() {
        auto channels = test::memory_channels(io.get_executor(), 1U << 20U);
        client = std::make_unique<YamuxConnection>(
            std::move(channels.first), test::test_connection_info(Direction::outbound), nullptr, limits, timeouts
        );
        server = std::make_unique<YamuxConnection>(
            std::move(channels.second), test::test_connection_info(Direction::inbound), nullptr, limits, timeouts
        );
    }

    template <class Script>
    double play(Script script) {
        auto all = [&]() -> awaitable<void> {
            auto body = [&](TaskScope& tasks) -> awaitable<void> {
                tasks.spawn(run_connection(*client));
                tasks.spawn(run_connection(*server));
                co_await script();
            };
            co_await with_tasks(body);
        };
        auto start = cpu_seconds();
        asio::co_spawn(io, all, [](std::exception_ptr failure) {
            if (failure) {
                std::rethrow_exception(failure);
            }
        });
        io.run();
        return cpu_seconds() - start;
    }

    asio::io_context io{1};
    Limits limits;
    Timeouts timeouts;
    std::unique_ptr<YamuxConnection> client;
    std::unique_ptr<YamuxConnection> server;
};

awaitable<void> send(Stream& stream, std::uint64_t total) {
    Bytes piece(kPiece, 7);
    for (std::uint64_t sent = 0; sent < total; sent += kPiece) {
        auto written = co_await write(stream, piece);
        if (!written) {
            co_return;
        }
    }
    (void)co_await stream.close_write();
}

awaitable<void> receive(Stream& stream, std::uint64_t& octets) {
    Bytes buffer(kPiece);
    for (;;) {
        auto got = co_await stream.read_some(buffer);
        if (!got) {
            co_return;
        }
        octets += *got;
    }
}

awaitable<void> send_on_new_stream(Connection& connection, std::uint64_t total) {
    auto stream = co_await connection.open_stream();
    co_await send(**stream, total);
    Bytes end(1);
    (void)co_await (*stream)->read_some(end);
}

void throughput(std::size_t streams) {
    Pair pair;
    std::vector<std::uint64_t> octets(streams);
    std::vector<std::unique_ptr<Stream>> accepted;
    std::vector<std::uint64_t> at_half;
    auto script = [&]() -> awaitable<void> {
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            for (std::size_t i = 0; i < streams; ++i) {
                tasks.spawn(send_on_new_stream(*pair.client, kTotal / streams));
            }
            auto serve = [&](std::size_t i) -> awaitable<void> {
                co_await receive(*accepted[i], octets[i]);
                if (at_half.empty()) {
                    at_half = octets;  // the first to finish tells how far the others are
                }
                (void)co_await accepted[i]->close_write();
            };
            for (std::size_t i = 0; i < streams; ++i) {
                auto stream = co_await pair.server->accept_stream();
                accepted.push_back(std::move(*stream));
            }
            for (std::size_t i = 0; i < streams; ++i) {
                tasks.spawn(serve(i));
            }
            co_await tasks.join();
        };
        co_await with_tasks(body);
    };
    auto seconds = pair.play(script);
    double sum = 0;
    double squares = 0;
    for (auto each : at_half) {
        sum += static_cast<double>(each);
        squares += static_cast<double>(each) * static_cast<double>(each);
    }
    std::printf(
        "%3zu stream(s)            %8.0f MB/s   %.3f ns an octet   Jain %.3f\n",
        streams,
        static_cast<double>(kTotal) / seconds / 1e6,
        seconds * 1e9 / static_cast<double>(kTotal),
        sum * sum / (static_cast<double>(streams) * squares)
    );
}

/// The channel without yamux: what its copies and the reader's copy cost.
void raw() {
    asio::io_context io(1);
    auto channels = test::memory_channels(io.get_executor(), 1U << 20U);
    auto write_side = [&]() -> awaitable<void> {
        Bytes piece(kPiece, 7);
        ByteView view(piece);
        for (std::uint64_t sent = 0; sent < kTotal; sent += kPiece) {
            (void)co_await channels.first->write(std::span(&view, 1));
            channels.first->writes.clear();
        }
        (void)co_await channels.first->close_write();
    };
    auto read_side = [&]() -> awaitable<void> {
        Bytes into(kPiece);
        for (;;) {
            auto chunk = co_await channels.second->read_chunk();
            if (!chunk) {
                co_return;
            }
            std::memcpy(into.data(), chunk->data(), std::min(chunk->size(), into.size()));
        }
    };
    auto start = cpu_seconds();
    asio::co_spawn(io, write_side, asio::detached);
    asio::co_spawn(io, read_side, asio::detached);
    io.run();
    auto seconds = cpu_seconds() - start;
    std::printf(
        "the channel alone       %8.0f MB/s   %.3f ns an octet\n",
        static_cast<double>(kTotal) / seconds / 1e6,
        seconds * 1e9 / static_cast<double>(kTotal)
    );
}

awaitable<void> echo(std::unique_ptr<Stream> stream) {
    Bytes buffer(4096);
    for (;;) {
        auto got = co_await stream->read_some(buffer);
        if (!got) {
            break;
        }
        auto written = co_await write(*stream, ByteView(buffer).first(*got));
        if (!written) {
            co_return;
        }
    }
    (void)co_await stream->close_write();
}

awaitable<void> serve_echo(Connection& connection) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        for (;;) {
            auto stream = co_await connection.accept_stream();
            if (!stream) {
                co_return;
            }
            tasks.spawn(echo(std::move(*stream)));
        }
    };
    co_await with_tasks(body);
}

void streams_per_second() {
    constexpr int kStreams = 400'000;
    Pair pair;
    int left = kStreams;
    auto work = [&]() -> awaitable<void> {
        Bytes sent(1024, 7);
        Bytes got(1024);
        while (left-- > 0) {
            auto stream = co_await pair.client->open_stream();
            (void)co_await write(**stream, sent);
            (void)co_await (*stream)->close_write();
            (void)co_await read_exactly(**stream, got);
            (void)co_await (*stream)->read_some(got);
        }
    };
    auto script = [&]() -> awaitable<void> {
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            TaskScope servers(tasks.executor());
            servers.spawn(serve_echo(*pair.server));
            for (int i = 0; i < 64; ++i) {
                tasks.spawn(work());
            }
            co_await tasks.join();
            servers.cancel();
            co_await servers.join();
        };
        co_await with_tasks(body);
    };
    auto seconds = pair.play(script);
    std::printf("open, echo 1 KiB, close %8.0f a second, both ends on one core, 64 in flight\n", kStreams / seconds);
}

void ping_pong() {
    constexpr int kRounds = 300'000;
    Pair pair;
    auto script = [&]() -> awaitable<void> {
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(serve_echo(*pair.server));
            auto stream = co_await pair.client->open_stream();
            Bytes ping(32);
            for (int i = 0; i < kRounds; ++i) {
                (void)co_await write(**stream, ping);
                (void)co_await read_exactly(**stream, ping);
            }
        };
        co_await with_tasks(body);
    };
    auto seconds = pair.play(script);
    std::printf("ping-pong of 32 octets  %8.2f us a round\n", seconds * 1e6 / kRounds);
}

}  // namespace
}  // namespace libp2p::yamux

int main(int argc, char** argv) {
    using namespace libp2p::yamux;
    auto wants = [&](std::string_view name) {
        return argc < 2 || std::any_of(argv + 1, argv + argc, [&](const char* each) { return name == each; });
    };
    if (wants("raw")) {
        raw();
    }
    if (wants("one")) {
        throughput(1);
    }
    if (wants("many")) {
        throughput(64);
    }
    if (wants("streams")) {
        streams_per_second();
    }
    if (wants("ping")) {
        ping_pong();
    }
    return EXIT_SUCCESS;
}
