// SPDX-License-Identifier: MIT OR Apache-2.0
#include <libp2p/conformance/co_assert.hpp>
#include <libp2p/conformance/connection_scenarios.hpp>
#include <libp2p/conformance/memory_streams.hpp>
#include <libp2p/conformance/muxer_suite.hpp>
#include <libp2p/conformance/rng.hpp>
#include <libp2p/conformance/stream_tools.hpp>
#include <libp2p/resource_manager.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <vector>

namespace libp2p::conformance {

using namespace std::chrono_literals;

bool link_muxer_suite() noexcept {
    return true;
}

namespace {

const error_code kEof = asio::error::make_error_code(asio::error::eof);
const error_code kTimedOut = asio::error::make_error_code(asio::error::timed_out);

std::shared_ptr<const ConnectionInfo> make_info(Direction direction, const Identity& remote, const ProtocolId& muxer) {
    auto address = Multiaddr::parse("/memory/1").value();
    ConnectionInfo info{
        ConnectionId{direction == Direction::inbound ? 1U : 2U},
        direction,
        remote.peer_id(),
        remote.public_key(),
        address,
        address,
        "memory",
        "",
        muxer,
        false,
        std::chrono::steady_clock::now()
    };
    return std::make_shared<const ConnectionInfo>(std::move(info));
}

}  // namespace

/// Two connections over a pipe, one of which may be told to fail.
class MuxerSuite::Bench {
public:
    explicit Bench(const MuxerProvider& provider) : provider_(provider) {}

    /// Makes the connections, runs them, and `script` next to them.
    void play(std::function<awaitable<void>(Ends&)> script) {
        connect();
        auto all = [&]() -> awaitable<void> {
            Ends ends(loop, near_, far_);
            ends.far_memory = [this] { return far_resources.system_usage().memory; };
            auto body = [&](TaskScope& tasks) -> awaitable<void> {
                tasks.spawn(keep(near_->run(), ends.near_end));
                tasks.spawn(keep(far_->run(), ends.far_end));
                co_await script(ends);
            };
            co_await with_tasks(body);
            near_.reset();
            far_.reset();
        };
        loop.run(all());
        scopes_.clear();
    }

    void expect_nothing_left() {
        EXPECT_TRUE(near_resources.system_usage().is_zero());
        EXPECT_TRUE(far_resources.system_usage().is_zero());
        EXPECT_FALSE(near_fault->is_alive) << "the channel outlives its connection";
    }

    Loop loop;
    Limits limits = suite_limits();
    Timeouts timeouts = suite_timeouts();
    PairOptions pipe;
    ResourceManager near_resources{limits};
    ResourceManager far_resources{limits};
    std::shared_ptr<Fault> near_fault = std::make_shared<Fault>();  // shared with the channel

private:
    void connect() {
        near_fault->is_alive = true;
        near_fault->operations = 0;
        auto near_muxer = provider_.make(limits, timeouts);
        auto far_muxer = provider_.make(limits, timeouts);
        auto [near_raw, far_raw] = memory_pair(loop.executor(), pipe);
        near_raw = make_faulty(std::move(near_raw), near_fault);
        near_ = near_muxer->mux(
            make_plain_channel(std::move(near_raw), far_identity_.public_key()),
            make_info(Direction::outbound, far_identity_, near_muxer->id()),
            scope(near_resources, Direction::outbound)
        );
        far_ = far_muxer->mux(
            make_plain_channel(std::move(far_raw), near_identity_.public_key()),
            make_info(Direction::inbound, near_identity_, far_muxer->id()),
            scope(far_resources, Direction::inbound)
        );
    }

    std::shared_ptr<Budget> scope(ResourceManager& resources, Direction direction) {
        auto opened = resources.open_connection(direction, false, Multiaddr::parse("/memory/1").value());
        scopes_.push_back(std::move(opened.value()));
        return scopes_.back().budget();
    }

