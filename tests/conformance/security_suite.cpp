// SPDX-License-Identifier: MIT OR Apache-2.0
#include <libp2p/conformance/co_assert.hpp>
#include <libp2p/conformance/loop.hpp>
#include <libp2p/conformance/memory_streams.hpp>
#include <libp2p/conformance/rng.hpp>
#include <libp2p/conformance/security_suite.hpp>
#include <libp2p/conformance/stream_tools.hpp>
#include <libp2p/timeout.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace libp2p::conformance {

using namespace std::chrono_literals;

bool link_security_suite() noexcept {
    return true;
}

namespace {

using Channel = std::unique_ptr<SecureChannel>;

const error_code kAborted = asio::error::make_error_code(asio::error::operation_aborted);
const error_code kEof = asio::error::make_error_code(asio::error::eof);

/// How the two sides of a handshake ended.
struct Outcome {
    result<Channel> near = Errc::shut_down;
    result<Channel> far = Errc::shut_down;

    bool both() const noexcept { return near.has_value() && far.has_value(); }
};

awaitable<void> keep_channel(awaitable<result<Channel>> handshake, result<Channel>& outcome) {
    outcome = co_await std::move(handshake);
}

/// Reads as muxers do.
awaitable<result<Bytes>> read_chunks_to_end(SecureChannel& channel) {
    Bytes all;
    for (;;) {
        auto chunk = co_await channel.read_chunk();
        if (!chunk && chunk.error() == kEof) {
            co_return std::move(all);
        }
        if (!chunk) {
            co_return chunk.error();
        }
        EXPECT_FALSE(chunk->empty());
        all.insert(all.end(), chunk->begin(), chunk->end());
    }
}

awaitable<void> expect_text(ByteStream& from, std::string_view expected) {
    Bytes into(expected.size());
    auto got = co_await read_exactly(from, into);
    LIBP2P_EXPECT_OK(got);
    EXPECT_EQ(as_text(into), expected);
}

awaitable<void> send_text(ByteStream& to, std::string_view text) {
    auto sent = co_await write(to, as_bytes(text));
    LIBP2P_EXPECT_OK(sent);
}

/// Sends and receives at once: the wire may be narrower than the message.
awaitable<void> carry(Channel& from, Channel& to, std::string_view text) {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(send_text(*from, text));
        co_await expect_text(*to, text);
        co_await tasks.join();
    };
    co_await with_tasks(body);
}

awaitable<void> talk(Channel& near, Channel& far) {
    co_await carry(near, far, "ping");
    co_await carry(far, near, "pong");
}

}  // namespace

class SecuritySuite::Bench {
public:
    explicit Bench(const SecurityProvider& provider)
        : near_protocol(provider.make(near_identity)), far_protocol(provider.make(far_identity)) {}

    /// A wire, with what is to go wrong on it.
    StreamPair wire() {
        auto [near, far] = memory_pair(loop.executor(), pipe);
        near = make_tapped(std::move(near), near_tap);
        far = make_tapped(std::move(far), far_tap);
        *near_tap = near_plan;
        *far_tap = far_plan;
        near_fault->operations = far_fault->operations = 0;
        near_fault->is_alive = far_fault->is_alive = true;
        near = make_faulty(std::move(near), near_fault);
        far = make_faulty(std::move(far), far_fault);
        return {std::move(near), std::move(far)};
    }

