// SPDX-License-Identifier: MIT OR Apache-2.0
#include <libp2p/conformance/co_assert.hpp>
#include <libp2p/conformance/connection_scenarios.hpp>
#include <libp2p/conformance/memory_streams.hpp>
#include <libp2p/conformance/rng.hpp>
#include <libp2p/conformance/stream_tools.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <vector>

namespace libp2p::conformance {
namespace {

using namespace std::chrono_literals;

const error_code kAborted = asio::error::make_error_code(asio::error::operation_aborted);
const error_code kEof = asio::error::make_error_code(asio::error::eof);
const error_code kTimedOut = asio::error::make_error_code(asio::error::timed_out);

constexpr StreamErrorCode kReason{0x2001};

/// More than a stream may have under way with `suite_limits`: WebRTC's buffers of a fast connection take 9 MiB.
constexpr std::size_t kTooMuch = 16 * kMiB;

/// Long enough for a few octets to get through.
constexpr auto kMoment = 30ms;

/// The three operations of the table in libp2p/stream.hpp, one after the other.
struct Row {
    result<std::size_t> read = Errc::shut_down;
    result<void> written = Errc::shut_down;
    result<void> closed = Errc::shut_down;
};

awaitable<Row> try_all(Stream& stream) {
    Row row;
    std::array<std::uint8_t, 16> into{};
    row.read = co_await stream.read_some(into);
    row.written = co_await write(stream, as_bytes("x"));
    row.closed = co_await stream.close_write();
    co_return row;
}

bool is_gone(const Error& error) {
    return error == Errc::connection_closed || error == Errc::stream_reset;
}

awaitable<void> write_text(Stream& stream, std::string_view text) {
    auto sent = co_await write(stream, as_bytes(text));
    LIBP2P_EXPECT_OK(sent);
}

awaitable<void> read_text(Stream& stream, std::string_view expected) {
    Bytes into(expected.size());
    auto got = co_await read_exactly(stream, into);
    LIBP2P_EXPECT_OK(got);
    EXPECT_EQ(as_text(into), expected);
}

/// Both sides have no stream any more.
awaitable<void> expect_no_streams(Ends& ends) {
    const bool gone =
        co_await eventually([&] { return ends.near->stream_count() == 0 && ends.far->stream_count() == 0; });
    EXPECT_TRUE(gone) << ends.near->stream_count() << " and " << ends.far->stream_count() << " streams are left";
}

/// The connection is as good as new.
awaitable<void> expect_good(Ends& ends) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(serve_echo(*ends.far, tasks));
        const bool good = co_await echoes(*ends.near, as_bytes("still here"));
        EXPECT_TRUE(good);
    };
    co_await with_tasks(body);
}

}  // namespace

Limits suite_limits() {
    Limits limits;
    limits.stream_window = 1 * kMiB;
    limits.connection_window_growth = 4 * kMiB;
    return limits;
}

Timeouts suite_timeouts() {
    Timeouts timeouts;
    timeouts.keep_alive = 0ms;
    return timeouts;
}

namespace scenarios {

awaitable<void> opens_streams_from_both_sides(Ends& ends) {
    auto first = co_await open_pair(*ends.near, *ends.far);
    LIBP2P_CO_ASSERT_OK(first);
    auto second = co_await open_pair(*ends.far, *ends.near);
    LIBP2P_CO_ASSERT_OK(second);
    EXPECT_EQ(first->near->direction(), Direction::outbound);
    EXPECT_EQ(first->far->direction(), Direction::inbound);
    EXPECT_EQ(second->near->direction(), Direction::outbound);
    EXPECT_EQ(second->far->direction(), Direction::inbound);
    EXPECT_NE(first->near->id(), second->far->id()) << "two streams of one connection share a number";
    EXPECT_NE(first->far->id(), second->near->id()) << "two streams of one connection share a number";
    EXPECT_EQ(first->near->remote_peer(), ends.near->info().peer);
    EXPECT_EQ(&first->far->connection(), &ends.far->info());
    EXPECT_EQ(ends.near->stream_count(), 2U);
    EXPECT_EQ(ends.far->stream_count(), 2U);
    EXPECT_FALSE(first->near->remote_error());
    co_await write_text(*first->near, "one");
    co_await write_text(*second->near, "two");
    co_await read_text(*second->far, "two");
    co_await read_text(*first->far, "one");
}

awaitable<void> echoes_messages_of_all_sizes(Ends& ends) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(serve_echo(*ends.far, tasks));
        tasks.spawn(serve_echo(*ends.near, tasks));
        Rng rng(11);
        for (std::size_t size : {0U, 1U, 2U, 255U, 1024U, 16'384U, 65'535U, 65'536U, 200'001U}) {
            const auto octets = rng.bytes(size);
            const bool there = co_await echoes(*ends.near, octets);
            EXPECT_TRUE(there) << size << " octets from the near side";
            const bool back = co_await echoes(*ends.far, octets);
            EXPECT_TRUE(back) << size << " octets from the far side";
        }
    };
    co_await with_tasks(body);
}

