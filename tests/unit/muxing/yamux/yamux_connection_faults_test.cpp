// SPDX-License-Identifier: MIT OR Apache-2.0
#include "muxing/yamux/yamux_connection.hpp"
#include "tests/unit/muxing/support/connection_pair.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>

// Cancellation, destruction and failing channels, at every step.

namespace libp2p::yamux {
namespace {

using namespace std::chrono_literals;
using test::pattern;
using test::read_to_end;
using test::settle;
using test::StreamPtr;
using test::write_all;

Error aborted() {
    return asio::error::make_error_code(asio::error::operation_aborted);
}

awaitable<void> echo(StreamPtr stream) {
    auto got = co_await read_to_end(*stream);
    if (got) {
        (void)co_await write(*stream, *got);
        (void)co_await stream->close_write();
    }
}

awaitable<void> serve(Connection& connection) {
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

class YamuxConnectionFaults : public test::ConnectionPair {
protected:
    /// Open, write little and much, close, read: every operation, every suspension.
    awaitable<void> use_a_stream(bool& good) {
        auto stream = co_await client->open_stream();
        if (!stream) {
            co_return;
        }
        Bytes sent = pattern(500'000);
        auto first = co_await write(**stream, ByteView(sent).first(100));
        auto second = co_await write(**stream, ByteView(sent).subspan(100));
        auto closed = co_await (*stream)->close_write();
        auto got = co_await read_to_end(**stream);
        good = first && second && closed && got && *got == sent;
    }

    /// Both connections, the server's echo, and `use_a_stream`, the last with a cancellation signal of its own.
    struct Running {
        asio::cancellation_signal run;
        asio::cancellation_signal script;
        int tasks = 4;
        bool good = false;
    };

    void start(Running& running) {
        io.restart();
        auto done = [&running](std::exception_ptr failure) {
            --running.tasks;
            try {
                if (failure) {
                    std::rethrow_exception(failure);
                }
            } catch (const boost::system::system_error& error) {
                EXPECT_EQ(error.code(), asio::error::operation_aborted);
            }
        };
        asio::co_spawn(
            io, test::run_connection(*client, client_end), asio::bind_cancellation_slot(running.run.slot(), done)
        );
        asio::co_spawn(io, test::run_connection(*server, server_end), done);
        asio::co_spawn(io, serve(*server), done);
        asio::co_spawn(io, use_a_stream(running.good), asio::bind_cancellation_slot(running.script.slot(), done));
    }

    void run_steps(std::size_t steps) {
        for (std::size_t i = 0; i < steps; ++i) {
            (void)io.poll_one();
        }
    }

    /// Ends what still runs; nothing may hang.
    void stop(Running& running) {
        client->abort(ConnectionErrorCode::none);
        server->abort(ConnectionErrorCode::none);
        io.restart();
        io.run_for(5s);
        EXPECT_EQ(running.tasks, 0) << "something hangs";
        EXPECT_EQ(client->stream_count(), 0U);
        EXPECT_EQ(server->stream_count(), 0U);
    }
};

constexpr std::size_t kSteps = 400;  // more than the script takes

TEST_F(YamuxConnectionFaults, CancellingAScriptAtAnyStepDisturbsNobodyElse) {
    std::size_t completed = 0;
    for (std::size_t at = 0; at < kSteps; ++at) {
        make(64 * 1024);
        Running running;
        start(running);
        run_steps(at);
        bool had_finished = running.good;
        running.script.emit(asio::cancellation_type::terminal);
        run_steps(2000);
        EXPECT_EQ(running.tasks, 3) << at;
        EXPECT_EQ(client->stream_count(), 0U) << at;
        bool good = false;
        asio::co_spawn(io, use_a_stream(good), asio::detached);
        run_steps(4000);
        EXPECT_TRUE(good) << at;
        completed += had_finished;
        stop(running);
        if (HasFailure()) {
            return;
        }
    }
    EXPECT_GT(completed, 0U) << "the script is longer than the test thinks";
}

TEST_F(YamuxConnectionFaults, CancellingRunAtAnyStepEndsTheConnection) {
    for (std::size_t at = 0; at < kSteps; ++at) {
        make(64 * 1024);
        Running running;
        start(running);
        run_steps(at);
        running.run.emit(asio::cancellation_type::terminal);
        run_steps(3000);
        EXPECT_EQ(running.tasks, 0) << at;
        auto stream_count = client->stream_count();
        EXPECT_EQ(stream_count, 0U) << at;
        stop(running);
        if (HasFailure()) {
            return;
        }
    }
}

TEST_F(YamuxConnectionFaults, AbortingAtAnyStepEndsTheConnection) {
    for (std::size_t at = 0; at < kSteps; ++at) {
        make(64 * 1024);
        Running running;
        start(running);
        run_steps(at);
        client->abort(ConnectionErrorCode::none);
        run_steps(3000);
        EXPECT_EQ(running.tasks, 0) << at;
        EXPECT_EQ(client_end, aborted()) << at;
        stop(running);
        if (HasFailure()) {
            return;
        }
    }
}

TEST_F(YamuxConnectionFaults, ClosingAtAnyStepEndsTheConnection) {
    for (std::size_t at = 0; at < kSteps; ++at) {
        make(64 * 1024);
        Running running;
        start(running);
        run_steps(at);
        bool closed = false;
        auto close = [&]() -> awaitable<void> {
            auto result = co_await client->close(ConnectionErrorCode::none);
            closed = result.has_value();
        };
        asio::co_spawn(io, close, asio::detached);
        run_steps(3000);
        EXPECT_TRUE(closed) << at;
        EXPECT_EQ(running.tasks, 0) << at;
        stop(running);
        if (HasFailure()) {
            return;
        }
    }
}

TEST_F(YamuxConnectionFaults, CancellingACloseEndsTheConnection) {
    make();
    client_channel->out().is_stalled = true;
    Running running;
    start(running);
    run_steps(100);
    asio::cancellation_signal signal;
    bool ended = false;
    auto close = [&]() -> awaitable<void> { (void)co_await client->close(ConnectionErrorCode::none); };
    asio::co_spawn(io, close, asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr) { ended = true; }));
    run_steps(100);
    EXPECT_FALSE(ended);
    signal.emit(asio::cancellation_type::terminal);
    run_steps(1000);
    EXPECT_TRUE(ended);
    EXPECT_EQ(running.tasks, 0);
    stop(running);
}

TEST_F(YamuxConnectionFaults, AChannelThatFailsAtAnyOperationEndsBothConnections) {
    for (bool fail_client : {true, false}) {
        std::size_t operations = 0;
        for (std::size_t at = 0; at <= operations; ++at) {
            make(64 * 1024);
            (fail_client ? client_channel : server_channel)->fail_at = at;
            Running running;
            start(running);
            run_steps(4000);
            if (!running.good) {
                EXPECT_EQ(running.tasks, 0) << at;
                operations = std::max(operations, at + 1);
            }
            stop(running);
            if (HasFailure()) {
                return;
            }
        }
        EXPECT_GT(operations, 5U);
    }
}

TEST_F(YamuxConnectionFaults, DestroyingEverythingAtAnyStepLeaksNothing) {
    for (std::size_t at = 0; at < kSteps; ++at) {
        asio::io_context own(1);
        auto channels = libp2p::test::memory_channels(own.get_executor(), 64 * 1024);
        auto dialer = std::make_unique<YamuxConnection>(
            std::move(channels.first),
            libp2p::test::test_connection_info(Direction::outbound),
            nullptr,
            limits,
            timeouts
        );
        auto listener = std::make_unique<YamuxConnection>(
            std::move(channels.second),
            libp2p::test::test_connection_info(Direction::inbound),
            nullptr,
            limits,
            timeouts
        );
        // The frames own what they use, as the executor takes them down in any order.
        auto run = [](std::shared_ptr<YamuxConnection> connection) -> awaitable<void> {
            (void)co_await connection->run();
        };
        auto ask = [](std::shared_ptr<YamuxConnection> connection) -> awaitable<void> {
            auto stream = co_await connection->open_stream();
            Bytes bytes(500'000);
            (void)co_await write(**stream, bytes);
            (void)co_await (*stream)->close_write();
            (void)co_await read_to_end(**stream);
        };
        auto answer = [](std::shared_ptr<YamuxConnection> connection) -> awaitable<void> {
            co_await serve(*connection);
        };
        std::shared_ptr<YamuxConnection> a = std::move(dialer);
        std::shared_ptr<YamuxConnection> b = std::move(listener);
        asio::co_spawn(own, run(a), asio::detached);
        asio::co_spawn(own, run(b), asio::detached);
        asio::co_spawn(own, answer(b), asio::detached);
        asio::co_spawn(own, ask(a), asio::detached);
        a.reset();
        b.reset();
        for (std::size_t i = 0; i < at; ++i) {
            (void)own.poll_one();
        }
    }
}

// --- one operation at a time

/// A coroutine that is cancelled once everything has settled, with what it came to.
class YamuxCancellation : public test::ConnectionPair {
protected:
    template <class Operation>
    awaitable<void> cancel(Operation operation) {
        auto executor = co_await asio::this_coro::executor;
        bool ended = false;
        asio::cancellation_signal signal;
        auto done = [&](std::exception_ptr) { ended = true; };
        asio::co_spawn(executor, operation(), asio::bind_cancellation_slot(signal.slot(), done));
        co_await settle();
        EXPECT_FALSE(ended) << "it did not wait";
        signal.emit(asio::cancellation_type::terminal);
        co_await settle();
        EXPECT_TRUE(ended) << "it ignores cancellation";
    }
};

TEST_F(YamuxCancellation, ACancelledReadLeavesItsDataInTheStream) {
    play([&]() -> awaitable<void> {
        auto both = co_await pair();
        auto& [ours, theirs] = both;
        Bytes lent(100);
        auto read = [&]() -> awaitable<void> {
            auto got = co_await ours->read_some(lent);
            EXPECT_EQ(got.error(), aborted());
        };
        co_await cancel(read);
        (void)co_await write(*theirs, as_bytes("later"));
        co_await settle();
        EXPECT_EQ(lent, Bytes(100)) << "memory that was lent is not touched any more";
        Bytes buffer(100);
        auto got = co_await ours->read_some(buffer);
        EXPECT_EQ(got.value(), 5U);
    });
}

TEST_F(YamuxCancellation, AReadThatIsCancelledWhileItsDataArrivesKeepsIt) {
    play([&]() -> awaitable<void> {
        auto both = co_await pair();
        auto& [ours, theirs] = both;
        auto executor = co_await asio::this_coro::executor;
        // Cancelled at every step between the write and the read's end.
        for (int steps = 0; steps < 30; ++steps) {
            std::string seen;
            asio::cancellation_signal signal;
            bool ended = false;
            auto read = [&]() -> awaitable<void> {
                Bytes buffer(100);
                auto got = co_await ours->read_some(buffer);
                if (got) {
                    seen = as_text(ByteView(buffer).first(*got));
                }
            };
            auto done = [&](std::exception_ptr) { ended = true; };
            asio::co_spawn(executor, read(), asio::bind_cancellation_slot(signal.slot(), done));
            co_await settle();
            (void)co_await write(*theirs, as_bytes("hello"));
            for (int i = 0; i < steps; ++i) {
                co_await asio::post(executor, asio::use_awaitable);
            }
            signal.emit(asio::cancellation_type::terminal);
            co_await settle();
            EXPECT_TRUE(ended);
            if (seen.empty()) {
                Bytes buffer(100);
                auto got = co_await ours->read_some(buffer);
                seen = as_text(ByteView(buffer).first(got.value()));
            }
            EXPECT_EQ(seen, "hello") << steps;
        }
    });
}

TEST_F(YamuxCancellation, ACancelledWriteWithoutCreditResetsTheStream) {
    play([&]() -> awaitable<void> {
        auto both = co_await pair();
        auto& [ours, theirs] = both;
        auto large = std::make_unique<Bytes>(1'000'000);
        auto write_much = [&]() -> awaitable<void> {
            auto done = co_await write(*ours, *large);
            EXPECT_EQ(done.error(), aborted());
        };
        co_await cancel(write_much);
        large.reset();
        auto got = co_await read_to_end(*theirs);
        EXPECT_EQ(got.error(), Errc::stream_reset) << "a part cannot be taken for the whole";
        auto again = co_await write(*ours, as_bytes("x"));
        EXPECT_EQ(again.error(), aborted());
    });
}

TEST_F(YamuxCancellation, ACancelledWriteInFlightWaitsForTheChannel) {
    play([&]() -> awaitable<void> {
        auto both = co_await pair();
        auto& [ours, theirs] = both;
        co_await settle();
        auto executor = co_await asio::this_coro::executor;
        auto large = std::make_unique<Bytes>(pattern(100'000));
        client_channel->out().is_stalled = true;
        bool ended = false;
        asio::cancellation_signal signal;
        auto write_much = [&]() -> awaitable<void> { (void)co_await write(*ours, *large); };
        auto done = [&](std::exception_ptr) { ended = true; };
        asio::co_spawn(executor, write_much(), asio::bind_cancellation_slot(signal.slot(), done));
        co_await settle();
        signal.emit(asio::cancellation_type::terminal);
        co_await settle();
        EXPECT_FALSE(ended) << "the channel still reads from its memory";
        client_channel->out().is_stalled = false;
        client_channel->out().writable.notify();
        co_await settle();
        EXPECT_TRUE(ended);
        large.reset();
        Bytes buffer(100'000);
        auto got = co_await read_exactly(*theirs, buffer);
        EXPECT_TRUE(got) << "all of it was in flight, so the write was done";
    });
}

TEST_F(YamuxCancellation, ACancelledAcceptLosesNoStream) {
    play([&]() -> awaitable<void> {
        auto accept = [&]() -> awaitable<void> {
            auto got = co_await server->accept_stream();
            EXPECT_EQ(got.error(), aborted());
        };
        co_await cancel(accept);
        auto ours = co_await client->open_stream();
        auto theirs = co_await server->accept_stream();
        EXPECT_TRUE(theirs);
    });
}

TEST_F(YamuxCancellation, AnAcceptThatIsCancelledWhileAStreamArrivesLosesNone) {
    play([&]() -> awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        for (int steps = 0; steps < 20; ++steps) {
            asio::cancellation_signal signal;
            int accepted = 0;
            auto accept = [&]() -> awaitable<void> {
                auto got = co_await server->accept_stream();
                accepted += got.has_value();
            };
            asio::co_spawn(executor, accept(), asio::bind_cancellation_slot(signal.slot(), asio::detached));
            co_await settle();
            auto ours = co_await client->open_stream();
            for (int i = 0; i < steps; ++i) {
                co_await asio::post(executor, asio::use_awaitable);
            }
            signal.emit(asio::cancellation_type::terminal);
            co_await settle();
            if (accepted == 0) {
                auto theirs = co_await server->accept_stream();
                accepted += theirs.has_value();
            }
            EXPECT_EQ(accepted, 1) << steps;
        }
    });
}

TEST_F(YamuxCancellation, ACancelledOpenLeavesNothingBehind) {
    play([&]() -> awaitable<void> {
        std::vector<StreamPtr> streams;
        while (client->can_open_stream()) {
            streams.push_back((co_await client->open_stream()).value());
        }
        auto open = [&]() -> awaitable<void> {
            auto got = co_await client->open_stream();
            EXPECT_EQ(got.error(), aborted());
        };
        co_await cancel(open);
        EXPECT_EQ(client->stream_count(), kEarlyStreams);
        streams.clear();
        co_await settle();
        EXPECT_EQ(client->stream_count(), 0U);
        EXPECT_TRUE(client->can_open_stream());
    });
}

}  // namespace
}  // namespace libp2p::yamux
