// SPDX-License-Identifier: MIT OR Apache-2.0
#include "muxing/yamux/yamux_connection.hpp"

#include "tests/unit/muxing/support/connection_pair.hpp"

#include <boost/asio/detached.hpp>

// Two connections over a memory channel: what streams and connections promise in libp2p/stream.hpp and connection.hpp.

namespace libp2p::yamux {
namespace {

using namespace std::chrono_literals;
using test::eof;
using test::pattern;
using test::pause;
using test::read_to_end;
using test::settle;
using test::StreamPtr;
using test::write_all;

class YamuxConnectionTest : public test::ConnectionPair {};

TEST_F(YamuxConnectionTest, CarriesOctetsBothWays) {
    play([&]() -> awaitable<void> {
        auto both = co_await pair();
        auto& [ours, theirs] = both;
        auto question = pattern(1000);
        co_await write_all(*ours, question);
        auto asked = co_await read_to_end(*theirs);
        EXPECT_EQ(asked.value(), question);
        auto answer = pattern(3'000'000);
        auto send = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(write_all(*theirs, answer));
            auto got = co_await read_to_end(*ours);
            EXPECT_EQ(got.value(), answer);
        };
        co_await with_tasks(send);
    });
}

TEST_F(YamuxConnectionTest, CarriesOctetsInChunksOfAnySize) {
    for (std::size_t chunk : {1U, 11U, 12U, 13U, 1000U, 65'535U}) {
        make();
        client_channel->largest_chunk = chunk;
        server_channel->largest_chunk = chunk;
        play([&]() -> awaitable<void> {
            auto both = co_await pair();
            auto& [ours, theirs] = both;
            auto bytes = pattern(chunk < 100 ? 20'000 : 1'000'000);
            auto send = [&](TaskScope& tasks) -> awaitable<void> {
                tasks.spawn(write_all(*ours, bytes));
                auto got = co_await read_to_end(*theirs, 10'000);
                EXPECT_EQ(got.value(), bytes);
            };
            co_await with_tasks(send);
        });
        io.restart();
    }
}

TEST_F(YamuxConnectionTest, KnowsItsStreamsAndTheirNumbers) {
    play([&]() -> awaitable<void> {
        EXPECT_EQ(client->stream_count(), 0U);
        auto both = co_await pair();
        auto& [ours, theirs] = both;
        EXPECT_EQ(ours->id(), 1U);
        EXPECT_EQ(theirs->id(), 1U);
        EXPECT_EQ(ours->direction(), Direction::outbound);
        EXPECT_EQ(theirs->direction(), Direction::inbound);
        EXPECT_EQ(ours->remote_error(), std::nullopt);
        EXPECT_EQ(client->stream_count(), 1U);
        EXPECT_EQ(server->stream_count(), 1U);
        ours.reset();
        co_await settle();
        EXPECT_EQ(client->stream_count(), 0U);
        theirs.reset();
        EXPECT_EQ(server->stream_count(), 0U);
        EXPECT_GT(client->round_trip().count(), 0);
        EXPECT_GT(server->round_trip().count(), 0);
    });
}

TEST_F(YamuxConnectionTest, AnEchoIsOneWriteEachWay) {
    play([&]() -> awaitable<void> {
        auto ours = (co_await client->open_stream()).value();
        auto text = pattern(1024);
        co_await write_all(*ours, text);
        auto theirs = (co_await server->accept_stream()).value();
        auto got = (co_await read_to_end(*theirs)).value();
        co_await write_all(*theirs, got);
        theirs.reset();
        auto back = co_await read_to_end(*ours);
        EXPECT_EQ(back.value(), text);
        ours.reset();
        co_await settle();
        EXPECT_EQ(client_channel->writes.size(), 2U) << "the echo, and the answer to the server's first ping";
        EXPECT_EQ(server_channel->writes.size(), 1U);
        EXPECT_EQ(client_channel->writes[0], 3 * kHeaderSize + 1024) << "ping, data with SYN, FIN";
    });
}

TEST_F(YamuxConnectionTest, AHundredStreamsAtOnce) {
    play([&]() -> awaitable<void> {
        auto echo = [](StreamPtr stream) -> awaitable<void> {
            auto got = co_await read_to_end(*stream);
            co_await write_all(*stream, got.value());
        };
        auto serve = [&]() -> awaitable<void> {
            auto body = [&](TaskScope& tasks) -> awaitable<void> {
                for (int i = 0; i < 100; ++i) {
                    auto stream = co_await server->accept_stream();
                    tasks.spawn(echo(std::move(stream.value())));
                }
                co_await tasks.join();
            };
            co_await with_tasks(body);
        };
        int good = 0;
        auto ask = [&](std::size_t size) -> awaitable<void> {
            auto stream = (co_await client->open_stream()).value();
            auto bytes = pattern(size);
            co_await write_all(*stream, bytes);
            auto got = co_await read_to_end(*stream);
            good += got && *got == bytes;
        };
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(serve());
            for (std::size_t i = 0; i < 100; ++i) {
                tasks.spawn(ask(i * 1000));
            }
            co_await tasks.join();
        };
        co_await with_tasks(body);
        EXPECT_EQ(good, 100);
        EXPECT_EQ(client->stream_count(), 0U);
        EXPECT_EQ(server->stream_count(), 0U);
    });
}

// --- the table of libp2p/stream.hpp

TEST_F(YamuxConnectionTest, TheTableAfterCloseWrite) {
    play([&]() -> awaitable<void> {
        auto both = co_await pair();
        auto& [ours, theirs] = both;
        Bytes buffer(10);
        (co_await ours->close_write()).value();
        auto written = co_await write(*ours, as_bytes("x"));
        EXPECT_EQ(written.error(), Errc::write_closed);
        auto again = co_await ours->close_write();
        EXPECT_TRUE(again);
        auto end = co_await theirs->read_some(buffer);
        EXPECT_EQ(end.error(), eof());
        auto answer = co_await write(*theirs, as_bytes("answer"));
        EXPECT_TRUE(answer);
        auto read = co_await ours->read_some(buffer);
        EXPECT_EQ(read.value(), 6U);
    });
}

TEST_F(YamuxConnectionTest, TheTableAfterAbort) {
    play([&]() -> awaitable<void> {
        auto both = co_await pair();
        auto& [ours, theirs] = both;
        Bytes buffer(10);
        (co_await write(*theirs, as_bytes("unread"))).value();
        co_await settle();
        ours->abort(StreamErrorCode::rate_limited);
        auto read = co_await ours->read_some(buffer);
        EXPECT_EQ(read.error(), asio::error::make_error_code(asio::error::operation_aborted));
        auto written = co_await write(*ours, as_bytes("x"));
        EXPECT_EQ(written.error(), asio::error::make_error_code(asio::error::operation_aborted));
        auto closed = co_await ours->close_write();
        EXPECT_EQ(closed.error(), asio::error::make_error_code(asio::error::operation_aborted));
        co_await settle();
        auto there = co_await theirs->read_some(buffer);
        EXPECT_EQ(there.error(), Errc::stream_reset);
        auto back = co_await write(*theirs, as_bytes("x"));
        EXPECT_EQ(back.error(), Errc::stream_reset);
        auto shut = co_await theirs->close_write();
        EXPECT_EQ(shut.error(), Errc::stream_reset);
        EXPECT_EQ(theirs->remote_error(), StreamErrorCode::rate_limited);
    });
}

TEST_F(YamuxConnectionTest, AbortWakesWhoeverWaits) {
    play([&]() -> awaitable<void> {
        auto both = co_await pair();
        auto& [ours, theirs] = both;
        Error read_error;
        Error write_error;
        Bytes large(1'000'000);
        auto reader = [&]() -> awaitable<void> {
            Bytes buffer(10);
            auto got = co_await ours->read_some(buffer);
            read_error = got.error();
        };
        auto writer = [&]() -> awaitable<void> {
            auto done = co_await write(*ours, large);
            write_error = done.error();
        };
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(reader());
            tasks.spawn(writer());
            co_await settle();
            ours->abort();
            co_await tasks.join();
        };
        co_await with_tasks(body);
        EXPECT_EQ(read_error, asio::error::make_error_code(asio::error::operation_aborted));
        EXPECT_EQ(write_error, asio::error::make_error_code(asio::error::operation_aborted));
    });
}

TEST_F(YamuxConnectionTest, DestroyingAnOpenStreamResetsIt) {
    play([&]() -> awaitable<void> {
        auto both = co_await pair();
        auto& [ours, theirs] = both;
        ours.reset();
        Bytes buffer(10);
        auto got = co_await theirs->read_some(buffer);
        EXPECT_EQ(got.error(), Errc::stream_reset);
        EXPECT_EQ(theirs->remote_error(), StreamErrorCode::none);
    });
}

TEST_F(YamuxConnectionTest, DestroyingAStreamThatIsClosedForWritingReadsTheRest) {
    play([&]() -> awaitable<void> {
        auto both = co_await pair();
        auto& [ours, theirs] = both;
        (co_await ours->close_write()).value();
        ours.reset();
        auto bytes = pattern(2'000'000);
        co_await write_all(*theirs, bytes);
        auto end = co_await read_to_end(*theirs);
        EXPECT_TRUE(end);
    });
}

// --- deadlines

TEST_F(YamuxConnectionTest, ADeadlineEndsAReadAndLosesNothing) {
    play([&]() -> awaitable<void> {
        auto both = co_await pair();
        auto& [ours, theirs] = both;
        Bytes buffer(100);
        ours->expires_after(20ms);
        auto late = co_await ours->read_some(buffer);
        EXPECT_EQ(late.error().code(), asio::error::timed_out);
        auto still = co_await ours->read_some(buffer);
        EXPECT_EQ(still.error().code(), asio::error::timed_out);
        auto written = co_await write(*ours, as_bytes("x"));
        EXPECT_EQ(written.error().code(), asio::error::timed_out);
        auto closed = co_await ours->close_write();
        EXPECT_EQ(closed.error().code(), asio::error::timed_out);
        (co_await write(*theirs, as_bytes("hello"))).value();
        co_await settle();
        ours->expires_never();
        auto got = co_await ours->read_some(buffer);
        EXPECT_EQ(got.value(), 5U);
        auto usable = co_await write(*ours, as_bytes("x"));
        EXPECT_TRUE(usable);
    });
}

TEST_F(YamuxConnectionTest, ADeadlineEndsAWriteThatHasNoCredit) {
    play([&]() -> awaitable<void> {
        auto both = co_await pair();
        auto& [ours, theirs] = both;
        Bytes large(1'000'000, 'x');
        ours->expires_after(30ms);
        auto late = co_await write(*ours, large);
        EXPECT_EQ(late.error().code(), asio::error::timed_out);
        ours->expires_never();
        Bytes buffer(kInitialWindow);
        auto got = co_await read_exactly(*theirs, buffer);
        EXPECT_TRUE(got);
        auto usable = co_await write(*ours, as_bytes("usable"));
        EXPECT_TRUE(usable);
        Bytes word(6);
        auto more = co_await read_exactly(*theirs, word);
        EXPECT_TRUE(more);
        EXPECT_EQ(as_text(word), "usable");
    });
}

TEST_F(YamuxConnectionTest, ADeadlineThatIsMovedOnWhileWaitingCounts) {
    play([&]() -> awaitable<void> {
        auto both = co_await pair();
        auto& [ours, theirs] = both;
        ours->expires_after(10ms);
        auto start = Clock::now();
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            auto move = [&]() -> awaitable<void> {
                co_await pause(5ms);
                ours->expires_at(start + 50ms);
            };
            tasks.spawn(move());
            Bytes buffer(1);
            auto late = co_await ours->read_some(buffer);
            EXPECT_EQ(late.error().code(), asio::error::timed_out);
        };
        co_await with_tasks(body);
        EXPECT_GE(Clock::now() - start, 50ms);
    });
}

// --- ends of connections

TEST_F(YamuxConnectionTest, APoliteCloseDeliversAndTellsBoth) {
    play([&]() -> awaitable<void> {
        auto both = co_await pair();
        auto& [ours, theirs] = both;
        (co_await write(*ours, as_bytes("last words"))).value();
        (co_await ours->close_write()).value();
        auto closed = co_await client->close(ConnectionErrorCode::none);
        EXPECT_TRUE(closed) << closed.error();
        co_await settle();
        EXPECT_EQ(client_end, asio::error::make_error_code(asio::error::operation_aborted));
        EXPECT_EQ(server_end, eof());
        auto got = co_await read_to_end(*theirs);
        EXPECT_EQ(as_text(got.value()), "last words");
        Bytes buffer(10);
        auto read = co_await ours->read_some(buffer);
        EXPECT_EQ(read.error(), Errc::connection_closed);
        auto open = co_await client->open_stream();
        EXPECT_EQ(open.error(), Errc::connection_closed);
        auto accepted = co_await server->accept_stream();
        EXPECT_EQ(accepted.error(), Errc::connection_closed);
    });
}

TEST_F(YamuxConnectionTest, AReasonArrives) {
    play([&]() -> awaitable<void> {
        (co_await client->close(ConnectionErrorCode::gated)).value();
        co_await settle();
        EXPECT_EQ(server_end, Errc::refused_by_remote);
    });
}

TEST_F(YamuxConnectionTest, AbortEndsEverythingAtOnce) {
    play([&]() -> awaitable<void> {
        auto both = co_await pair();
        auto& [ours, theirs] = both;
        Error accept_error;
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            auto accept = [&]() -> awaitable<void> {
                auto got = co_await client->accept_stream();
                accept_error = got.error();
            };
            tasks.spawn(accept());
            co_await settle();
            client->abort(ConnectionErrorCode::none);
            client->abort(ConnectionErrorCode::none);
            co_await tasks.join();
        };
        co_await with_tasks(body);
        co_await settle();
        EXPECT_EQ(accept_error, Errc::connection_closed);
        EXPECT_EQ(client_end, asio::error::make_error_code(asio::error::operation_aborted));
        EXPECT_TRUE(server_end.code()) << "the memory channel resets";
        Bytes buffer(1);
        auto got = co_await theirs->read_some(buffer);
        EXPECT_EQ(got.error(), Errc::connection_closed);
    });
}

