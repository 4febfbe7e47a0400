// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/swarm_fixture.hpp"

#include <libp2p/conformance/loop.hpp>
#include <libp2p/tasks.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace libp2p::test {
namespace {

using conformance::eventually;

TEST_F(SwarmTest, AFloodOfEventsIsBoundedAndCounted) {
    constexpr std::size_t kCapacity = 8;
    constexpr int kStreams = 200;
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(b);
        auto peer = co_await a.host.connect(address);
        LIBP2P_CO_ASSERT_OK(peer);
        // Identify is over: from here on the test alone makes events.
        auto known_here = co_await a.host.identify(b.host.id());
        auto known_there = co_await b.host.identify(a.host.id());
        LIBP2P_EXPECT_OK(known_here);
        LIBP2P_EXPECT_OK(known_there);
        auto idle = [&] { return streams_of(a.host) == 0 && streams_of(b.host) == 0; };
        auto quiet = co_await eventually(idle);
        EXPECT_TRUE(quiet);
        auto slow = b.host.subscribe(kCapacity);
        auto roomy = b.host.subscribe(1000);
        LIBP2P_CO_ASSERT_OK(slow);
        LIBP2P_CO_ASSERT_OK(roomy);
        for (int i = 0; i < kStreams; ++i) {
            auto answer = co_await echo_once(a, b.host.id(), "x");
            EXPECT_EQ(answer.value(), "x");
        }
        auto first = co_await slow->next();
        LIBP2P_CO_ASSERT_OK(first);
        const auto* missed = std::get_if<EventsMissed>(&*first);
        LIBP2P_CO_ASSERT_TRUE(missed != nullptr);
        EXPECT_EQ(missed->count, kStreams - kCapacity);
        for (std::size_t i = 0; i < kCapacity; ++i) {
            auto event = co_await slow->next();
            LIBP2P_CO_ASSERT_OK(event);
            const auto* opened = std::get_if<StreamOpened>(&*event);
            LIBP2P_CO_ASSERT_TRUE(opened != nullptr);
            EXPECT_EQ(opened->protocol, echo::kProtocol);
        }
        // One that is emptied goes on without a gap.
        auto answer = co_await echo_once(a, b.host.id(), "y");
        LIBP2P_EXPECT_OK(answer);
        auto next = co_await slow->next();
        LIBP2P_CO_ASSERT_OK(next);
        EXPECT_TRUE(std::holds_alternative<StreamOpened>(*next));
        for (int i = 0; i < kStreams + 1; ++i) {
            auto event = co_await roomy->next();
            LIBP2P_CO_ASSERT_OK(event);
            EXPECT_TRUE(std::holds_alternative<StreamOpened>(*event)) << "a slow subscriber is nobody else's matter";
        }
        co_await close(a);
        co_await close(b);
        auto end = result<Event>(Errc::stream_reset);
        do {
            end = co_await slow->next();
        } while (end);
        LIBP2P_EXPECT_ERROR(end, Errc::shut_down);
    };
    run(io_, body());
}