    /// Both sides of a handshake. When `limit` is up, what is still waiting is cancelled.
    awaitable<Outcome> shake(Clock::duration limit = 60s) {
        auto [near_raw, far_raw] = wire();
        auto near_task = near_protocol->secure(std::move(near_raw), near_options);
        auto far_task = far_protocol->secure(std::move(far_raw), far_options);
        Outcome outcome;
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(keep_channel(with_timeout(limit, std::move(near_task)), outcome.near));
            tasks.spawn(keep_channel(with_timeout(limit, std::move(far_task)), outcome.far));
            co_await tasks.join();
        };
        co_await with_tasks(body);
        co_return std::move(outcome);
    }

    /// A handshake, and then `script` with both channels.
    void play(std::function<awaitable<void>(Channel&, Channel&)> script) {
        auto test = [&]() -> awaitable<void> {
            auto outcome = co_await shake();
            LIBP2P_CO_ASSERT_OK(outcome.near);
            LIBP2P_CO_ASSERT_OK(outcome.far);
            co_await script(*outcome.near, *outcome.far);
        };
        loop.run(test());
        EXPECT_FALSE(near_fault->is_alive) << "the wire outlives the channel";
        EXPECT_FALSE(far_fault->is_alive) << "the wire outlives the channel";
    }

    /// One handshake that goes through, to see how many octets and operations it takes.
    void measure() {
        play([](Channel&, Channel&) -> awaitable<void> { co_return; });
    }

    Loop loop;
    Identity near_identity = Identity::generate();
    Identity far_identity = Identity::generate();
    std::unique_ptr<SecurityProtocol> near_protocol;
    std::unique_ptr<SecurityProtocol> far_protocol;
    SecurityOptions near_options{Direction::outbound, far_identity.peer_id(), {}};
    SecurityOptions far_options{Direction::inbound, std::nullopt, {}};
    PairOptions pipe;
    Tap near_plan;
    Tap far_plan;
    std::shared_ptr<Tap> near_tap = std::make_shared<Tap>();  // these are shared with the streams
    std::shared_ptr<Tap> far_tap = std::make_shared<Tap>();
    std::shared_ptr<Fault> near_fault = std::make_shared<Fault>();
    std::shared_ptr<Fault> far_fault = std::make_shared<Fault>();
};

SecuritySuite::SecuritySuite() : bench_(std::make_unique<Bench>(GetParam())) {}

SecuritySuite::~SecuritySuite() = default;

// --- who is who -----------------------------------------------------------------------------------------------------

TEST_P(SecuritySuite, TheIdIsAProtocolName) {
    EXPECT_EQ(bench_->near_protocol->id().front(), '/');
    EXPECT_LE(bench_->near_protocol->id().size(), kMaxProtocolIdSize);
}

TEST_P(SecuritySuite, BothSidesLearnWhoTheOtherIs) {
    bench_->play([&](Channel& near, Channel& far) -> awaitable<void> {
        EXPECT_EQ(near->remote_peer(), bench_->far_identity.peer_id());
        EXPECT_EQ(near->remote_public_key(), bench_->far_identity.public_key());
        EXPECT_EQ(far->remote_peer(), bench_->near_identity.peer_id());
        EXPECT_EQ(far->remote_public_key(), bench_->near_identity.public_key());
        co_await talk(near, far);
    });
}

TEST_P(SecuritySuite, AnybodyWillDoWhereNobodyIsExpected) {
    bench_->near_options.expected_peer.reset();
    bench_->play([&](Channel& near, Channel& far) -> awaitable<void> {
        EXPECT_EQ(near->remote_peer(), bench_->far_identity.peer_id());
        co_await talk(near, far);
    });
}

TEST_P(SecuritySuite, KeysOfEveryTypeWork) {
    for (auto type : {KeyType::ed25519, KeyType::secp256k1, KeyType::ecdsa, KeyType::rsa}) {
        bench_->far_identity = Identity::generate(type);
        bench_->far_protocol = GetParam().make(bench_->far_identity);
        bench_->near_options.expected_peer = bench_->far_identity.peer_id();
        bench_->play([&](Channel& near, Channel& far) -> awaitable<void> {
            EXPECT_EQ(near->remote_public_key(), bench_->far_identity.public_key());
            co_await talk(near, far);
        });
    }
}

TEST_P(SecuritySuite, AnotherPeerThanTheExpectedIsRefused) {
    bench_->near_options.expected_peer = Identity::generate().peer_id();
    auto test = [&]() -> awaitable<void> {
        auto outcome = co_await bench_->shake();
        LIBP2P_EXPECT_ERROR(outcome.near, Errc::peer_mismatch);
        EXPECT_FALSE(outcome.far);
    };
    bench_->loop.run(test());
    EXPECT_FALSE(bench_->near_fault->is_alive);
    EXPECT_FALSE(bench_->far_fault->is_alive);
}