awaitable<void> small_writes_arrive_in_order(Ends& ends) {
    auto pair = co_await open_pair(*ends.near, *ends.far);
    LIBP2P_CO_ASSERT_OK(pair);
    Rng rng(12);
    const auto octets = rng.bytes(3000);
    auto send = [&]() -> awaitable<void> {
        for (std::size_t i = 0; i < octets.size(); i += 3) {
            const auto part = ByteView(octets).subspan(i, 3);
            const std::array<ByteView, 4> buffers = {part.first(1), ByteView(), part.subspan(1, 1), part.subspan(2)};
            auto sent = co_await pair->near->write(buffers);
            LIBP2P_EXPECT_OK(sent);
        }
        auto closed = co_await pair->near->close_write();
        LIBP2P_EXPECT_OK(closed);
    };
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(send());
        auto got = co_await read_to_end(*pair->far, 7);
        LIBP2P_CO_ASSERT_OK(got);
        EXPECT_EQ(*got, octets);
    };
    co_await with_tasks(body);
}

awaitable<void> half_close_leaves_the_other_direction_open(Ends& ends) {
    auto pair = co_await open_pair(*ends.near, *ends.far);
    LIBP2P_CO_ASSERT_OK(pair);
    auto closed = co_await pair->near->close_write();
    LIBP2P_EXPECT_OK(closed);
    auto end = co_await read_to_failure(*pair->far);
    EXPECT_EQ(end.code(), kEof);
    auto send = [&]() -> awaitable<void> {
        const bool sent = co_await send_random(*pair->far, 13, 3 * kMiB);
        EXPECT_TRUE(sent);
        auto last = co_await pair->far->close_write();
        LIBP2P_EXPECT_OK(last);
    };
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(send());
        const bool intact = co_await expect_random(*pair->near, 13, 3 * kMiB);
        EXPECT_TRUE(intact);
        auto other_end = co_await read_to_failure(*pair->near);
        EXPECT_EQ(other_end.code(), kEof);
        co_await tasks.join();
    };
    co_await with_tasks(body);
    pair->near.reset();
    pair->far.reset();
    co_await expect_no_streams(ends);
}

