// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/websocket/websocket_stream.hpp"

#include "tests/unit/transports/websocket/websocket_pair.hpp"
#include "transports/websocket/wire.hpp"

#include <numeric>

namespace libp2p::websocket::test {
namespace {

const error_code kEof = asio::error::make_error_code(asio::error::eof);

Bytes pattern(std::size_t size) {
    Bytes octets(size);
    std::iota(octets.begin(), octets.end(), std::uint8_t{0});
    return octets;
}

awaitable<void> send_all(ByteStream& to, const Bytes& octets, std::size_t piece) {
    for (std::size_t at = 0; at < octets.size(); at += piece) {
        auto sent = co_await write(to, ByteView(octets).subspan(at, std::min(piece, octets.size() - at)));
        LIBP2P_CO_ASSERT_OK(sent);
    }
    auto closed = co_await to.close_write();
    LIBP2P_EXPECT_OK(closed);
}

class WebSocketStreamTest : public WebSocketTest {
protected:
    /// What a server reads of `frames`, that come behind the upgrade and are then followed by the end; and what it
    /// says.
    result<Bytes> serve(std::string frames, Heard& heard) {
        conformance::PairOptions roomy;
        roomy.capacity = 4 * 1024 * 1024;
        auto raw = conformance::memory_pair(loop.executor(), roomy);
        std::optional<result<Bytes>> outcome;
        auto body = [&]() -> awaitable<void> {
            const std::string all = std::string(kUpgrade) + frames;
            auto sent = co_await write(*raw.first, as_bytes(all));
            LIBP2P_CO_ASSERT_OK(sent);
            auto ended = co_await raw.first->close_write();
            LIBP2P_CO_ASSERT_OK(ended);
            auto accepted = co_await accept(std::move(raw.second), options, budget);
            if (!accepted) {
                outcome.emplace(accepted.error());
            } else {
                outcome.emplace(co_await conformance::read_to_end(**accepted, 4096));
                accepted->reset();
            }
            auto said = co_await read_what_came(*raw.first);
            heard = split_answer(said);
        };
        loop.run(body());
        return outcome.value_or(Error(Errc::shut_down));
    }
};

TEST_F(WebSocketStreamTest, CarriesOctetsBothWays) {
    auto body = [&]() -> awaitable<void> {
        auto ends = co_await connect(conformance::memory_pair(loop.executor()), options, budget);
        LIBP2P_CO_ASSERT_TRUE(ends.dialer && ends.listener);
        const auto octets = pattern(300'000);
        for (const bool forth : {true, false}) {
            ByteStream& from = forth ? static_cast<ByteStream&>(*ends.dialer) : *ends.listener;
            ByteStream& to = forth ? static_cast<ByteStream&>(*ends.listener) : *ends.dialer;
            Bytes got(octets.size());
            auto send = [&](TaskScope& tasks) -> awaitable<void> {
                auto reading = [&]() -> awaitable<void> {
                    auto read = co_await read_exactly(to, got);
                    LIBP2P_EXPECT_OK(read);
                };
                tasks.spawn(reading());
                const std::array<ByteView, 4> parts{
                    ByteView(octets).first(1),
                    ByteView(),
                    ByteView(octets).subspan(1, 99'999),
                    ByteView(octets).subspan(100'000)
                };
                auto sent = co_await from.write(parts);
                LIBP2P_EXPECT_OK(sent);
                co_await tasks.join();
            };
            co_await with_tasks(send);
            EXPECT_EQ(got, octets);
        }
    };
    loop.run(body());
}

TEST_F(WebSocketStreamTest, AnswersTheSampleKey) {
    Heard heard;
    const auto got = serve(frame(kFin | kBinary, "x") + frame(kFin | kClose, ""), heard);
    ASSERT_TRUE(got) << got.error();
    EXPECT_TRUE(heard.head.starts_with("HTTP/1.1 101 ")) << heard.head;
    EXPECT_NE(heard.head.find(kAccept), std::string::npos) << heard.head;
}

TEST_F(WebSocketStreamTest, TakesFramesOfAnySplit) {
    Heard heard;
    std::string frames;
    frames += frame(kFin | kBinary, "a");
    frames += frame(kBinary, "b");
    frames += frame(kMore, "");
    frames += frame(kFin | kPing, "are you there");
    frames += frame(kMore, "c");
    frames += frame(kFin, "");
    frames += frame(kFin | kBinary, "");
    frames += frame(kFin | kPong, "unasked");
    frames += frame(kFin | kBinary, std::string(200, 'd'));
    frames += frame(kFin | kBinary, std::string(70'000, 'e'));
    frames += frame(kFin | kClose, std::string("\x03\xe8", 2) + "bye");
    const auto got = serve(frames, heard);
    ASSERT_TRUE(got) << got.error();
    EXPECT_EQ(as_text(*got), "abc" + std::string(200, 'd') + std::string(70'000, 'e'));
    // A pong with the ping's payload, then the close frame with the status that came; both without a mask.
    EXPECT_EQ(heard.frames, std::string("\x8a\x0d") + "are you there" + std::string("\x88\x02\x03\xe8", 4));
}

TEST_F(WebSocketStreamTest, TheEndOfTheSocketIsTheEnd) {
    Heard heard;
    const auto got = serve(frame(kFin | kBinary, "all"), heard);
    ASSERT_TRUE(got) << got.error();
    EXPECT_EQ(as_text(*got), "all");
}

struct Wrong {
    const char* what;
    std::string frames;
    Errc code;
    const char* words;
    std::string answer;  ///< the close frame
};

std::string closed_with(std::uint16_t status) {
    return std::string("\x88\x02") + static_cast<char>(status >> 8U) + static_cast<char>(status);
}

TEST_F(WebSocketStreamTest, TellsTheRemoteWhatItDidWrong) {
    std::string pings;
    for (std::size_t size = 0; size <= kMaxWithoutPayload + 2 * 131; size += 131) {
        pings += frame(kFin | kPing, std::string(125, 'p'));
    }
    std::string nothing = frame(kBinary, "x");
    for (std::size_t size = 0; size <= kMaxWithoutPayload + 2048; size += 6) {
        nothing += frame(kMore, "");
    }
    std::string unmasked("\x82\x01x");
    std::string fragments;
    for (std::size_t size = 0; size <= options.max_message; size += 65'536) {
        fragments += frame(size == 0 ? kBinary : kMore, std::string(65'536, 'f'));
    }
    const Wrong wrongs[] = {
        {"text", frame(kFin | kText, "hello"), Errc::protocol_violation, "a text message", closed_with(1003)},
        {"text that is none", frame(kFin | kText, "\xff\xff"), Errc::protocol_violation, "", closed_with(1007)},
        {"no mask", unmasked, Errc::protocol_violation, "", closed_with(1002)},
        {"an opcode that nobody knows", frame(kFin | 3, "x"), Errc::protocol_violation, "", closed_with(1002)},
        {"compressed", frame(kFin | 0x40 | kBinary, "x"), Errc::protocol_violation, "", closed_with(1002)},
        {"a fragment of nothing", frame(kFin, "x"), Errc::protocol_violation, "", closed_with(1002)},
        {"a message within a message",
         frame(kBinary, "x") + frame(kFin | kBinary, "y"),
         Errc::protocol_violation,
         "",
         closed_with(1002)},
        {"a ping in fragments", frame(kPing, "x"), Errc::protocol_violation, "", closed_with(1002)},
        {"a ping that is too long",
         frame(kFin | kPing, std::string(126, 'x')),
         Errc::protocol_violation,
         "",
         closed_with(1002)},
        {"a length that is not in its shortest form",
         std::string("\x82\xfe\x00\x01", 4) + "maskx",
         Errc::protocol_violation,
         "",
         closed_with(1002)},
        {"a message that is too long by what it says",
         frame(kFin | kBinary, "x", std::uint64_t{1} << 62U),
         Errc::limit_exceeded,
         "more than 1048576 octets",
         closed_with(1009)},
        {"fragments without end", fragments, Errc::limit_exceeded, "more than 1048576 octets", closed_with(1009)},
        {"pings without end", pings, Errc::limit_exceeded, "16384 octets without a payload", ""},
        {"empty fragments without end", nothing, Errc::limit_exceeded, "16384 octets without a payload", ""},
    };
    for (const auto& wrong : wrongs) {
        SCOPED_TRACE(wrong.what);
        Heard heard;
        const auto got = serve(wrong.frames, heard);
        ASSERT_FALSE(got);
        EXPECT_EQ(got.error(), wrong.code) << got.error();
        EXPECT_NE(got.error().message().find(wrong.words), std::string::npos) << got.error();
        if (!wrong.answer.empty()) {
            EXPECT_TRUE(heard.frames.starts_with(wrong.answer)) << got.error();
        }
    }
}

TEST_F(WebSocketStreamTest, SaysGoodbyeAndHearsIt) {
    auto body = [&]() -> awaitable<void> {
        auto ends = co_await connect(conformance::memory_pair(loop.executor()), options, budget);
        LIBP2P_CO_ASSERT_TRUE(ends.dialer && ends.listener);
        const auto octets = pattern(100'000);
        auto send = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(send_all(*ends.dialer, octets, 30'000));
            auto got = co_await conformance::read_to_end(*ends.listener);
            LIBP2P_CO_ASSERT_OK(got);
            EXPECT_EQ(*got, octets);
        };
        co_await with_tasks(send);
        Bytes nothing(1);
        auto end = co_await ends.dialer->read_some(nothing);
        LIBP2P_EXPECT_ERROR(end, kEof);
        auto again = co_await ends.dialer->close_write();
        LIBP2P_EXPECT_OK(again);
    };
    loop.run(body());
}

TEST_F(WebSocketStreamTest, AReaderThatWaitsHearsTheEndOfOurOwnGoodbye) {
    auto body = [&]() -> awaitable<void> {
        auto ends = co_await connect(conformance::memory_pair(loop.executor()), options, budget);
        LIBP2P_CO_ASSERT_TRUE(ends.dialer && ends.listener);
        auto both = [&](TaskScope& tasks) -> awaitable<void> {
            auto hear = [](ByteStream& stream) -> awaitable<void> {
                Bytes nothing(1);
                auto end = co_await stream.read_some(nothing);
                LIBP2P_EXPECT_ERROR(end, kEof);
            };
            tasks.spawn(hear(*ends.dialer));
            tasks.spawn(hear(*ends.listener));
            co_await conformance::settle();
            auto closed = co_await ends.dialer->close_write();
            LIBP2P_EXPECT_OK(closed);
            co_await tasks.join();
        };
        co_await with_tasks(both);
    };
    loop.run(body());
}

TEST_F(WebSocketStreamTest, TheEndStaysTheEnd) {
    auto body = [&]() -> awaitable<void> {
        auto ends = co_await connect(conformance::memory_pair(loop.executor()), options, budget);
        LIBP2P_CO_ASSERT_TRUE(ends.dialer && ends.listener);
        auto leave = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(send_all(*ends.listener, Bytes(), 1));
            Bytes nothing(1);
            for (int i = 0; i < 2; ++i) {
                auto end = co_await ends.dialer->read_some(nothing);
                LIBP2P_EXPECT_ERROR(end, kEof);
            }
            auto written = co_await write(*ends.dialer, nothing);
            LIBP2P_EXPECT_ERROR(written, asio::error::make_error_code(asio::error::broken_pipe));
            co_await tasks.join();
        };
        co_await with_tasks(leave);
    };
    loop.run(body());
}

TEST_F(WebSocketStreamTest, AServerMayTakeItsTimeToAnswer) {
    conformance::PairOptions slow;
    slow.latency = 2 * options.closing;
    auto body = [&]() -> awaitable<void> {
        auto ends = co_await connect(conformance::memory_pair(loop.executor(), slow), options, budget);
        EXPECT_TRUE(ends.dialer && ends.listener);
    };
    loop.run(body());
}

TEST_F(WebSocketStreamTest, DoesNotWaitForAGoodbyeThatDoesNotCome) {
    auto raw = conformance::memory_pair(loop.executor());
    auto body = [&]() -> awaitable<void> {
        auto sent = co_await write(*raw.first, as_bytes(kUpgrade));
        LIBP2P_CO_ASSERT_OK(sent);
        auto accepted = co_await accept(std::move(raw.second), options, budget);
        LIBP2P_CO_ASSERT_OK(accepted);
        auto closed = co_await (*accepted)->close_write();
        LIBP2P_EXPECT_ERROR(closed, asio::error::make_error_code(asio::error::timed_out));
    };
    loop.run(body());
}

TEST_F(WebSocketStreamTest, KeepsWhatComesWithTheAnswer) {
    auto raw = conformance::memory_pair(loop.executor());
    auto body = [&]() -> awaitable<void> {
        auto serve_by_hand = [&](TaskScope& tasks) -> awaitable<void> {
            auto server = [&]() -> awaitable<void> {
                Bytes request(4096);
                auto got = co_await raw.second->read_some(request);
                LIBP2P_CO_ASSERT_OK(got);
                const auto text = as_text(ByteView(request).first(*got));
                const auto key_at = text.find("Sec-WebSocket-Key: ") + 19;
                EXPECT_EQ(text.find("permessage-deflate"), std::string::npos);
                // The accept value is computed by a server of ours, over a pair of its own.
                auto inner = conformance::memory_pair(loop.executor());
                auto asked = co_await write(*inner.first, as_bytes(text));
                LIBP2P_CO_ASSERT_OK(asked);
                EXPECT_LT(key_at, text.size());
                auto accepted = co_await accept(std::move(inner.second), options, budget);
                LIBP2P_CO_ASSERT_OK(accepted);
                Bytes answer(4096);
                auto answered = co_await inner.first->read_some(answer);
                LIBP2P_CO_ASSERT_OK(answered);
                answer.resize(*answered);
                const auto frames = std::string("\x82\x05") + "early" + std::string("\x82\x01") + "!";
                answer.insert(answer.end(), frames.begin(), frames.end());
                auto sent = co_await write(*raw.second, answer);
                LIBP2P_EXPECT_OK(sent);
            };
            tasks.spawn(server());
            std::string host("node");
            std::string target("/");
            auto dialled = co_await WebSocketStream::request(
                std::move(raw.first), std::move(host), std::move(target), options, budget
            );
            LIBP2P_CO_ASSERT_OK(dialled);
            Bytes got(6);
            auto read = co_await read_exactly(**dialled, got);
            LIBP2P_CO_ASSERT_OK(read);
            EXPECT_EQ(as_text(got), "early!");
        };
        co_await with_tasks(serve_by_hand);
    };
    loop.run(body());
}

TEST_F(WebSocketStreamTest, ADialerTellsWhatTheServerAnsweredInstead) {
    const std::pair<std::string, std::pair<Errc, const char*>> answers[] = {
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", {Errc::refused_by_remote, "status 404"}},
        {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
         {Errc::protocol_violation, "Sec-WebSocket-Accept"}},
        {"\x13/multistream/1.0.0\n", {Errc::protocol_violation, "HTTP"}},
        {"HTTP/1.1 101 S\r\nX: " + std::string(9000, 'x') + "\r\n\r\n", {Errc::limit_exceeded, "8192 octets"}},
    };
    for (const auto& [answer, expected] : answers) {
        SCOPED_TRACE(answer.substr(0, 40));
        auto raw = conformance::memory_pair(loop.executor());
        auto body = [&]() -> awaitable<void> {
            auto sent = co_await write(*raw.second, as_bytes(answer));
            LIBP2P_CO_ASSERT_OK(sent);
            std::string host("node");
            std::string target("/");
            auto dialled = co_await WebSocketStream::request(
                std::move(raw.first), std::move(host), std::move(target), options, budget
            );
            LIBP2P_CO_ASSERT_ERROR(dialled, expected.first);
            EXPECT_NE(dialled.error().message().find(expected.second), std::string::npos) << dialled.error();
        };
        loop.run(body());
    }
}

TEST_F(WebSocketStreamTest, ChargesWhatItHolds) {
    auto body = [&]() -> awaitable<void> {
        auto ends = co_await connect(conformance::memory_pair(loop.executor()), options, budget);
        EXPECT_EQ(budget->used().memory, 2 * kStreamMemory + kSmallMaskBuffer);
        const Bytes large(2 * kSmallMaskBuffer);
        const std::array<std::pair<ByteView, std::size_t>, 3> writes{
            {{large, kLargeMaskBuffer}, {ByteView(large).first(1), kSmallMaskBuffer}, {large, kLargeMaskBuffer}}
        };
        for (const auto& [octets, buffer] : writes) {
            auto sent = co_await write(*ends.dialer, octets);
            LIBP2P_CO_ASSERT_OK(sent);
            EXPECT_EQ(budget->used().memory, 2 * kStreamMemory + buffer);
        }
        ends.dialer.reset();
        EXPECT_EQ(budget->used().memory, kStreamMemory);
    };
    loop.run(body());
}

}  // namespace
}  // namespace libp2p::websocket::test