TEST_P(SecuritySuite, AProtocolServesManyHandshakesAtOnce) {
    auto one = [&]() -> awaitable<void> {
        auto outcome = co_await bench_->shake();
        LIBP2P_CO_ASSERT_OK(outcome.near);
        LIBP2P_CO_ASSERT_OK(outcome.far);
        co_await talk(*outcome.near, *outcome.far);
    };
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        for (int i = 0; i < 16; ++i) {
            tasks.spawn(one());
        }
        co_await tasks.join();
    };
    bench_->loop.run(with_tasks(body));
}

// --- muxers and prologues -------------------------------------------------------------------------------------------

TEST_P(SecuritySuite, TheDialersFirstCommonMuxerIsAgreedOn) {
    bench_->near_options.muxers = {"/a", "/b", "/c"};
    bench_->far_options.muxers = {"/c", "/b"};
    bench_->play([&](Channel& near, Channel& far) -> awaitable<void> {
        EXPECT_EQ(near->early_muxer(), far->early_muxer());
        EXPECT_EQ(near->early_muxer(), GetParam().has_early_muxer ? "/b" : "");
        co_return;
    });
}

TEST_P(SecuritySuite, NoMuxerIsAgreedOnWhenOneSideOffersNone) {
    for (bool near_offers : {false, true}) {
        bench_->near_options.muxers.clear();
        bench_->far_options.muxers.clear();
        (near_offers ? bench_->near_options : bench_->far_options).muxers = {"/a"};
        bench_->play([&](Channel& near, Channel& far) -> awaitable<void> {
            EXPECT_EQ(near->early_muxer(), "");
            EXPECT_EQ(far->early_muxer(), "");
            co_return;
        });
    }
}

TEST_P(SecuritySuite, SidesWithDifferentProloguesDoNotUnderstandEachOther) {
    if (!GetParam().has_prologue) {
        GTEST_SKIP() << "the protocol has no prologue";
    }
    bench_->near_options.prologue = Bytes{1, 2, 3};
    bench_->far_options.prologue = Bytes{1, 2, 3};
    bench_->play([&](Channel& near, Channel& far) -> awaitable<void> { co_await talk(near, far); });
    bench_->far_options.prologue = Bytes{1, 2, 4};
    auto test = [&]() -> awaitable<void> {
        auto outcome = co_await bench_->shake();
        EXPECT_FALSE(outcome.near);
        EXPECT_FALSE(outcome.far);
    };
    bench_->loop.run(test());
}

// --- a bad wire -----------------------------------------------------------------------------------------------------

TEST_P(SecuritySuite, OctetsMayComeOneAtATimeOrInPieces) {
    for (auto chunking : {Chunking::octets, Chunking::random}) {
        bench_->pipe.chunking = chunking;
        bench_->play([&](Channel& near, Channel& far) -> awaitable<void> { co_await talk(near, far); });
    }
}

TEST_P(SecuritySuite, ANarrowWireIsEnough) {
    bench_->pipe.capacity = 5;
    bench_->play([&](Channel& near, Channel& far) -> awaitable<void> { co_await talk(near, far); });
}

TEST_P(SecuritySuite, ABentOctetAnywhereInTheHandshakeIsNoticed) {
    bench_->measure();
    const std::array<std::size_t, 2> octets = {bench_->near_tap->octets, bench_->far_tap->octets};
    for (std::size_t side = 0; side < 2; ++side) {
        for (std::size_t at = 0; at < octets[side]; ++at) {
            (side == 0 ? bench_->near_plan : bench_->far_plan).flip_at = at;
            auto test = [&]() -> awaitable<void> {
                // A longer length makes a side wait for octets that never come: the caller bounds the time.
                auto outcome = co_await bench_->shake(30ms);
                EXPECT_FALSE(outcome.both()) << "octet " << at << (side == 0 ? " of the dialer" : " of the listener");
            };
            bench_->loop.run(test());
            EXPECT_FALSE(bench_->near_fault->is_alive || bench_->far_fault->is_alive);
        }
        bench_->near_plan = bench_->far_plan = Tap{};
    }
}

