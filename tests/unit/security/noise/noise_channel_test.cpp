// SPDX-License-Identifier: MIT OR Apache-2.0
#include "security/noise/noise_channel.hpp"

#include "tests/unit/security/memory_pair.hpp"

#include <boost/asio/post.hpp>

#include <gtest/gtest.h>

#include <numeric>

namespace libp2p::noise {
namespace {

using libp2p::test::cancel_after;
using libp2p::test::make_pair_of;
using libp2p::test::MemoryStream;
using libp2p::test::Pair;
using libp2p::test::ReadableMemoryStream;
using libp2p::test::run;
using libp2p::test::run_both;

const error_code kEof = asio::error::make_error_code(asio::error::eof);
const error_code kAborted = asio::error::make_error_code(asio::error::operation_aborted);

crypto::Secret32 key_of(std::uint8_t octet) {
    Bytes key(32, octet);
    return crypto::Secret32(std::span<const std::uint8_t, 32>(key));
}

/// Octets that differ from one another.
Bytes pattern(std::size_t size) {
    Bytes bytes(size);
    std::uint32_t state = 1;
    for (auto& byte : bytes) {
        state = state * 1664525 + 1013904223;
        byte = static_cast<std::uint8_t>(state >> 24U);
    }
    return bytes;
}

/// Each test runs over a byte stream that can say when it is readable, and over one that cannot.
class NoiseChannels : public testing::TestWithParam<bool> {
protected:
    NoiseChannels() { connect(); }

    void connect(std::uint64_t counter = 0, ByteView early = {}) {
        left_.reset();
        right_.reset();
        pair_ = GetParam() ? make_pair_of<ReadableMemoryStream>(context_.get_executor())
                           : make_pair_of<MemoryStream>(context_.get_executor());
        left_ = std::make_unique<NoiseChannel>(std::move(pair_.dialer), session(1, 2, counter), ByteView());
        right_ = std::make_unique<NoiseChannel>(std::move(pair_.listener), session(2, 1, counter), early);
    }

    Session session(std::uint8_t send, std::uint8_t receive, std::uint64_t counter) const {
        return {
            CipherState(key_of(send), counter),
            CipherState(key_of(receive), counter),
            identity_.public_key(),
            identity_.peer_id(),
            "/m"
        };
    }

    void send(ByteView bytes) {
        auto task = [&]() -> awaitable<void> { EXPECT_TRUE(co_await write(*left_, bytes)); };
        ASSERT_TRUE(run(context_, task));
    }

    /// What arrives on the right, `size` octets of it, in the chunks in which it is lent.
    Bytes receive(std::size_t size) {
        Bytes all;
        auto task = [&]() -> awaitable<void> {
            while (all.size() < size) {
                auto chunk = co_await right_->read_chunk();
                if (!chunk) {
                    ADD_FAILURE() << chunk.error();
                    co_return;
                }
                EXPECT_FALSE(chunk->empty());
                ++chunks_;
                all.insert(all.end(), chunk->begin(), chunk->end());
                std::fill(chunk->begin(), chunk->end(), std::uint8_t{0});  // it is ours to write to
            }
        };
        EXPECT_TRUE(run(context_, task));
        return all;
    }

    Error read_error() {
        Error error;
        auto task = [&]() -> awaitable<void> {
            auto chunk = co_await right_->read_chunk();
            EXPECT_FALSE(chunk);
            error = chunk.error();
        };
        EXPECT_TRUE(run(context_, task));
        return error;
    }

    /// The lengths of the messages on their way to the right.
    std::vector<std::size_t> message_sizes() {
        Bytes all;
        for (const auto& piece : pair_.to_listener->pieces) {
            all.insert(all.end(), piece.bytes.begin(), piece.bytes.end());
        }
        std::vector<std::size_t> sizes;
        for (std::size_t at = 0; at < all.size();) {
            sizes.push_back(all[at] * std::size_t{256} + all[at + 1]);
            at += 2 + sizes.back();
        }
        return sizes;
    }