TEST_F(YamuxConnectionTest, StreamsOutliveTheirConnection) {
    play([&]() -> awaitable<void> {
        auto both = co_await pair();
        auto& [ours, theirs] = both;
        (co_await write(*theirs, as_bytes("arrived"))).value();
        co_await settle();
        client->abort(ConnectionErrorCode::none);
        co_await settle();
        client.reset();
        Bytes buffer(100);
        auto got = co_await ours->read_some(buffer);
        EXPECT_EQ(got.value(), 7U);
        auto gone = co_await ours->read_some(buffer);
        EXPECT_EQ(gone.error(), Errc::connection_closed);
        auto written = co_await write(*ours, as_bytes("x"));
        EXPECT_EQ(written.error(), Errc::connection_closed);
        auto closed = co_await ours->close_write();
        EXPECT_EQ(closed.error(), Errc::connection_closed);
        EXPECT_EQ(ours->id(), 1U);
        ours->abort();
    });
}

TEST_F(YamuxConnectionTest, AConnectionThatIsNeverRunCanBeClosedAndDestroyed) {
    make();
    auto check = [&]() -> awaitable<void> {
        auto stream = co_await client->open_stream();
        auto closed = co_await client->close(ConnectionErrorCode::none);
        EXPECT_TRUE(closed);
        auto written = co_await write(**stream, as_bytes("x"));
        EXPECT_EQ(written.error(), Errc::connection_closed);
        client.reset();
    };
    asio::co_spawn(io, check, asio::detached);
    io.run();
    server.reset();
}