TEST_P(SecuritySuite, AHandshakeThatEndsAtAnyOctetFailsOnTheOtherSide) {
    bench_->measure();
    const std::array<std::size_t, 2> octets = {bench_->near_tap->octets, bench_->far_tap->octets};
    for (std::size_t side = 0; side < 2; ++side) {
        for (std::size_t at = 0; at < octets[side]; ++at) {
            (side == 0 ? bench_->near_plan : bench_->far_plan).cut_at = at;
            auto test = [&]() -> awaitable<void> {
                auto outcome = co_await bench_->shake();  // nobody waits for ever
                EXPECT_FALSE(side == 0 ? outcome.far.has_value() : outcome.near.has_value()) << "after octet " << at;
                EXPECT_FALSE(outcome.both());
            };
            bench_->loop.run(test());
            EXPECT_FALSE(bench_->near_fault->is_alive || bench_->far_fault->is_alive);
        }
        bench_->near_plan = bench_->far_plan = Tap{};
    }
}

TEST_P(SecuritySuite, AFaultAtEveryOperationOfTheHandshakeIsAnError) {
    for (bool dialer : {true, false}) {
        auto& fault = dialer ? *bench_->near_fault : *bench_->far_fault;
        for (auto kind : {Fault::Kind::error, Fault::Kind::cancel, Fault::Kind::eof}) {
            fault.at = kNever;
            bench_->measure();
            const auto operations = fault.operations;
            fault.kind = kind;
            for (fault.at = 0; fault.at < operations; ++fault.at) {
                auto test = [&]() -> awaitable<void> {
                    auto outcome = co_await bench_->shake();
                    EXPECT_FALSE(dialer ? outcome.near.has_value() : outcome.far.has_value())
                        << "operation " << fault.at;
                };
                bench_->loop.run(test());
                EXPECT_FALSE(bench_->near_fault->is_alive || bench_->far_fault->is_alive);
            }
            fault.at = kNever;
        }
    }
}

TEST_P(SecuritySuite, CancellationAtEveryPointDestroysTheWire) {
    for (bool dialer : {true, false}) {
        auto victim = [&]() -> awaitable<void> {
            auto [near_raw, far_raw] = bench_->wire();
            auto near_task = bench_->near_protocol->secure(std::move(near_raw), bench_->near_options);
            auto far_task = bench_->far_protocol->secure(std::move(far_raw), bench_->far_options);
            auto& ours = dialer ? near_task : far_task;
            auto& theirs = dialer ? far_task : near_task;
            result<Channel> other = Errc::shut_down;
            auto body = [&](TaskScope& tasks) -> awaitable<void> {
                tasks.spawn(keep_channel(std::move(theirs), other));
                auto made = co_await std::move(ours);
                if (made) {
                    co_await tasks.join();
                }
            };
            co_await with_tasks(body);
        };
        auto check = [&](std::size_t steps) -> awaitable<void> {
            EXPECT_FALSE(bench_->near_fault->is_alive || bench_->far_fault->is_alive) << "after " << steps << " steps";
            co_return;
        };
        bench_->near_fault->is_alive = bench_->far_fault->is_alive = false;
        const auto rounds = bench_->loop.run(cancel_at_every_suspension(bench_->loop, victim, check));
        EXPECT_GT(rounds, 1U);
    }
}

TEST_P(SecuritySuite, GarbageIsRefused) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        for (bool dialer : {true, false}) {
            Rng rng(seed);
            const auto octets = rng.bytes(70'000);
            auto test = [&]() -> awaitable<void> {
                auto [near_raw, far_raw] = bench_->wire();
                auto& ours = dialer ? near_raw : far_raw;
                auto& liar = dialer ? far_raw : near_raw;
                auto& protocol = dialer ? bench_->near_protocol : bench_->far_protocol;
                auto handshake = protocol->secure(std::move(ours), dialer ? bench_->near_options : bench_->far_options);
                result<Channel> made = Errc::shut_down;
                auto body = [&](TaskScope& tasks) -> awaitable<void> {
                    tasks.spawn(keep_channel(std::move(handshake), made));
                    (void)co_await write(*liar, octets);
                    (void)co_await liar->close_write();
                    co_await tasks.join();
                };
                co_await with_tasks(body);
                EXPECT_FALSE(made);
            };
            bench_->loop.run(test());
        }
    }
}