    const MuxerProvider& provider_;
    Identity near_identity_ = Identity::generate();
    Identity far_identity_ = Identity::generate();
    std::vector<ConnectionScope> scopes_;
    std::unique_ptr<Connection> near_;
    std::unique_ptr<Connection> far_;
};

MuxerSuite::MuxerSuite() : bench_(std::make_unique<Bench>(GetParam())) {}

MuxerSuite::~MuxerSuite() = default;

void MuxerSuite::TearDown() {
    bench_->expect_nothing_left();
}

#define LIBP2P_MUXER_TEST(name, scenario)  \
    TEST_P(MuxerSuite, name) {             \
        bench_->play(scenarios::scenario); \
    }

LIBP2P_CONNECTION_SCENARIOS(LIBP2P_MUXER_TEST)

#undef LIBP2P_MUXER_TEST

TEST_P(MuxerSuite, TheIdIsAProtocolName) {
    auto muxer = GetParam().make(bench_->limits, bench_->timeouts);
    EXPECT_EQ(muxer->id().front(), '/');
    EXPECT_LE(muxer->id().size(), kMaxProtocolIdSize);
    bench_->near_fault->is_alive = false;
}

TEST_P(MuxerSuite, WorksWhenOctetsComeOneAtATime) {
    bench_->pipe.chunking = Chunking::octets;
    bench_->play(scenarios::half_close_leaves_the_other_direction_open);
}

TEST_P(MuxerSuite, WorksWhenOctetsComeInRandomPieces) {
    bench_->pipe.chunking = Chunking::random;
    bench_->play(scenarios::echoes_messages_of_all_sizes);
}

TEST_P(MuxerSuite, WorksOverAnAlmostFullPipe) {
    bench_->pipe.capacity = 7;
    bench_->play(scenarios::data_before_the_end_is_delivered);
}

TEST_P(MuxerSuite, WorksOverALongWire) {
    bench_->pipe.latency = 5ms;
    bench_->play(scenarios::echoes_messages_of_all_sizes);
}

TEST_P(MuxerSuite, StreamNumbersNeverCollide) {
    bench_->play([](Ends& ends) -> awaitable<void> {
        std::vector<StreamEnds> all;
        std::set<std::uint64_t> near_ids;
        std::set<std::uint64_t> far_ids;
        for (int i = 0; i < 300; ++i) {
            auto ours = co_await open_pair(*ends.near, *ends.far);
            LIBP2P_CO_ASSERT_OK(ours);
            auto theirs = co_await open_pair(*ends.far, *ends.near);
            LIBP2P_CO_ASSERT_OK(theirs);
            for (auto* pair : {&*ours, &*theirs}) {
                const bool from_near = pair == &*ours;
                EXPECT_TRUE(near_ids.insert(from_near ? pair->near->id() : pair->far->id()).second);
                EXPECT_TRUE(far_ids.insert(from_near ? pair->far->id() : pair->near->id()).second);
            }
            all.push_back(std::move(*ours));
            all.push_back(std::move(*theirs));
        }
    });
}

TEST_P(MuxerSuite, StreamsPastTheAcceptBacklogAreReset) {
    bench_->limits.accept_backlog = 16;
    bench_->play([&](Ends& ends) -> awaitable<void> {
        std::vector<std::unique_ptr<Stream>> opened;
        auto flood = [&]() -> awaitable<void> {
            for (int i = 0; i < 200; ++i) {
                auto stream = co_await ends.near->open_stream();
                if (!stream) {
                    co_return;  // cut while it waited
                }
                auto sent = co_await write(**stream, as_bytes("!"));
                if (sent) {
                    opened.push_back(std::move(*stream));
                }
            }
        };
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(flood());  // may wait for the remote's consent, which does not come
            co_await pause(50ms);
            EXPECT_LE(ends.far->stream_count(), 16U);
            EXPECT_LT(ends.far_memory(), 16 * (bench_->limits.stream_window / 2));
        };
        co_await with_tasks(body);
        opened.clear();
        std::size_t accepted = 0;
        auto drain = [&]() -> awaitable<void> {
            for (;;) {
                auto stream = co_await ends.far->accept_stream();
                if (!stream) {
                    co_return;
                }
                ++accepted;
            }
        };
        auto look = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(drain());
            co_await pause(20ms);
        };
        co_await with_tasks(look);
        EXPECT_LE(accepted, 16U);
        const bool gone = co_await eventually([&] { return ends.far->stream_count() == 0; });
        EXPECT_TRUE(gone);
        auto fresh = co_await open_pair(*ends.near, *ends.far);
        LIBP2P_EXPECT_OK(fresh);
    });
}