TEST_F(YamuxConnectionTest, ABrokenRuleIsToldToTheRemote) {
    play([&]() -> awaitable<void> {
        auto both = co_await pair();
        auto& [ours, theirs] = both;
        Bytes junk(100, 0xff);
        ByteView view(junk);
        (co_await client_channel->write(std::span(&view, 1))).value();
        Bytes buffer(10);
        auto got = co_await theirs->read_some(buffer);
        EXPECT_EQ(got.error(), Errc::connection_closed);
        auto there = co_await ours->read_some(buffer);
        EXPECT_EQ(there.error(), Errc::connection_closed);
        co_await settle();
        EXPECT_EQ(server_end, Errc::protocol_violation) << server_end;
        EXPECT_EQ(client_end, Errc::refused_by_remote) << client_end;
    });
}

TEST_F(YamuxConnectionTest, AChannelThatTakesNothingIsCut) {
    timeouts.write = 50ms;
    make();
    client_channel->out().is_stalled = true;
    play([&]() -> awaitable<void> {
        auto stream = (co_await client->open_stream()).value();
        Bytes large(100'000);
        auto written = co_await write(*stream, large);
        EXPECT_EQ(written.error(), Errc::connection_closed);
        co_await settle();
        EXPECT_EQ(client_end.code(), asio::error::timed_out) << client_end;
    });
}

TEST_F(YamuxConnectionTest, ARemoteThatDoesNotAnswerPingsIsCut) {
    timeouts.write = 50ms;
    timeouts.keep_alive = 30ms;
    auto channels = libp2p::test::memory_channels(io.get_executor());
    client = std::make_unique<YamuxConnection>(
        std::move(channels.first), libp2p::test::test_connection_info(Direction::outbound), nullptr, limits, timeouts
    );
    Error end;
    auto check = [&]() -> awaitable<void> { end = co_await client->run(); };
    asio::co_spawn(io, check, asio::detached);
    io.run_for(5s);
    EXPECT_EQ(end.code(), asio::error::timed_out) << end;
}

// --- backpressure

TEST_F(YamuxConnectionTest, OpenersWaitWhileTooManyStreamsAreUnacknowledged) {
    play([&]() -> awaitable<void> {
        auto first = co_await pair();
        auto greeted = co_await write(*first.second, as_bytes("x"));
        EXPECT_TRUE(greeted);
        co_await settle();
        std::vector<StreamPtr> streams;
        for (std::uint32_t i = 0; i < kOpenBacklog; ++i) {
            EXPECT_TRUE(client->can_open_stream());
            streams.push_back((co_await client->open_stream()).value());
        }
        EXPECT_FALSE(client->can_open_stream());
        std::vector<int> order;
        auto late = [&](int number) -> awaitable<void> {
            auto stream = co_await client->open_stream();
            EXPECT_TRUE(stream);
            order.push_back(number);
            streams.push_back(std::move(*stream));
        };
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            for (int i = 0; i < 5; ++i) {
                tasks.spawn(late(i));
            }
            co_await settle();
            EXPECT_TRUE(order.empty());
            streams[0].reset();
            streams[1].reset();
            co_await settle();
            EXPECT_EQ(order.size(), 2U);
            streams[2]->abort();
            streams[3]->abort();
            streams[4]->abort();
            co_await tasks.join();
        };
        co_await with_tasks(body);
        EXPECT_EQ(order, (std::vector{0, 1, 2, 3, 4}));
    });
}