// --- the channel ----------------------------------------------------------------------------------------------------

TEST_P(SecuritySuite, WritesOfAllSizesArriveHoweverTheyAreRead) {
    Rng rng(21);
    Bytes all;
    std::vector<std::size_t> sizes = {
        0, 1, 2, 3, 100, 1000, 16'383, 65'519, 65'520, 65'535, 65'536, 70'000, 1'000'000, 1
    };
    for (auto size : sizes) {
        const auto octets = rng.bytes(size);
        all.insert(all.end(), octets.begin(), octets.end());
    }
    bench_->play([&](Channel& near, Channel& far) -> awaitable<void> {
        auto send = [&](SecureChannel& channel) -> awaitable<void> {
            std::size_t begin = 0;
            for (auto size : sizes) {
                auto sent = co_await write(channel, ByteView(all).subspan(begin, size));
                LIBP2P_EXPECT_OK(sent);
                begin += size;
            }
            auto closed = co_await channel.close_write();
            LIBP2P_EXPECT_OK(closed);
        };
        auto receive_small = [&]() -> awaitable<void> {
            auto got = co_await read_to_end(*near, 777);
            LIBP2P_CO_ASSERT_OK(got);
            EXPECT_TRUE(*got == all);
        };
        auto receive_chunks = [&]() -> awaitable<void> {
            auto got = co_await read_chunks_to_end(*far);
            LIBP2P_CO_ASSERT_OK(got);
            EXPECT_TRUE(*got == all);
        };
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(send(*near));
            tasks.spawn(send(*far));
            tasks.spawn(receive_small());
            tasks.spawn(receive_chunks());
            co_await tasks.join();
        };
        co_await with_tasks(body);
    });
}

TEST_P(SecuritySuite, GatheredBuffersArriveInOrder) {
    Rng rng(22);
    const auto all = rng.bytes(300'000);
    bench_->play([&](Channel& near, Channel& far) -> awaitable<void> {
        std::vector<ByteView> buffers;
        for (std::size_t begin = 0; begin < all.size();) {
            const auto size = std::min(rng.below(5000), all.size() - begin);
            buffers.push_back(ByteView(all).subspan(begin, size));
            begin += size;
        }
        auto send = [&]() -> awaitable<void> {
            auto sent = co_await near->write(buffers);
            LIBP2P_EXPECT_OK(sent);
            sent = co_await near->close_write();
            LIBP2P_EXPECT_OK(sent);
        };
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(send());
            auto got = co_await read_chunks_to_end(*far);
            LIBP2P_CO_ASSERT_OK(got);
            EXPECT_TRUE(*got == all);
        };
        co_await with_tasks(body);
    });
}

TEST_P(SecuritySuite, BothKindsOfReadMayBeMixed) {
    Rng rng(23);
    const auto all = rng.bytes(400'000);
    bench_->play([&](Channel& near, Channel& far) -> awaitable<void> {
        auto send = [&]() -> awaitable<void> {
            auto sent = co_await write(*near, all);
            LIBP2P_EXPECT_OK(sent);
        };
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(send());
            Bytes got;
            Bytes buffer(2000);
            while (got.size() < all.size()) {
                auto some = co_await far->read_some(std::span(buffer).first(1 + rng.below(buffer.size())));
                LIBP2P_CO_ASSERT_OK(some);
                got.insert(got.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*some));
                if (got.size() < all.size() && rng.below(2) == 0) {
                    auto chunk = co_await far->read_chunk();
                    LIBP2P_CO_ASSERT_OK(chunk);
                    got.insert(got.end(), chunk->begin(), chunk->end());
                }
            }
            EXPECT_TRUE(got == all);
        };
        co_await with_tasks(body);
    });
}