    asio::io_context context_;
    Identity identity_ = Identity::generate();
    Pair pair_;
    std::unique_ptr<NoiseChannel> left_;
    std::unique_ptr<NoiseChannel> right_;
    std::size_t chunks_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Over, NoiseChannels, testing::Bool(), [](const auto& parameter) {
    return parameter.param ? "Readable" : "Plain";
});

TEST_P(NoiseChannels, KnowWhoIsThere) {
    EXPECT_EQ(left_->remote_peer(), identity_.peer_id());
    EXPECT_EQ(left_->remote_public_key(), identity_.public_key());
    EXPECT_EQ(left_->early_muxer(), "/m");
}

TEST_P(NoiseChannels, CarryBuffersOfAllSizes) {
    for (std::size_t size :
         {1UL,
          15UL,
          2047UL,
          2048UL,
          65'518UL,
          65'519UL,
          65'520UL,
          131'038UL,
          131'039UL,
          262'144UL,
          300'000UL,
          1'000'000UL}) {
        const auto bytes = pattern(size);
        send(bytes);
        EXPECT_EQ(receive(size), bytes) << size;
    }
}

TEST_P(NoiseChannels, CarryOctetByOctet) {
    pair_.listener_meter->max_read = 1;
    const auto bytes = pattern(3000);
    send(bytes);
    send(bytes);
    EXPECT_EQ(receive(6000).size(), 6000U);
}

TEST_P(NoiseChannels, ALargeMessageMayDrip) {
    const auto bytes = pattern(65'519);
    send(bytes);
    auto wire = std::move(pair_.to_listener->pieces.front().bytes);
    pair_.to_listener->pieces.clear();
    Bytes got;
    auto read = [&]() -> awaitable<void> {
        auto chunk = co_await right_->read_chunk();
        LIBP2P_CO_ASSERT_TRUE(chunk);
        got.assign(chunk->begin(), chunk->end());
    };
    auto drip = [&]() -> awaitable<void> {
        for (std::size_t at = 0; at < wire.size(); at += 7) {
            const auto part = ByteView(wire).subspan(at, std::min<std::size_t>(7, wire.size() - at));
            pair_.to_listener->pieces.push_back({Bytes(part.begin(), part.end()), 0});
            pair_.to_listener->readable.notify();
            co_await asio::post(context_.get_executor(), asio::use_awaitable);
        }
    };
    ASSERT_TRUE(run_both(context_, read, drip));
    EXPECT_EQ(got, bytes);
}

TEST_P(NoiseChannels, AnyCutOfTheCiphertextIsTheSame) {
    const auto bytes = pattern(70);
    for (std::size_t cut = 1; cut < 100; ++cut) {
        connect();
        pair_.dialer_meter->tamper = {};
        send(bytes);
        auto& pieces = pair_.to_listener->pieces;
        const auto whole = pieces.front();
        ASSERT_EQ(whole.bytes.size(), 88U);
        const auto middle = whole.bytes.begin() + static_cast<std::ptrdiff_t>(std::min(cut, whole.bytes.size()));
        pieces.front().bytes.assign(whole.bytes.begin(), middle);
        const libp2p::test::Wire::Piece rest{Bytes(middle, whole.bytes.end()), 0};
        Bytes got;
        auto read = [&]() -> awaitable<void> {
            auto chunk = co_await right_->read_chunk();
            LIBP2P_CO_ASSERT_TRUE(chunk);
            got.assign(chunk->begin(), chunk->end());
        };
        auto go_on = [&]() -> awaitable<void> {
            co_await asio::post(context_.get_executor(), asio::use_awaitable);
            if (!rest.bytes.empty()) {
                pieces.push_back(rest);
                pair_.to_listener->readable.notify();
            }
        };
        ASSERT_TRUE(run_both(context_, read, go_on)) << cut;
        EXPECT_EQ(got, bytes);
    }
}

TEST_P(NoiseChannels, SmallBuffersShareAMessage) {
    const Bytes small = pattern(100);
    std::vector<ByteView> buffers(20, small);
    auto task = [&]() -> awaitable<void> { EXPECT_TRUE(co_await left_->write(buffers)); };
    ASSERT_TRUE(run(context_, task));
    EXPECT_EQ(message_sizes(), std::vector<std::size_t>{2000 + 16});
    EXPECT_EQ(pair_.dialer_meter->writes, 1U);
}

TEST_P(NoiseChannels, SmallBuffersFillWholeMessages) {
    const Bytes small = pattern(1000);
    std::vector<ByteView> buffers(200, small);
    auto task = [&]() -> awaitable<void> { EXPECT_TRUE(co_await left_->write(buffers)); };
    ASSERT_TRUE(run(context_, task));
    EXPECT_EQ(message_sizes(), (std::vector<std::size_t>{65'016, 65'016, 65'016, 5'016}));
    EXPECT_EQ(receive(200'000).size(), 200'000U);
}

TEST_P(NoiseChannels, LargeBuffersAreCutEvenlyAndSmallOnesKeepTheirPlace) {
    const Bytes header = pattern(12);
    const Bytes body = pattern(100'001);
    const std::vector<ByteView> buffers{header, {}, body, header, header, body};
    auto task = [&]() -> awaitable<void> { EXPECT_TRUE(co_await left_->write(buffers)); };
    ASSERT_TRUE(run(context_, task));
    EXPECT_EQ(message_sizes(), (std::vector<std::size_t>{28, 50'017, 50'016, 40, 50'017, 50'016}));
    Bytes expected;
    for (auto buffer : buffers) {
        expected.insert(expected.end(), buffer.begin(), buffer.end());
    }
    EXPECT_EQ(receive(expected.size()), expected);
}

TEST_P(NoiseChannels, ManyMessagesGoInOneWrite) {
    send(pattern(200'000));
    EXPECT_EQ(pair_.dialer_meter->writes, 1U);
    send(pattern(1'000'000));
    EXPECT_LE(pair_.dialer_meter->writes, 1U + 5U);
}

TEST_P(NoiseChannels, NothingIsSentForNothing) {
    send({});
    auto task = [&]() -> awaitable<void> { EXPECT_TRUE(co_await left_->write({})); };
    ASSERT_TRUE(run(context_, task));
    EXPECT_EQ(pair_.dialer_meter->writes, 0U);
}

TEST_P(NoiseChannels, ReadSomeAndReadChunkMayTakeTurns) {
    const auto bytes = pattern(1000);
    send(bytes);
    auto task = [&]() -> awaitable<void> {
        Bytes first(100);
        EXPECT_TRUE(co_await read_exactly(*right_, first));
        EXPECT_EQ(first, Bytes(bytes.begin(), bytes.begin() + 100));
        auto chunk = co_await right_->read_chunk();
        LIBP2P_CO_ASSERT_TRUE(chunk);
        EXPECT_EQ(Bytes(chunk->begin(), chunk->end()), Bytes(bytes.begin() + 100, bytes.end()));
    };
    ASSERT_TRUE(run(context_, task));
}

TEST_P(NoiseChannels, WhatCameBehindTheHandshakeIsReadFirst) {
    send(as_bytes("early"));
    send(as_bytes("late"));
    Bytes sealed;
    for (const auto& piece : pair_.to_listener->pieces) {
        sealed.insert(sealed.end(), piece.bytes.begin(), piece.bytes.end());
    }
    for (std::size_t early = 0; early <= sealed.size(); ++early) {
        connect(0, ByteView(sealed).first(early));
        const Bytes rest(sealed.begin() + static_cast<std::ptrdiff_t>(early), sealed.end());
        if (!rest.empty()) {
            pair_.to_listener->pieces.push_back({rest, 0});
        }
        EXPECT_EQ(as_text(receive(9)), "earlylate") << early;
    }
}

TEST_P(NoiseChannels, EmptyMessagesAreSkipped) {
    CipherState cipher(key_of(1));
    Bytes wire;
    auto append = [&](std::string_view text) {
        Bytes sealed(text.size() + kTagSize);
        EXPECT_TRUE(cipher.seal({}, as_bytes(text), sealed));
        wire.push_back(0);
        wire.push_back(static_cast<std::uint8_t>(sealed.size()));
        wire.insert(wire.end(), sealed.begin(), sealed.end());
    };
    for (int i = 0; i < 5000; ++i) {
        append("");
    }
    append("text");
    pair_.to_listener->pieces.push_back({wire, 0});
    // Others have their turn in between.
    std::size_t turns = 0;
    bool done = false;
    auto other = [&]() -> awaitable<void> {
        while (!done) {
            ++turns;
            co_await asio::post(context_.get_executor(), asio::use_awaitable);
        }
    };
    auto read = [&]() -> awaitable<void> {
        auto chunk = co_await right_->read_chunk();
        LIBP2P_CO_ASSERT_TRUE(chunk);
        EXPECT_EQ(as_text(*chunk), "text");
        done = true;
    };
    ASSERT_TRUE(run_both(context_, other, read));
    EXPECT_GE(turns, 5000 / kMessagesPerTurn);
}

TEST_P(NoiseChannels, AReaderWithEverythingAtHandLetsOthersHaveTheirTurn) {
    send(pattern(4'000'000));
    std::size_t turns = 0;
    bool done = false;
    auto other = [&]() -> awaitable<void> {
        while (!done) {
            ++turns;
            co_await asio::post(context_.get_executor(), asio::use_awaitable);
        }
    };
    auto read = [&]() -> awaitable<void> {
        for (std::size_t got = 0; got < 4'000'000;) {
            auto chunk = co_await right_->read_chunk();
            LIBP2P_CO_ASSERT_TRUE(chunk);
            got += chunk->size();
        }
        done = true;
    };
    ASSERT_TRUE(run_both(context_, other, read));
    EXPECT_GE(turns, 4'000'000 / kOctetsPerTurn / 2);
}

TEST_P(NoiseChannels, AnOctetThatChangedEndsBothDirections) {
    for (std::size_t at : {2U, 5U, 20U}) {
        connect();
        pair_.dialer_meter->tamper = [at](Bytes& bytes) { bytes[at] ^= 1U; };
        send(as_bytes("hello"));
        EXPECT_EQ(read_error(), Errc::authentication_failed);
        EXPECT_EQ(read_error(), Errc::authentication_failed);
        auto task = [&]() -> awaitable<void> {
            auto written = co_await write(*right_, as_bytes("x"));
            EXPECT_EQ(written.error(), Errc::authentication_failed);
            auto closed = co_await right_->close_write();
            EXPECT_EQ(closed.error(), Errc::authentication_failed);
        };
        ASSERT_TRUE(run(context_, task));
        EXPECT_TRUE(pair_.to_dialer->broken);
    }
}

TEST_P(NoiseChannels, ALengthThatChangedIsNotAuthentic) {
    // Shorter, and too short to hold a tag at all.
    for (std::uint8_t length : {std::uint8_t{20}, std::uint8_t{15}, std::uint8_t{0}}) {
        connect();
        pair_.dialer_meter->tamper = [length](Bytes& bytes) { bytes[1] = length; };
        send(as_bytes("hello"));
        EXPECT_EQ(read_error(), Errc::authentication_failed) << int{length};
    }
}

TEST_P(NoiseChannels, MessagesOfEveryLengthTheirNumberCanTell) {
    // Sealed ones first: no octet, one, and around the largest.
    CipherState cipher(key_of(1));
    Bytes wire;
    Bytes sent;
    for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{2}, kMaxPlaintext - 1, kMaxPlaintext}) {
        const auto text = pattern(size);
        Bytes sealed(size + kTagSize);
        ASSERT_TRUE(cipher.seal({}, text, sealed));
        wire.push_back(static_cast<std::uint8_t>(sealed.size() / 256));
        wire.push_back(static_cast<std::uint8_t>(sealed.size() % 256));
        wire.insert(wire.end(), sealed.begin(), sealed.end());
        sent.insert(sent.end(), text.begin(), text.end());
    }
    pair_.to_listener->pieces.push_back({wire, 0});
    EXPECT_EQ(receive(sent.size()), sent);

    // And whatever was not sealed is refused, none without a tag is looked at beyond its end.
    for (std::size_t length :
         {std::size_t{0}, std::size_t{1}, kTagSize - 1, kTagSize, kTagSize + 1, kMaxMessage - 1, kMaxMessage}) {
        connect();
        Bytes garbage{static_cast<std::uint8_t>(length / 256), static_cast<std::uint8_t>(length % 256)};
        garbage.resize(2 + length, 0x55);
        pair_.to_listener->pieces.push_back({garbage, 0});
        EXPECT_EQ(read_error(), Errc::authentication_failed) << length;
    }
}

TEST_P(NoiseChannels, RepeatedAndReorderedMessagesAreNotAuthentic) {
    send(as_bytes("one"));
    auto& pieces = pair_.to_listener->pieces;
    pieces.push_back(pieces.front());
    EXPECT_EQ(as_text(receive(3)), "one");
    EXPECT_EQ(read_error(), Errc::authentication_failed);
    connect();
    send(as_bytes("one"));
    send(as_bytes("two"));
    auto& swapped = pair_.to_listener->pieces;
    std::swap(swapped.front(), swapped.back());
    EXPECT_EQ(read_error(), Errc::authentication_failed);
}

TEST_P(NoiseChannels, AnEndBetweenMessagesIsAnEnd) {
    send(as_bytes("last"));
    auto close = [&]() -> awaitable<void> { EXPECT_TRUE(co_await left_->close_write()); };
    ASSERT_TRUE(run(context_, close));
    EXPECT_EQ(as_text(receive(4)), "last");
    EXPECT_EQ(read_error(), kEof);
    EXPECT_EQ(read_error(), kEof);
    // The other direction goes on.
    auto answer = [&]() -> awaitable<void> {
        EXPECT_TRUE(co_await write(*right_, as_bytes("answer")));
        Bytes into(6);
        EXPECT_TRUE(co_await read_exactly(*left_, into));
        EXPECT_EQ(as_text(into), "answer");
    };
    ASSERT_TRUE(run(context_, answer));
}

TEST_P(NoiseChannels, AnEndInsideOfAMessageIsATruncation) {
    for (std::size_t kept = 1; kept < 22; ++kept) {
        connect();
        pair_.dialer_meter->tamper = [kept](Bytes& bytes) { bytes.resize(kept); };
        send(as_bytes("last"));
        auto close = [&]() -> awaitable<void> { EXPECT_TRUE(co_await left_->close_write()); };
        ASSERT_TRUE(run(context_, close));
        EXPECT_EQ(read_error(), Errc::protocol_violation) << kept;
    }
}

TEST_P(NoiseChannels, AUsedUpCounterEndsTheChannel) {
    connect(std::numeric_limits<std::uint64_t>::max() - 1);
    send(as_bytes("last"));
    EXPECT_EQ(as_text(receive(4)), "last");
    const auto written_before = pair_.dialer_meter->written;
    auto task = [&]() -> awaitable<void> {
        for (int i = 0; i < 2; ++i) {
            auto written = co_await write(*left_, as_bytes("more"));
            EXPECT_EQ(written.error(), Errc::connection_closed);
        }
    };
    ASSERT_TRUE(run(context_, task));
    EXPECT_EQ(pair_.dialer_meter->written, written_before);
}

TEST_P(NoiseChannels, ReadAndWriteAtTheSameTime) {
    pair_.to_dialer->capacity = 50'000;
    pair_.to_listener->capacity = 50'000;
    const auto bytes = pattern(500'000);
    auto pump = [&](NoiseChannel& channel) -> awaitable<void> { EXPECT_TRUE(co_await write(channel, bytes)); };
    auto drain = [&](NoiseChannel& channel) -> awaitable<void> {
        Bytes into(bytes.size());
        EXPECT_TRUE(co_await read_exactly(channel, into));
        EXPECT_EQ(into, bytes);
    };
    int done = 0;
    auto count = [&](const std::exception_ptr&) { ++done; };
    asio::co_spawn(context_, [&] { return pump(*left_); }, count);
    asio::co_spawn(context_, [&] { return pump(*right_); }, count);
    asio::co_spawn(context_, [&] { return drain(*left_); }, count);
    asio::co_spawn(context_, [&] { return drain(*right_); }, count);
    context_.restart();
    context_.poll();
    EXPECT_EQ(done, 4);
}

TEST_P(NoiseChannels, FailuresBeneathArePassedOnAndStay) {
    const auto reset = asio::error::make_error_code(asio::error::connection_reset);
    send(as_bytes("text"));
    pair_.dialer_meter->fail_at = pair_.dialer_meter->operations;
    auto task = [&]() -> awaitable<void> {
        for (int i = 0; i < 2; ++i) {
            auto written = co_await write(*left_, as_bytes("more"));
            EXPECT_EQ(written.error(), reset);
        }
    };
    ASSERT_TRUE(run(context_, task));
    EXPECT_EQ(read_error(), reset);
    EXPECT_EQ(read_error(), reset);
}

TEST_P(NoiseChannels, FailAtEveryStep) {
    for (std::size_t at = 0; at < 40; ++at) {
        connect();
        pair_.to_listener->capacity = 10'000;
        pair_.listener_meter->fail_at = at;
        const auto bytes = pattern(100'000);
        bool complete = false;
        auto pump = [&]() -> awaitable<void> {
            auto written = co_await write(*left_, bytes);
            if (written) {
                co_await left_->close_write();
            }
        };
        auto drain = [&]() -> awaitable<void> {
            Bytes into(bytes.size());
            auto got = co_await read_exactly(*right_, into);
            complete = got.has_value();
        };
        ASSERT_TRUE(run_both(context_, pump, drain)) << at;
        EXPECT_EQ(complete, pair_.listener_meter->operations <= at) << at;
    }
}

TEST_P(NoiseChannels, AreFinishedByCancellation) {
    bool unwound = false;
    auto read = [&]() -> awaitable<void> {
        auto chunk = co_await right_->read_chunk();
        EXPECT_EQ(chunk.error(), kAborted);
    };
    EXPECT_TRUE(cancel_after(context_, 3, read, unwound));
    EXPECT_TRUE(unwound);
    EXPECT_EQ(read_error(), kAborted);

    pair_.to_listener->capacity = 10;
    auto send_more = [&]() -> awaitable<void> {
        auto written = co_await write(*left_, as_bytes("more"));
        EXPECT_EQ(written.error(), kAborted);
    };
    EXPECT_TRUE(cancel_after(context_, 3, send_more, unwound));
    EXPECT_TRUE(unwound);
    auto again = [&]() -> awaitable<void> {
        auto written = co_await write(*left_, as_bytes("more"));
        EXPECT_EQ(written.error(), kAborted);
    };
    EXPECT_TRUE(run(context_, again));
}

TEST_P(NoiseChannels, AbortWakesWhoWaits) {
    Error error;
    auto read = [&]() -> awaitable<void> {
        auto chunk = co_await right_->read_chunk();
        error = chunk.error();
    };
    EXPECT_FALSE(run(context_, read));
    right_->abort();
    right_->abort();
    context_.restart();
    context_.poll();
    EXPECT_EQ(error, kAborted);
}

TEST_P(NoiseChannels, WaitWithoutABufferWhereTheByteStreamCan) {
    send(pattern(100'000));
    EXPECT_EQ(receive(100'000).size(), 100'000U);
    bool done = false;
    auto read = [&]() -> awaitable<void> {
        auto chunk = co_await right_->read_chunk();
        EXPECT_TRUE(chunk);
        done = true;
    };
    EXPECT_FALSE(run(context_, read));
    EXPECT_EQ(pair_.listener_meter->waits, GetParam() ? 1U : 0U);
    send(as_bytes("x"));
    EXPECT_TRUE(done);
}

// --- the pool ---

TEST(PooledBuffer, IsAsLargeAsAskedFor) {
    for (std::size_t size :
         {std::size_t{1}, std::size_t{4096}, std::size_t{4097}, std::size_t{65'537}, PooledBuffer::kMaxSize}) {
        PooledBuffer buffer(size);
        EXPECT_GE(buffer.size(), size);
        std::fill_n(buffer.data(), buffer.size(), std::uint8_t{1});
    }
}

TEST(PooledBuffer, KeepsABoundedNumberOfBlocks) {
    std::vector<PooledBuffer> buffers;
    for (int i = 0; i < 50; ++i) {
        buffers.emplace_back(PooledBuffer::kMaxSize);
        buffers.emplace_back(1000);
    }
    buffers.clear();
    EXPECT_LE(PooledBuffer::kept(), 2U * 1024 * 1024);
}

TEST(PooledBuffer, Moves) {
    PooledBuffer first(10);
    auto* data = first.data();
    PooledBuffer second(std::move(first));
    EXPECT_EQ(second.data(), data);
    PooledBuffer third;
    EXPECT_FALSE(third);
    third = std::move(second);
    EXPECT_EQ(third.data(), data);
    third.release();
    third.release();
    EXPECT_FALSE(third);
}

}  // namespace
}  // namespace libp2p::noise