TEST_F(YamuxConnectionTest, WaitingOpenersAreToldWhenTheConnectionEnds) {
    play([&]() -> awaitable<void> {
        std::vector<StreamPtr> streams;
        while (client->can_open_stream()) {
            streams.push_back((co_await client->open_stream()).value());
        }
        int told = 0;
        auto late = [&]() -> awaitable<void> {
            auto stream = co_await client->open_stream();
            told += !stream && stream.error() == Errc::connection_closed;
        };
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            for (int i = 0; i < 5; ++i) {
                tasks.spawn(late());
            }
            co_await settle();
            client->abort(ConnectionErrorCode::none);
            co_await tasks.join();
        };
        co_await with_tasks(body);
        EXPECT_EQ(told, 5);
    });
}

TEST_F(YamuxConnectionTest, AWriterIsHeldBackByAReaderWhoDoesNotRead) {
    play([&]() -> awaitable<void> {
        auto both = co_await pair();
        auto& [ours, theirs] = both;
        auto bytes = pattern(1'000'000);
        bool written = false;
        auto writer = [&]() -> awaitable<void> {
            co_await write_all(*ours, bytes);
            written = true;
        };
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(writer());
            co_await settle();
            EXPECT_FALSE(written);
            auto got = co_await read_to_end(*theirs);
            EXPECT_EQ(got.value(), bytes);
        };
        co_await with_tasks(body);
        co_await settle();
        EXPECT_TRUE(written);
    });
}

}  // namespace
}  // namespace libp2p::yamux