TEST_P(SecuritySuite, TheEndLeavesTheOtherDirectionOpen) {
    bench_->play([&](Channel& near, Channel& far) -> awaitable<void> {
        co_await send_text(*near, "last words");
        auto closed = co_await near->close_write();
        LIBP2P_EXPECT_OK(closed);
        auto got = co_await read_to_end(*far);
        LIBP2P_CO_ASSERT_OK(got);
        EXPECT_EQ(as_text(*got), "last words");
        auto chunk = co_await far->read_chunk();
        LIBP2P_EXPECT_ERROR(chunk, kEof);
        co_await send_text(*far, "answer");
        co_await expect_text(*near, "answer");
    });
}

TEST_P(SecuritySuite, AnAbortWakesWhoWaits) {
    bench_->pipe.capacity = 1000;
    bench_->play([&](Channel& near, Channel& far) -> awaitable<void> {
        result<std::size_t> near_read = 0;
        result<std::size_t> far_read = 0;
        result<void> near_write;
        std::array<bool, 3> done{};
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(keep_read(*near, near_read, done[0]));
            tasks.spawn(keep_write(*near, 1'000'000, near_write, done[1]));
            co_await settle();
            EXPECT_FALSE(done[0] || done[1]);
            near->abort();
            near->abort();
            tasks.spawn(keep_read(*far, far_read, done[2]));
            co_await tasks.join();
        };
        co_await with_tasks(body);
        LIBP2P_EXPECT_ERROR(near_read, kAborted);
        LIBP2P_EXPECT_ERROR(near_write, kAborted);
        EXPECT_FALSE(far_read);
        auto sent = co_await write(*near, as_bytes("more"));
        LIBP2P_EXPECT_ERROR(sent, kAborted);
        auto chunk = co_await near->read_chunk();
        LIBP2P_EXPECT_ERROR(chunk, kAborted);
    });
}

TEST_P(SecuritySuite, AReaderThatStopsMakesTheWriterWait) {
    bench_->pipe.capacity = 10'000;
    bench_->play([&](Channel& near, Channel& far) -> awaitable<void> {
        bool sent = false;
        auto send = [&]() -> awaitable<void> { sent = co_await send_random(*near, 24, 1'000'000); };
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(send());
            co_await settle();
            EXPECT_FALSE(sent);
            const bool intact = co_await expect_random(*far, 24, 1'000'000);
            EXPECT_TRUE(intact);
            co_await tasks.join();
            EXPECT_TRUE(sent);
        };
        co_await with_tasks(body);
    });
}

TEST_P(SecuritySuite, ABentOctetEndsTheChannel) {
    bench_->measure();
    const auto handshake = bench_->near_tap->octets;
    bench_->play([](Channel& near, Channel&) -> awaitable<void> { co_await send_text(*near, "first message"); });
    const auto message = bench_->near_tap->octets - handshake;
    for (std::size_t at = handshake; at < handshake + message; ++at) {
        bench_->near_plan.flip_at = at;
        bench_->play([&](Channel& near, Channel& far) -> awaitable<void> {
            co_await send_text(*near, "first message");
            co_await send_text(*near, "second message");
            auto closed = co_await near->close_write();
            LIBP2P_EXPECT_OK(closed);
            auto got = co_await read_to_end(*far);
            if (got) {
                // A length that grew swallows what follows; the end is then in the middle of a message.
                EXPECT_TRUE(got->empty()) << "octet " << at - handshake << " was bent, and something came out";
            }
        });
    }
}

TEST_P(SecuritySuite, CancelledReadsAndWritesEndAtOnce) {
    bench_->pipe.capacity = 1000;
    for (std::size_t steps = 1; steps < 20; ++steps) {
        bench_->play([&](Channel& near, Channel& far) -> awaitable<void> {
            const Bytes octets(1'000'000, 0x5a);
            auto read = [&]() -> awaitable<void> {
                auto failure = co_await read_to_failure(*far);
                EXPECT_EQ(failure.code(), kAborted);
            };
            auto send = [&]() -> awaitable<void> {
                auto sent = co_await write(*near, octets);
                LIBP2P_EXPECT_ERROR(sent, kAborted);
            };
            const bool write_cut = co_await cancel_after(bench_->loop, steps, send());
            EXPECT_TRUE(write_cut);
            const bool read_cut = co_await cancel_after(bench_->loop, steps, read());
            EXPECT_TRUE(read_cut);
        });
    }
}

}  // namespace libp2p::conformance