TEST_P(MuxerSuite, AHeavyStreamDoesNotStarveALightOne) {
    bench_->play([](Ends& ends) -> awaitable<void> {
        auto heavy = co_await open_pair(*ends.near, *ends.far);
        LIBP2P_CO_ASSERT_OK(heavy);
        auto light = co_await open_pair(*ends.near, *ends.far);
        LIBP2P_CO_ASSERT_OK(light);
        std::size_t moved = 0;
        auto send = [&]() -> awaitable<void> {
            const Bytes block(256 * 1024, 0x5a);
            for (;;) {
                auto sent = co_await write(*heavy->near, block);
                if (!sent) {
                    co_return;
                }
            }
        };
        auto receive = [&]() -> awaitable<void> {
            Bytes buffer(64 * 1024);
            for (;;) {
                auto got = co_await heavy->far->read_some(buffer);
                if (!got) {
                    co_return;
                }
                moved += *got;
            }
        };
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(send());
            tasks.spawn(receive());
            std::array<std::uint8_t, 32> message{};
            std::size_t most = 0;
            for (int i = 0; i < 50; ++i) {
                const auto before = moved;
                auto sent = co_await write(*light->near, message);
                LIBP2P_CO_ASSERT_OK(sent);
                auto got = co_await read_exactly(*light->far, message);
                LIBP2P_CO_ASSERT_OK(got);
                most = std::max(most, moved - before);
            }
            EXPECT_LT(
                most, 4 * kMiB
            ) << "a message of the light stream waited while that much of the heavy one went by";
        };
        co_await with_tasks(body);
    });
}

TEST_P(MuxerSuite, EqualStreamsGetEqualShares) {
    bench_->play([](Ends& ends) -> awaitable<void> {
        constexpr std::size_t kStreams = 8;
        std::vector<StreamEnds> pairs;
        std::array<std::size_t, kStreams> moved{};
        for (std::size_t i = 0; i < kStreams; ++i) {
            auto pair = co_await open_pair(*ends.near, *ends.far);
            LIBP2P_CO_ASSERT_OK(pair);
            pairs.push_back(std::move(*pair));
        }
        auto send = [&](std::size_t i) -> awaitable<void> {
            const Bytes block(64 * 1024, 0x5a);
            for (;;) {
                auto sent = co_await write(*pairs[i].near, block);
                if (!sent) {
                    co_return;
                }
            }
        };
        auto receive = [&](std::size_t i) -> awaitable<void> {
            Bytes buffer(64 * 1024);
            for (;;) {
                auto got = co_await pairs[i].far->read_some(buffer);
                if (!got) {
                    co_return;
                }
                moved[i] += *got;
            }
        };
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            for (std::size_t i = 0; i < kStreams; ++i) {
                tasks.spawn(send(i));
                tasks.spawn(receive(i));
            }
            (void)co_await eventually([&] { return moved[0] > 16 * kMiB; });
        };
        co_await with_tasks(body);
        double sum = 0;
        double squares = 0;
        for (auto octets : moved) {
            sum += static_cast<double>(octets);
            squares += static_cast<double>(octets) * static_cast<double>(octets);
        }
        EXPECT_GT(sum * sum / (kStreams * squares), 0.95) << "Jain's index";
    });
}

TEST_P(MuxerSuite, ALostChannelEndsEverything) {
    bench_->play([&](Ends& ends) -> awaitable<void> {
        auto pair = co_await open_pair(*ends.near, *ends.far);
        LIBP2P_CO_ASSERT_OK(pair);
        bench_->near_fault->at = 0;  // whatever it does next
        result<std::size_t> read = 0;
        bool done = false;
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(keep_read(*pair->near, read, done));
            (void)co_await write(*pair->near, as_bytes("into the void"));
            auto far_end = co_await ends.far_end.get();
            EXPECT_NE(far_end.code(), kEof);
            auto near_end = co_await ends.near_end.get();
            EXPECT_TRUE(near_end.code().failed());
            co_await tasks.join();
        };
        co_await with_tasks(body);
        LIBP2P_EXPECT_ERROR(read, Errc::connection_closed);
        auto end = co_await read_to_failure(*pair->far);
        EXPECT_EQ(end.code(), make_error_code(Errc::connection_closed));
        auto opened = co_await ends.far->open_stream();
        LIBP2P_EXPECT_ERROR(opened, Errc::connection_closed);
    });
}