awaitable<void> data_before_the_end_is_delivered(Ends& ends) {
    auto pair = co_await open_pair(*ends.near, *ends.far);
    LIBP2P_CO_ASSERT_OK(pair);
    Rng rng(14);
    const auto octets = rng.bytes(100'000);
    auto sent = co_await write(*pair->near, octets);
    LIBP2P_EXPECT_OK(sent);
    auto closed = co_await pair->near->close_write();
    LIBP2P_EXPECT_OK(closed);
    co_await pause(kMoment);  // the end is there before the first read
    auto got = co_await read_to_end(*pair->far, 1000);
    LIBP2P_CO_ASSERT_OK(got);
    EXPECT_EQ(*got, octets);
}

awaitable<void> reset_reaches_the_remote_with_its_code(Ends& ends) {
    for (auto code : {StreamErrorCode::none, StreamErrorCode::shut_down, kReason}) {
        auto pair = co_await open_pair(*ends.near, *ends.far);
        LIBP2P_CO_ASSERT_OK(pair);
        pair->near->abort(code);
        auto end = co_await read_to_failure(*pair->far);
        EXPECT_EQ(end.code(), make_error_code(Errc::stream_reset));
        if (pair->far->remote_error()) {  // where the transport can carry it
            EXPECT_EQ(*pair->far->remote_error(), code);
        }
        EXPECT_FALSE(pair->near->remote_error());
        pair->near->abort(StreamErrorCode::gated);
    }
    co_await expect_no_streams(ends);
    co_await expect_good(ends);
}

awaitable<void> after_close_write(Ends& ends) {
    auto pair = co_await open_pair(*ends.near, *ends.far);
    LIBP2P_CO_ASSERT_OK(pair);
    auto closed = co_await pair->near->close_write();
    LIBP2P_EXPECT_OK(closed);
    co_await write_text(*pair->far, "data");
    auto row = co_await try_all(*pair->near);
    LIBP2P_EXPECT_OK(row.read);
    LIBP2P_EXPECT_ERROR(row.written, Errc::write_closed);
    LIBP2P_EXPECT_OK(row.closed);
}

awaitable<void> after_remote_close_write(Ends& ends) {
    auto pair = co_await open_pair(*ends.near, *ends.far);
    LIBP2P_CO_ASSERT_OK(pair);
    co_await write_text(*pair->near, "data");
    auto closed = co_await pair->near->close_write();
    LIBP2P_EXPECT_OK(closed);
    co_await read_text(*pair->far, "data");
    auto row = co_await try_all(*pair->far);
    LIBP2P_EXPECT_ERROR(row.read, kEof);
    LIBP2P_EXPECT_OK(row.written);
    LIBP2P_EXPECT_OK(row.closed);
    auto end = co_await read_to_failure(*pair->far);
    EXPECT_EQ(end.code(), kEof) << "the end is not the end any more";
    auto got = co_await read_to_end(*pair->near);
    LIBP2P_CO_ASSERT_OK(got);
    EXPECT_EQ(as_text(*got), "x");
}

awaitable<void> after_abort(Ends& ends) {
    auto pair = co_await open_pair(*ends.near, *ends.far);
    LIBP2P_CO_ASSERT_OK(pair);
    co_await write_text(*pair->far, "unread");
    co_await pause(kMoment);
    pair->near->abort(kReason);
    auto row = co_await try_all(*pair->near);
    LIBP2P_EXPECT_ERROR(row.read, kAborted);
    LIBP2P_EXPECT_ERROR(row.written, kAborted);
    LIBP2P_EXPECT_ERROR(row.closed, kAborted);
}

awaitable<void> after_remote_reset(Ends& ends) {
    auto pair = co_await open_pair(*ends.near, *ends.far);
    LIBP2P_CO_ASSERT_OK(pair);
    co_await write_text(*pair->near, "to be thrown away");
    co_await pause(kMoment);
    pair->near->abort(kReason);
    co_await pause(kMoment);
    auto row = co_await try_all(*pair->far);
    LIBP2P_EXPECT_ERROR(row.read, Errc::stream_reset);
    LIBP2P_EXPECT_ERROR(row.written, Errc::stream_reset);
    LIBP2P_EXPECT_ERROR(row.closed, Errc::stream_reset);
}

awaitable<void> after_deadline(Ends& ends) {
    auto pair = co_await open_pair(*ends.near, *ends.far);
    LIBP2P_CO_ASSERT_OK(pair);
    co_await write_text(*pair->far, "waits");
    co_await pause(kMoment);
    pair->near->expires_at(std::chrono::steady_clock::now() - 1s);
    auto row = co_await try_all(*pair->near);
    LIBP2P_EXPECT_ERROR(row.read, kTimedOut);
    LIBP2P_EXPECT_ERROR(row.written, kTimedOut);
    LIBP2P_EXPECT_ERROR(row.closed, kTimedOut);
    pair->near->expires_after(1h);
    co_await read_text(*pair->near, "waits");
    pair->near->expires_never();
    co_await write_text(*pair->near, "works");
    co_await read_text(*pair->far, "works");
}

awaitable<void> after_connection_end(Ends& ends) {
    auto pair = co_await open_pair(*ends.near, *ends.far);
    LIBP2P_CO_ASSERT_OK(pair);
    co_await write_text(*pair->near, "arrived");
    co_await pause(kMoment);
    ends.near->abort(ConnectionErrorCode::none);
    (void)co_await ends.near_end.get();
    (void)co_await ends.far_end.get();
    co_await read_text(*pair->far, "arrived");
    for (auto* stream : {pair->near.get(), pair->far.get()}) {
        auto row = co_await try_all(*stream);
        LIBP2P_EXPECT_ERROR(row.read, Errc::connection_closed);
        LIBP2P_EXPECT_ERROR(row.written, Errc::connection_closed);
        LIBP2P_EXPECT_ERROR(row.closed, Errc::connection_closed);
    }
}

awaitable<void> abort_wakes_who_waits(Ends& ends) {
    auto pair = co_await open_pair(*ends.near, *ends.far);
    LIBP2P_CO_ASSERT_OK(pair);
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        result<std::size_t> read = 0;
        result<void> written;
        bool read_done = false;
        bool write_done = false;
        tasks.spawn(keep_read(*pair->near, read, read_done));
        tasks.spawn(keep_write(*pair->near, kTooMuch, written, write_done));
        co_await pause(kMoment);
        EXPECT_FALSE(read_done);
        EXPECT_FALSE(write_done);
        pair->near->abort(kReason);
        co_await tasks.join();
        LIBP2P_EXPECT_ERROR(read, kAborted);
        LIBP2P_EXPECT_ERROR(written, kAborted);
    };
    co_await with_tasks(body);
}

