// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/byte_stream.hpp"

#include "tests/support/heap.hpp"
#include "tests/unit/security/memory_pair.hpp"

#include <gtest/gtest.h>

namespace libp2p {
namespace {

using test::make_pair_of;
using test::Pair;
using test::run;

const error_code kEof = asio::error::make_error_code(asio::error::eof);

class ByteStreams : public testing::Test {
protected:
    /// Puts `bytes` where `pair_.listener` reads, and ends.
    void provide(ByteView bytes, bool end = true) {
        auto send = [&]() -> awaitable<void> {
            EXPECT_TRUE(co_await write(*pair_.dialer, bytes));
            if (end) {
                EXPECT_TRUE(co_await pair_.dialer->close_write());
            }
        };
        ASSERT_TRUE(run(context_, send));
    }

    result<Bytes> read_message(std::size_t limit) {
        result<Bytes> message = Errc::shut_down;
        auto receive = [&]() -> awaitable<void> { message = co_await read_delimited(*pair_.listener, limit); };
        EXPECT_TRUE(run(context_, receive));
        return message;
    }

    asio::io_context context_;
    Pair pair_ = make_pair_of(context_.get_executor());
};

TEST_F(ByteStreams, ReadExactlyGathersPieces) {
    provide(as_bytes("hello world"));
    pair_.listener_meter->max_read = 3;
    auto task = [&]() -> awaitable<void> {
        Bytes into(11);
        LIBP2P_CO_ASSERT_TRUE(co_await read_exactly(*pair_.listener, into));
        EXPECT_EQ(as_text(into), "hello world");
        EXPECT_TRUE(co_await read_exactly(*pair_.listener, MutableByteView()));
        auto end = co_await read_exactly(*pair_.listener, into);
        EXPECT_EQ(end.error(), kEof);
    };
    EXPECT_TRUE(run(context_, task));
}

TEST_F(ByteStreams, ReadExactlyTellsAnEndInTheMiddle) {
    provide(as_bytes("hel"));
    auto task = [&]() -> awaitable<void> {
        Bytes into(5);
        auto got = co_await read_exactly(*pair_.listener, into);
        EXPECT_EQ(got.error(), Errc::protocol_violation);
    };
    EXPECT_TRUE(run(context_, task));
}

TEST_F(ByteStreams, DelimitedMessagesOfAllSizesArrive) {
    for (std::size_t size : {0U, 1U, 127U, 128U, 300U, 16'383U, 16'384U, 100'000U}) {
        Bytes message(size, 0x5a);
        for (std::size_t cut : {std::size_t{1000}, test::kNever}) {
            pair_.listener_meter->max_read = cut;
            auto both = [&]() -> awaitable<void> {
                EXPECT_TRUE(co_await write_delimited(*pair_.dialer, message));
                auto got = co_await read_delimited(*pair_.listener, size);
                LIBP2P_CO_ASSERT_TRUE(got);
                EXPECT_EQ(*got, message);
            };
            EXPECT_TRUE(run(context_, both));
        }
    }
}

TEST_F(ByteStreams, WriteDelimitedIsOneWrite) {
    auto task = [&]() -> awaitable<void> { EXPECT_TRUE(co_await write_delimited(*pair_.dialer, as_bytes("abc"))); };
    EXPECT_TRUE(run(context_, task));
    EXPECT_EQ(pair_.dialer_meter->writes, 1U);
    EXPECT_EQ(pair_.dialer_meter->written, 4U);
}

TEST_F(ByteStreams, ReadDelimitedTakesNoOctetOfWhatFollows) {
    provide(
        as_bytes("\x03"
                 "abcdef")
    );
    auto message = read_message(100);
    ASSERT_TRUE(message);
    EXPECT_EQ(as_text(*message), "abc");
    auto rest = [&]() -> awaitable<void> {
        Bytes into(3);
        LIBP2P_CO_ASSERT_TRUE(co_await read_exactly(*pair_.listener, into));
        EXPECT_EQ(as_text(into), "def");
    };
    EXPECT_TRUE(run(context_, rest));
}

TEST_F(ByteStreams, LengthsAtTheLimit) {
    provide(Bytes(1 + 5, 5), false);
    EXPECT_TRUE(read_message(5));
    provide(Bytes(1 + 5, 5), false);
    EXPECT_EQ(read_message(4).error(), Errc::protocol_violation);
}

TEST_F(ByteStreams, ALengthBeyondTheLimitIsRefusedWithoutReadingOn) {
    // With a limit of 100 the second octet of a length settles it already: what takes two has at least 128.
    provide(test::from_hex("ffffffffffffffffff01"), false);
    EXPECT_EQ(read_message(100).error(), Errc::protocol_violation);
    EXPECT_EQ(pair_.listener_meter->reads, 1U);
}

TEST_F(ByteStreams, BadLengthsAreRefused) {
    const std::string_view lengths[] = {"8000", "ff00", "808000", "ffffffffffffffffff01", "80808080808080808001"};
    for (const auto length : lengths) {
        pair_ = make_pair_of(context_.get_executor());
        provide(test::from_hex(length));
        EXPECT_EQ(read_message(std::numeric_limits<std::size_t>::max()).error(), Errc::protocol_violation) << length;
    }
}

TEST_F(ByteStreams, AnEndBetweenMessagesIsAnEnd) {
    provide({});
    EXPECT_EQ(read_message(10).error(), kEof);
}

TEST_F(ByteStreams, AnEndInAMessageIsAViolation) {
    const std::string_view parts[] = {"80", "8001", "02", "0201", "80010505"};
    for (const auto part : parts) {
        pair_ = make_pair_of(context_.get_executor());
        provide(test::from_hex(part));
        EXPECT_EQ(read_message(1000).error(), Errc::protocol_violation) << part;
    }
}

TEST_F(ByteStreams, AnAnnouncementAloneAllocatesLittle) {
    // A gigabyte is announced and 10 octets come; looked at while the rest is waited for.
    provide(
        test::from_hex("8080808004"
                       "01020304050607080910"),
        false
    );
    const auto before = support::heap_bytes();
    const auto limit = std::size_t{1} << 40U;
    result<Bytes> message = Errc::shut_down;
    auto receive = [&]() -> awaitable<void> { message = co_await read_delimited(*pair_.listener, limit); };
    asio::co_spawn(context_, receive(), [](const std::exception_ptr&) {});
    context_.restart();
    context_.poll();
    EXPECT_LT(support::heap_bytes(), before + 16 * 1024);
    auto end = [&]() -> awaitable<void> { EXPECT_TRUE(co_await pair_.dialer->close_write()); };
    EXPECT_TRUE(run(context_, end));
    EXPECT_EQ(message.error(), Errc::protocol_violation);
}

TEST_F(ByteStreams, FailuresOfTheStreamArePassedOn) {
    for (std::size_t at = 0; at < 3; ++at) {
        pair_ = make_pair_of(context_.get_executor());
        provide(Bytes(200, 0x01), false);
        pair_.listener_meter->max_read = 1;
        pair_.listener_meter->fail_at = at;
        auto task = [&]() -> awaitable<void> {
            Bytes into(10);
            auto got = co_await read_exactly(*pair_.listener, into);
            EXPECT_EQ(got.error(), asio::error::make_error_code(asio::error::connection_reset));
        };
        EXPECT_TRUE(run(context_, task));
    }
}

}  // namespace
}  // namespace libp2p