TEST_P(MuxerSuite, AFaultAtEveryOperationOfTheChannelEndsTheConnection) {
    for (auto kind : {Fault::Kind::error, Fault::Kind::cancel, Fault::Kind::eof}) {
        std::size_t faults = 0;
        for (std::size_t at = 0; at < 60; ++at) {
            bench_->near_fault->at = at;
            bench_->near_fault->kind = kind;
            bench_->play([&](Ends& ends) -> awaitable<void> {
                auto talk = [&]() -> awaitable<void> {
                    for (int i = 0; i < 3; ++i) {
                        auto stream = co_await ends.near->open_stream();
                        if (!stream) {
                            co_return;
                        }
                        (void)co_await write(**stream, as_bytes("hello"));
                        (void)co_await (*stream)->close_write();
                        (void)co_await read_to_failure(**stream);
                    }
                };
                auto body = [&](TaskScope& tasks) -> awaitable<void> {
                    tasks.spawn(serve_echo(*ends.far, tasks));
                    co_await talk();
                };
                co_await with_tasks(body);
                (void)co_await ends.near->close(ConnectionErrorCode::none);
                auto near_end = co_await ends.near_end.get();
                EXPECT_TRUE(near_end.code().failed());
                auto far_end = co_await ends.far_end.get();
                EXPECT_TRUE(far_end.code().failed());
            });
            faults += bench_->near_fault->operations > at ? 1U : 0U;
        }
        EXPECT_GT(faults, 5U) << "the fault never came about";
    }
}

TEST_P(MuxerSuite, ARemoteThatStopsReadingDoesNotHoldOthersMemory) {
    bench_->play([&](Ends& ends) -> awaitable<void> {
        std::vector<StreamEnds> pairs;
        for (int i = 0; i < 16; ++i) {
            auto pair = co_await open_pair(*ends.near, *ends.far);
            LIBP2P_CO_ASSERT_OK(pair);
            const Bytes octets(4 * kMiB, 0x5a);
            pair->near->expires_after(20ms);
            auto sent = co_await write(*pair->near, octets);
            LIBP2P_EXPECT_ERROR(sent, kTimedOut);
            pairs.push_back(std::move(*pair));
        }
        EXPECT_LE(ends.far_memory(), 16 * bench_->limits.stream_window);
        pairs.clear();
        const bool freed =
            co_await eventually([&] { return ends.far->stream_count() == 0 && ends.far_memory() < 1 * kMiB; });
        EXPECT_TRUE(freed) << ends.far_memory();
    });
}

TEST_P(MuxerSuite, GarbageEndsTheConnection) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        auto muxer = GetParam().make(bench_->limits, bench_->timeouts);
        auto identity = Identity::generate();
        auto [raw, noise] = memory_pair(bench_->loop.executor());
        auto scope =
            bench_->far_resources.open_connection(Direction::inbound, false, Multiaddr::parse("/memory/1").value());
        auto connection = muxer->mux(
            make_plain_channel(std::move(raw), identity.public_key()),
            make_info(Direction::inbound, identity, muxer->id()),
            scope.value().budget()
        );
        auto* liar = noise.get();
        auto test = [&]() -> awaitable<void> {
            auto lie = [&]() -> awaitable<void> {
                Rng rng(seed);
                const auto octets = rng.bytes(100'000);
                (void)co_await write(*liar, octets);
                (void)co_await liar->close_write();
                (void)co_await read_to_failure(*liar);
            };
            auto body = [&](TaskScope& tasks) -> awaitable<void> {
                tasks.spawn(lie());
                auto end = co_await connection->run();
                EXPECT_TRUE(end.code().failed());
                EXPECT_NE(end.code(), kEof);
                connection.reset();
                co_await tasks.join();
            };
            co_await with_tasks(body);
        };
        bench_->loop.run(test());
    }
    bench_->near_fault->is_alive = false;
}

}  // namespace libp2p::conformance