awaitable<void> deadline_wakes_a_reader(Ends& ends) {
    auto pair = co_await open_pair(*ends.near, *ends.far);
    LIBP2P_CO_ASSERT_OK(pair);
    std::array<std::uint8_t, 16> into{};
    const auto begin = std::chrono::steady_clock::now();
    pair->near->expires_after(20ms);
    auto got = co_await pair->near->read_some(into);
    LIBP2P_EXPECT_ERROR(got, kTimedOut);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 20ms);
    pair->near->expires_never();
    co_await write_text(*pair->far, "late");
    co_await read_text(*pair->near, "late");
}

awaitable<void> deadline_wakes_a_writer(Ends& ends) {
    auto pair = co_await open_pair(*ends.near, *ends.far);
    LIBP2P_CO_ASSERT_OK(pair);
    const Bytes octets(kTooMuch, 0x5a);
    pair->near->expires_after(50ms);
    auto sent = co_await write(*pair->near, octets);
    LIBP2P_EXPECT_ERROR(sent, kTimedOut);
    pair->near->expires_never();
    auto drain = [&]() -> awaitable<void> { (void)co_await read_to_failure(*pair->far); };
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(drain());
        sent = co_await write(*pair->near, as_bytes("goes on"));
        LIBP2P_EXPECT_OK(sent);
    };
    co_await with_tasks(body);
}

awaitable<void> destroyed_stream_is_reset(Ends& ends) {
    auto pair = co_await open_pair(*ends.near, *ends.far);
    LIBP2P_CO_ASSERT_OK(pair);
    pair->near.reset();
    auto end = co_await read_to_failure(*pair->far);
    EXPECT_EQ(end.code(), make_error_code(Errc::stream_reset));
    pair->far.reset();
    co_await expect_no_streams(ends);
}

awaitable<void> destroyed_after_close_write_drains(Ends& ends) {
    auto pair = co_await open_pair(*ends.near, *ends.far);
    LIBP2P_CO_ASSERT_OK(pair);
    co_await write_text(*pair->near, "request");
    auto closed = co_await pair->near->close_write();
    LIBP2P_EXPECT_OK(closed);
    pair->near.reset();
    co_await pause(kMoment);
    co_await read_text(*pair->far, "request");
    auto end = co_await read_to_failure(*pair->far);
    EXPECT_EQ(end.code(), kEof);
    const bool sent = co_await send_random(*pair->far, 15, kTooMuch);
    EXPECT_TRUE(sent) << "what nobody reads any more has to be thrown away, not refused";
    closed = co_await pair->far->close_write();
    LIBP2P_EXPECT_OK(closed);
    pair->far.reset();
    co_await expect_no_streams(ends);
}