TEST_F(SwarmTest, TheEndOfAConnectionTellsTheReasonThatTheRemoteGave) {
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(b);
        auto events = b.host.subscribe();
        LIBP2P_CO_ASSERT_OK(events);
        auto code_of_end = [&]() -> awaitable<ConnectionErrorCode> {
            for (;;) {
                auto event = co_await events->next();
                if (!event) {
                    co_return ConnectionErrorCode::code_out_of_range;
                }
                if (const auto* closed = std::get_if<ConnectionClosed>(&*event)) {
                    co_return closed->code;
                }
            }
        };
        Node a(io_);
        auto peer = co_await a.host.connect(address);
        LIBP2P_CO_ASSERT_OK(peer);
        co_await a.host.disconnect(b.host.id());
        auto code = co_await code_of_end();
        EXPECT_EQ(code, ConnectionErrorCode::none);
        peer = co_await a.host.connect(address);
        LIBP2P_CO_ASSERT_OK(peer);
        co_await close(a);
        code = co_await code_of_end();
        EXPECT_EQ(code, ConnectionErrorCode::shut_down);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(SwarmTest, ARemovedHandlerServesItsStreamsToTheirEnd) {
    const ProtocolId protocol = "/short-lived/1.0.0";
    Node a(io_);
    Node b(io_);
    auto witness = std::make_shared<int>(0);
    const std::weak_ptr<int> alive = witness;
    b.host.handle(protocol, [witness = std::move(witness)](std::unique_ptr<Stream> stream) {
        return echo::serve(std::move(stream));
    });
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(b);
        auto peer = co_await a.host.connect(address);
        LIBP2P_CO_ASSERT_OK(peer);
        auto opened = co_await a.host.open_stream(b.host.id(), protocol);
        LIBP2P_CO_ASSERT_OK(opened);
        auto stream = std::move(*opened);
        Bytes buffer(6);
        auto sent = co_await write(*stream, as_bytes("before"));
        LIBP2P_EXPECT_OK(sent);
        auto got = co_await read_exactly(*stream, buffer);
        LIBP2P_EXPECT_OK(got);

        b.host.unhandle(protocol);
        b.host.unhandle(protocol);
        const auto served = b.host.protocols();
        EXPECT_EQ(std::find(served.begin(), served.end(), protocol), served.end());
        EXPECT_FALSE(alive.expired());
        sent = co_await write(*stream, as_bytes("behind"));
        LIBP2P_EXPECT_OK(sent);
        got = co_await read_exactly(*stream, buffer);
        LIBP2P_EXPECT_OK(got);
        EXPECT_EQ(as_text(buffer), "behind");

        std::vector<ProtocolId> wanted{"/other/1", protocol + "/x"};
        auto refused = co_await a.host.open_stream(b.host.id(), wanted);
        LIBP2P_EXPECT_ERROR(refused, Errc::no_common_protocol);
        auto lazy = co_await a.host.open_stream(b.host.id(), protocol);
        LIBP2P_CO_ASSERT_OK(lazy);
        auto none = co_await (*lazy)->read_some(buffer);
        LIBP2P_EXPECT_ERROR(none, Errc::no_common_protocol);
        lazy = Errc::shut_down;

        auto closed = co_await stream->close_write();
        LIBP2P_EXPECT_OK(closed);
        auto end = co_await stream->read_some(buffer);
        LIBP2P_EXPECT_ERROR(end, asio::error::make_error_code(asio::error::eof));
        stream.reset();
        auto let_go = [&] { return alive.expired(); };
        auto freed = co_await eventually(let_go);
        EXPECT_TRUE(freed) << "the handler outlives its last stream";

        b.host.handle(protocol, echo::serve);
        auto again = co_await a.host.open_stream(b.host.id(), protocol);
        LIBP2P_CO_ASSERT_OK(again);
        sent = co_await write(**again, as_bytes("anew12"));
        LIBP2P_EXPECT_OK(sent);
        got = co_await read_exactly(**again, buffer);
        LIBP2P_EXPECT_OK(got);
        again = Errc::shut_down;
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

TEST_F(SwarmTest, SharesItsContextWithAnApplication) {
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        asio::ip::tcp::acceptor acceptor(io_, {asio::ip::make_address("127.0.0.1"), 0});
        asio::ip::tcp::socket near(io_);
        co_await near.async_connect(acceptor.local_endpoint(), asio::use_awaitable);
        auto far = co_await acceptor.async_accept(asio::use_awaitable);
        int ticks = 0;
        int round_trips = 0;
        auto tick = [&]() -> awaitable<void> {
            asio::steady_timer timer(io_);
            for (;;) {
                timer.expires_after(1ms);
                co_await timer.async_wait(asio::use_awaitable);
                ++ticks;
            }
        };
        auto answer = [&]() -> awaitable<void> {
            Bytes octet(1);
            for (;;) {
                co_await asio::async_read(far, asio::buffer(octet), asio::use_awaitable);
                co_await asio::async_write(far, asio::buffer(octet), asio::use_awaitable);
            }
        };
        auto ask = [&]() -> awaitable<void> {
            Bytes octet(1);
            for (;;) {
                co_await asio::async_write(near, asio::buffer(octet), asio::use_awaitable);
                co_await asio::async_read(near, asio::buffer(octet), asio::use_awaitable);
                ++round_trips;
            }
        };
        auto application = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(tick());
            tasks.spawn(answer());
            tasks.spawn(ask());
            auto address = co_await listen(b);
            auto peer = co_await a.host.connect(address);
            LIBP2P_CO_ASSERT_OK(peer);
            const std::string text(100 * 1024, 'x');  // fits the windows: echo_once reads when all is written
            const auto ticks_before = ticks;
            const auto trips_before = round_trips;
            for (int i = 0; i < 80; ++i) {
                auto echoed = co_await echo_once(a, b.host.id(), text);
                EXPECT_TRUE(echoed.value() == text);
            }
            EXPECT_GT(ticks, ticks_before) << "the hosts let nobody else run";
            EXPECT_GT(round_trips, trips_before) << "the hosts let nobody else run";
            co_await close(a);
            co_await close(b);
            // The application goes on without its hosts.
            const auto ticks_then = ticks;
            const auto trips_then = round_trips;
            auto going_on = [&] { return ticks > ticks_then + 5 && round_trips > trips_then + 5; };
            auto goes_on = co_await eventually(going_on);
            EXPECT_TRUE(goes_on);
        };
        co_await with_tasks(application);
    };
    run(io_, body());
}

}  // namespace
}  // namespace libp2p::test