awaitable<void> large_transfers_both_ways_arrive_intact(Ends& ends) {
    auto pair = co_await open_pair(*ends.near, *ends.far);
    LIBP2P_CO_ASSERT_OK(pair);
    constexpr std::size_t kSize = 8 * kMiB;
    auto send = [](Stream& stream, std::uint64_t seed) -> awaitable<void> {
        const bool sent = co_await send_random(stream, seed, kSize);
        EXPECT_TRUE(sent);
        auto closed = co_await stream.close_write();
        LIBP2P_EXPECT_OK(closed);
    };
    auto receive = [](Stream& stream, std::uint64_t seed) -> awaitable<void> {
        const bool intact = co_await expect_random(stream, seed, kSize);
        EXPECT_TRUE(intact);
        auto end = co_await read_to_failure(stream);
        EXPECT_EQ(end.code(), kEof);
    };
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(send(*pair->near, 16));
        tasks.spawn(send(*pair->far, 17));
        tasks.spawn(receive(*pair->near, 17));
        tasks.spawn(receive(*pair->far, 16));
        co_await tasks.join();
    };
    co_await with_tasks(body);
}

awaitable<void> hundred_streams_at_once(Ends& ends) {
    Rng rng(18);
    const auto octets = rng.bytes(20'000);
    int good = 0;
    auto one = [&](Connection& connection, std::size_t size) -> awaitable<void> {
        const bool same = co_await echoes(connection, ByteView(octets).first(size));
        good += same ? 1 : 0;
    };
    auto body = [&](TaskScope& servers) -> awaitable<void> {
        servers.spawn(serve_echo(*ends.far, servers));
        servers.spawn(serve_echo(*ends.near, servers));
        auto clients = [&](TaskScope& tasks) -> awaitable<void> {
            for (std::size_t i = 0; i < 50; ++i) {
                tasks.spawn(one(*ends.near, 400 * i));
                tasks.spawn(one(*ends.far, 400 * i));
            }
            co_await tasks.join();
        };
        co_await with_tasks(clients);
    };
    co_await with_tasks(body);
    EXPECT_EQ(good, 100);
    co_await expect_no_streams(ends);
}

awaitable<void> thousand_streams_one_after_the_other(Ends& ends) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(serve_echo(*ends.far, tasks));
        for (int i = 0; i < 1000; ++i) {
            const bool same = co_await echoes(*ends.near, as_bytes("one of many"));
            LIBP2P_CO_ASSERT_TRUE(same);
        }
    };
    co_await with_tasks(body);
    co_await expect_no_streams(ends);
}

awaitable<void> reader_that_stops_makes_the_writer_wait(Ends& ends) {
    auto pair = co_await open_pair(*ends.near, *ends.far);
    LIBP2P_CO_ASSERT_OK(pair);
    bool sent = false;
    auto send = [&]() -> awaitable<void> { sent = co_await send_random(*pair->near, 19, kTooMuch); };
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(send());
        std::size_t most = 0;
        for (int i = 0; i < 20; ++i) {
            co_await pause(5ms);
            most = std::max(most, ends.far_memory());
        }
        EXPECT_FALSE(sent) << "nobody reads, but everything was taken";
        EXPECT_LT(most, kTooMuch);
        if (ends.independent_streams) {
            co_await expect_good(ends);  // other streams do not care
        }
        const bool intact = co_await expect_random(*pair->far, 19, kTooMuch);
        EXPECT_TRUE(intact);
        co_await tasks.join();
        EXPECT_TRUE(sent);
    };
    co_await with_tasks(body);
}

awaitable<void> close_ends_politely(Ends& ends) {
    auto pair = co_await open_pair(*ends.near, *ends.far);
    LIBP2P_CO_ASSERT_OK(pair);
    co_await write_text(*pair->near, "last words");
    auto closed = co_await pair->near->close_write();
    LIBP2P_EXPECT_OK(closed);
    co_await read_text(*pair->far, "last words");
    pair->near.reset();
    pair->far.reset();
    closed = co_await ends.near->close(ConnectionErrorCode::none);
    LIBP2P_EXPECT_OK(closed);
    auto near_end = co_await ends.near_end.get();
    EXPECT_EQ(near_end.code(), kAborted) << "a close of our own";
    auto far_end = co_await ends.far_end.get();
    EXPECT_EQ(far_end.code(), kEof) << "a polite end by the remote";
    for (auto* connection : {ends.near.get(), ends.far.get()}) {
        auto opened = co_await connection->open_stream();
        LIBP2P_EXPECT_ERROR(opened, Errc::connection_closed);
        auto accepted = co_await connection->accept_stream();
        LIBP2P_EXPECT_ERROR(accepted, Errc::connection_closed);
    }
}

namespace {

/// Everything that can wait on a connection, waiting.
struct Waiting {
    result<std::size_t> near_read = 0;
    result<std::size_t> far_read = 0;
    result<void> near_write;
    result<std::unique_ptr<Stream>> near_accept = nullptr;
    result<std::unique_ptr<Stream>> far_accept = nullptr;
    bool near_read_done = false;
    bool far_read_done = false;
    bool near_write_done = false;
};

awaitable<void> keep_accept(Connection& connection, result<std::unique_ptr<Stream>>& outcome) {
    outcome = co_await connection.accept_stream();
}

awaitable<void> wait_everywhere(Ends& ends, StreamEnds& idle, StreamEnds& full, TaskScope& tasks, Waiting& waiting) {
    tasks.spawn(keep_read(*idle.near, waiting.near_read, waiting.near_read_done));
    tasks.spawn(keep_read(*idle.far, waiting.far_read, waiting.far_read_done));
    tasks.spawn(keep_write(*full.near, kTooMuch, waiting.near_write, waiting.near_write_done));
    tasks.spawn(keep_accept(*ends.near, waiting.near_accept));
    tasks.spawn(keep_accept(*ends.far, waiting.far_accept));
    co_await pause(kMoment);
    EXPECT_FALSE(waiting.near_read_done || waiting.far_read_done || waiting.near_write_done);
}

template <class End>
awaitable<void> everybody_wakes(Ends& ends, End end) {
    auto idle = co_await open_pair(*ends.near, *ends.far);
    LIBP2P_CO_ASSERT_OK(idle);
    auto full = co_await open_pair(*ends.near, *ends.far);
    LIBP2P_CO_ASSERT_OK(full);
    Waiting waiting;
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        co_await wait_everywhere(ends, *idle, *full, tasks, waiting);
        co_await end();
        co_await tasks.join();
    };
    co_await with_tasks(body);
    LIBP2P_EXPECT_ERROR(waiting.near_read, Errc::connection_closed);
    LIBP2P_EXPECT_ERROR(waiting.near_write, Errc::connection_closed);
    LIBP2P_EXPECT_ERROR(waiting.near_accept, Errc::connection_closed);
    LIBP2P_EXPECT_ERROR(waiting.far_accept, Errc::connection_closed);
    LIBP2P_CO_ASSERT_FALSE(waiting.far_read);
    EXPECT_TRUE(is_gone(waiting.far_read.error())) << waiting.far_read.error();
    auto opened = co_await ends.near->open_stream();
    LIBP2P_EXPECT_ERROR(opened, Errc::connection_closed);
}

}  // namespace

awaitable<void> close_wakes_everybody(Ends& ends) {
    auto end = [&]() -> awaitable<void> { (void)co_await ends.near->close(ConnectionErrorCode::shut_down); };
    co_await everybody_wakes(ends, end);
}

awaitable<void> abort_of_the_connection_wakes_everybody(Ends& ends) {
    auto end = [&]() -> awaitable<void> {
        ends.near->abort(ConnectionErrorCode::shut_down);
        ends.near->abort(ConnectionErrorCode::none);
        co_return;
    };
    co_await everybody_wakes(ends, end);
    auto near_end = co_await ends.near_end.get();
    EXPECT_EQ(near_end.code(), kAborted);
    auto far_end = co_await ends.far_end.get();
    EXPECT_NE(far_end.code(), kAborted);
}

awaitable<void> streams_outlive_the_connection(Ends& ends) {
    auto pair = co_await open_pair(*ends.near, *ends.far);
    LIBP2P_CO_ASSERT_OK(pair);
    const auto peer = ends.near->info().peer;
    ends.near->abort(ConnectionErrorCode::none);
    (void)co_await ends.near_end.get();
    (void)co_await ends.far_end.get();
    ends.near.reset();
    ends.far.reset();
    EXPECT_EQ(pair->near->remote_peer(), peer);
    for (auto* stream : {pair->near.get(), pair->far.get()}) {
        auto row = co_await try_all(*stream);
        LIBP2P_EXPECT_ERROR(row.read, Errc::connection_closed);
        LIBP2P_EXPECT_ERROR(row.written, Errc::connection_closed);
        LIBP2P_EXPECT_ERROR(row.closed, Errc::connection_closed);
        stream->expires_after(1h);
        stream->abort(StreamErrorCode::none);
        EXPECT_FALSE(stream->remote_error());
    }
}

awaitable<void> cancelled_reads_leave_nothing(Ends& ends) {
    for (std::size_t steps = 1; steps < 40; ++steps) {
        auto pair = co_await open_pair(*ends.near, *ends.far);
        LIBP2P_CO_ASSERT_OK(pair);
        auto victim = [&]() -> awaitable<void> {
            auto failure = co_await read_to_failure(*pair->near);
            EXPECT_EQ(failure.code(), kAborted);
        };
        auto send = [&]() -> awaitable<void> { (void)co_await write(*pair->far, as_bytes("something to read")); };
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(send());
            const bool cut = co_await cancel_after(ends.loop, steps, victim());
            EXPECT_TRUE(cut);
        };
        co_await with_tasks(body);
    }
    co_await expect_no_streams(ends);
    co_await expect_good(ends);
}

awaitable<void> cancelled_writes_leave_nothing(Ends& ends) {
    for (std::size_t steps = 1; steps < 40; ++steps) {
        auto pair = co_await open_pair(*ends.near, *ends.far);
        LIBP2P_CO_ASSERT_OK(pair);
        const Bytes octets(kTooMuch, 0x5a);
        auto victim = [&]() -> awaitable<void> {
            auto sent = co_await write(*pair->near, octets);
            LIBP2P_EXPECT_ERROR(sent, kAborted);
        };
        const bool cut = co_await cancel_after(ends.loop, steps, victim());
        EXPECT_TRUE(cut);
        pair->near->abort(StreamErrorCode::none);
        auto end = co_await read_to_failure(*pair->far);
        EXPECT_EQ(end.code(), make_error_code(Errc::stream_reset)) << "a part was taken for the whole";
    }
    co_await expect_no_streams(ends);
    co_await expect_good(ends);
}

awaitable<void> cancelled_opens_leave_nothing(Ends& ends) {
    auto victim = [&]() -> awaitable<void> {
        std::vector<std::unique_ptr<Stream>> streams;
        for (int i = 0; i < 20; ++i) {
            auto opened = co_await ends.near->open_stream();
            if (!opened) {
                LIBP2P_EXPECT_ERROR(opened, kAborted);  // it may wait, and be cancelled meanwhile
                co_return;
            }
            streams.push_back(std::move(*opened));
            co_await settle();
        }
    };
    auto check = [&](std::size_t) -> awaitable<void> { co_await expect_no_streams(ends); };
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(serve_echo(*ends.far, tasks));
        for (std::size_t steps = 1; steps < 400; steps += 7) {
            (void)co_await cancel_after(ends.loop, steps, victim());
            co_await check(steps);
        }
    };
    co_await with_tasks(body);
    co_await expect_good(ends);
}

awaitable<void> cancelled_accepts_lose_no_stream(Ends& ends) {
    std::vector<std::unique_ptr<Stream>> opened;
    std::vector<std::unique_ptr<Stream>> accepted;
    auto victim = [&]() -> awaitable<void> {
        auto stream = co_await ends.far->accept_stream();
        if (stream) {
            accepted.push_back(std::move(*stream));
        }
    };
    for (std::size_t steps = 1; steps < 40; ++steps) {
        auto stream = co_await ends.near->open_stream();
        LIBP2P_CO_ASSERT_OK(stream);
        auto sent = co_await write(**stream, as_bytes("!"));
        LIBP2P_EXPECT_OK(sent);
        opened.push_back(std::move(*stream));
        (void)co_await cancel_after(ends.loop, steps, victim());
    }
    while (accepted.size() < opened.size()) {
        auto stream = co_await ends.far->accept_stream();
        LIBP2P_CO_ASSERT_OK(stream);
        accepted.push_back(std::move(*stream));
    }
    std::set<std::uint64_t> ids;
    for (const auto& stream : accepted) {
        EXPECT_TRUE(ids.insert(stream->id()).second) << "accepted twice";
    }
}

}  // namespace scenarios
}  // namespace libp2p::conformance
