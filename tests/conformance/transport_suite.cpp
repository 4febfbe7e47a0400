// SPDX-License-Identifier: MIT OR Apache-2.0
#include <libp2p/conformance/co_assert.hpp>
#include <libp2p/conformance/connection_scenarios.hpp>
#include <libp2p/conformance/rng.hpp>
#include <libp2p/conformance/stream_tools.hpp>
#include <libp2p/conformance/transport_suite.hpp>
#include <libp2p/resource_manager.hpp>
#include <libp2p/timeout.hpp>
#include <libp2p/upgrader.hpp>

#include <optional>

namespace libp2p::conformance {

using namespace std::chrono_literals;

bool link_transport_suite() noexcept {
    return true;
}

namespace {

using ConnectionPtr = std::unique_ptr<Connection>;

const error_code kInUse = asio::error::make_error_code(asio::error::address_in_use);
const error_code kTimedOut = asio::error::make_error_code(asio::error::timed_out);
const error_code kAborted = asio::error::make_error_code(asio::error::operation_aborted);

Limits roomy_limits() {
    auto limits = suite_limits();
    limits.peer = limits.system;  // all connections are with one peer
    return limits;
}

/// What a host would be for its transport.
class Side final : public TransportServices {
public:
    Side(Loop& loop, const TransportProvider& provider) : loop_(loop) {
        if (provider.security) {
            upgrader_.add_security(provider.security(identity_));
        }
        if (provider.muxer) {
            upgrader_.add_muxer(provider.muxer(limits_, timeouts_));
        }
        transport = provider.make(*this);
    }

    asio::any_io_executor executor() const noexcept override { return loop_.executor(); }
    const Identity& identity() const noexcept override { return identity_; }
    const Limits& limits() const noexcept override { return limits_; }
    const Timeouts& timeouts() const noexcept override { return timeouts_; }
    Upgrader& upgrader() noexcept override { return upgrader_; }
    ConnectionId next_connection_id() noexcept override { return ConnectionId{++last_id_}; }

    const PeerId& peer() const noexcept { return identity_.peer_id(); }
    const Usage& usage() const noexcept { return resources.system_usage(); }

private:
    Loop& loop_;
    Identity identity_ = Identity::generate();
    Limits limits_ = roomy_limits();
    Timeouts timeouts_ = suite_timeouts();
    Upgrader upgrader_;
    std::uint64_t last_id_ = 0;

public:
    ResourceManager resources{limits_};
    std::unique_ptr<Transport> transport;
};

/// One end of a connection with what pays for it.
struct End {
    std::optional<ConnectionScope> scope;  // outlives the connection
    result<ConnectionPtr> connection = Errc::shut_down;
};

/// Dials, paid by `end.scope`.
awaitable<void> dial(Side& side, Multiaddr address, PeerId expected, End& end) {
    auto scope = side.resources.open_connection(
        Direction::outbound, side.transport->uses_descriptor(Direction::outbound), address
    );
    if (!scope) {
        end.connection = scope.error();
        co_return;
    }
    end.scope.emplace(std::move(*scope));
    end.connection = co_await side.transport->dial(std::move(address), std::move(expected), *end.scope);
}

/// Accepts one connection and upgrades it, paid by `end.scope`.
awaitable<void> accept(Side& side, Listener& listener, End& end) {
    auto inbound = co_await listener.accept();
    if (!inbound) {
        end.connection = inbound.error();
        co_return;
    }
    auto scope = side.resources.open_connection(
        Direction::inbound, side.transport->uses_descriptor(Direction::inbound), (*inbound)->remote_address()
    );
    if (!scope) {
        end.connection = scope.error();
        co_return;
    }
    end.scope.emplace(std::move(*scope));
    end.connection = co_await (*inbound)->upgrade(*end.scope);
}

/// Upgrades and runs one connection until it ends, echoing streams.
awaitable<void> serve(Side& side, std::unique_ptr<InboundConnection> inbound, int& served) {
    auto scope = side.resources.open_connection(
        Direction::inbound, side.transport->uses_descriptor(Direction::inbound), inbound->remote_address()
    );
    LIBP2P_CO_ASSERT_OK(scope);
    auto upgraded = co_await with_timeout(5s, inbound->upgrade(*scope));
    if (!upgraded) {
        co_return;
    }
    ++served;
    auto connection = std::move(*upgraded);
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(serve_echo(*connection, tasks));
        (void)co_await connection->run();
    };
    co_await with_tasks(body);
}

/// What a host does with a listener.
awaitable<void> serve_all(Side& side, Listener& listener, TaskScope& tasks, int& served) {
    for (;;) {
        auto inbound = co_await listener.accept();
        if (!inbound) {
            EXPECT_TRUE(inbound.error() == Errc::shut_down || inbound.error() == kAborted) << inbound.error();
            co_return;
        }
        tasks.spawn(serve(side, std::move(*inbound), served));
    }
}

awaitable<result<void>> run_to_end(Connection& connection) {
    (void)co_await connection.run();
    co_return ok();
}

awaitable<void> keep_accept(Listener& listener, result<std::unique_ptr<InboundConnection>>& outcome, bool& done) {
    outcome = co_await listener.accept();
    done = true;
}

}  // namespace

class TransportSuite::Bench {
public:
    explicit Bench(const TransportProvider& the_provider) : provider(the_provider) {
        loop.run(pause(1ms));  // Asio opens descriptors of its own
        descriptors_ = open_descriptors();
        near.emplace(loop, provider);
        far.emplace(loop, provider);
    }

    /// Runs `script` with a listener on the far side.
    void play_listening(std::function<awaitable<void>(Listener&)> script) {
        auto test = [&]() -> awaitable<void> {
            auto listener = co_await listen();
            LIBP2P_CO_ASSERT_OK(listener);
            co_await script(**listener);
            listener->reset();
            co_await expect_nothing();
        };
        loop.run(test());
    }

    /// Runs `script` with a connection whose two ends are run.
    void play(std::function<awaitable<void>(Ends&)> script) {
        play_listening([&](Listener& listener) -> awaitable<void> {
            End near_end;
            End far_end;
            co_await connect(listener, near_end, far_end);
            LIBP2P_CO_ASSERT_OK(near_end.connection);
            LIBP2P_CO_ASSERT_OK(far_end.connection);
            Ends ends(loop, *near_end.connection, *far_end.connection);
            ends.far_memory = [this] { return far->usage().memory; };
            ends.independent_streams = provider.independent_streams;
            auto body = [&](TaskScope& tasks) -> awaitable<void> {
                tasks.spawn(keep(ends.near->run(), ends.near_end));
                tasks.spawn(keep(ends.far->run(), ends.far_end));
                co_await script(ends);
            };
            co_await with_tasks(body);
        });
    }

    awaitable<result<std::unique_ptr<Listener>>> listen() {
        return far->transport->listen(Multiaddr::parse(provider.listen_address).value());
    }

    awaitable<void> connect(Listener& listener, End& near_end, End& far_end) {
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(accept(*far, listener, far_end));
            co_await dial(*near, listener.address(), far->peer(), near_end);
            if (near_end.connection) {
                co_await tasks.join();
            }
        };
        co_await with_tasks(body);
    }

    /// Neither side pays for anything any more.
    awaitable<void> expect_nothing() {
        const bool gone = co_await eventually([&] { return near->usage().is_zero() && far->usage().is_zero(); });
        EXPECT_TRUE(gone) << "connections: " << near->usage().connections() << " and " << far->usage().connections()
                          << ", octets: " << near->usage().memory << " and " << far->usage().memory;
    }

    void expect_clean() {
        EXPECT_TRUE(near->usage().is_zero());
        EXPECT_TRUE(far->usage().is_zero());
        near.reset();
        far.reset();
        EXPECT_EQ(open_descriptors(), descriptors_) << "a descriptor is left open";
    }

    const TransportProvider& provider;
    Loop loop;
    std::optional<Side> near;
    std::optional<Side> far;

private:
    std::size_t descriptors_ = 0;
};

TransportSuite::TransportSuite() : bench_(std::make_unique<Bench>(GetParam())) {}

TransportSuite::~TransportSuite() = default;

void TransportSuite::TearDown() {
    bench_->expect_clean();
}

#define LIBP2P_TRANSPORT_TEST(name, scenario) \
    TEST_P(TransportSuite, name) {            \
        bench_->play(scenarios::scenario);    \
    }

LIBP2P_CONNECTION_SCENARIOS(LIBP2P_TRANSPORT_TEST)

#undef LIBP2P_TRANSPORT_TEST

// --- addresses ------------------------------------------------------------------------------------------------------

TEST_P(TransportSuite, BothEndsKnowWhoAndWhereTheyAre) {
    const auto before = std::chrono::steady_clock::now();
    bench_->play_listening([&](Listener& listener) -> awaitable<void> {
        End near_end;
        End far_end;
        co_await bench_->connect(listener, near_end, far_end);
        LIBP2P_CO_ASSERT_OK(near_end.connection);
        LIBP2P_CO_ASSERT_OK(far_end.connection);
        const auto& near = (*near_end.connection)->info();
        const auto& far = (*far_end.connection)->info();
        EXPECT_EQ(near.direction, Direction::outbound);
        EXPECT_EQ(far.direction, Direction::inbound);
        EXPECT_EQ(near.peer, bench_->far->peer());
        EXPECT_EQ(far.peer, bench_->near->peer());
        EXPECT_EQ(near.public_key, bench_->far->identity().public_key());
        EXPECT_EQ(far.public_key, bench_->near->identity().public_key());
        EXPECT_EQ(near.remote_address, listener.address());
        EXPECT_EQ(far.local_address, listener.address());
        EXPECT_EQ(near.local_address, far.remote_address);
        EXPECT_EQ(near.transport, bench_->near->transport->name());
        EXPECT_EQ(far.transport, near.transport);
        EXPECT_EQ(near.security, far.security);
        EXPECT_EQ(near.muxer, far.muxer);
        EXPECT_EQ(near.security.empty(), !GetParam().security);
        EXPECT_EQ(near.muxer.empty(), !GetParam().muxer);
        EXPECT_FALSE(near.limited);
        EXPECT_GE(near.opened, before);
        EXPECT_LE(near.opened, std::chrono::steady_clock::now());
        EXPECT_EQ((*near_end.connection)->shared_info().get(), &near);
        EXPECT_EQ((*near_end.connection)->stream_count(), 0U);
    });
}

TEST_P(TransportSuite, ListenersGetAddressesOfTheirOwn) {
    bench_->play_listening([&](Listener& listener) -> awaitable<void> {
        auto other = co_await bench_->listen();
        LIBP2P_CO_ASSERT_OK(other);
        EXPECT_EQ((*other)->address() == listener.address(), GetParam().reached_by_peer);
        for (const auto* address : {&listener.address(), &(*other)->address()}) {
            EXPECT_TRUE(bench_->near->transport->can_dial(*address)) << *address;
            EXPECT_TRUE(bench_->near->transport->can_listen(*address)) << *address;
            EXPECT_FALSE(address->peer()) << *address;
        }
        auto taken = co_await bench_->far->transport->listen(listener.address());
        if (!GetParam().reached_by_peer) {
            LIBP2P_EXPECT_ERROR(taken, kInUse);
        }
    });
}

TEST_P(TransportSuite, AClosedListenersAddressIsFreeAgain) {
    bench_->play_listening([&](Listener& listener) -> awaitable<void> {
        const auto address = listener.address();
        listener.close();
        auto again = co_await bench_->far->transport->listen(address);
        LIBP2P_CO_ASSERT_OK(again);
        EXPECT_EQ((*again)->address(), address);
    });
}

TEST_P(TransportSuite, AddressesOfOthersAreRefusedByName) {
    auto test = [&]() -> awaitable<void> {
        for (const auto& text : GetParam().foreign_addresses) {
            const auto address = Multiaddr::parse(text).value();
            EXPECT_FALSE(bench_->near->transport->can_dial(address)) << text;
            EXPECT_FALSE(bench_->near->transport->can_listen(address)) << text;
            End end;
            co_await dial(*bench_->near, address, bench_->far->peer(), end);
            LIBP2P_EXPECT_ERROR(end.connection, Errc::unsupported_address);
            auto listener = co_await bench_->far->transport->listen(address);
            LIBP2P_EXPECT_ERROR(listener, Errc::unsupported_address);
        }
    };
    bench_->loop.run(test());
}

// --- dials that fail ------------------------------------------------------------------------------------------------

TEST_P(TransportSuite, ADialThatNobodyTakesFails) {
    auto test = [&]() -> awaitable<void> {
        End end;
        auto attempt =
            dial(*bench_->near, Multiaddr::parse(GetParam().refused_address).value(), bench_->far->peer(), end);
        co_await std::move(attempt);
        EXPECT_FALSE(end.connection);
        EXPECT_NE(end.connection.error().code(), kTimedOut);
    };
    bench_->loop.run(test());
}

TEST_P(TransportSuite, AnotherPeerThanTheDialledIsRefused) {
    bench_->play_listening([&](Listener& listener) -> awaitable<void> {
        End near_end;
        End far_end;
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(accept(*bench_->far, listener, far_end));
            co_await dial(*bench_->near, listener.address(), bench_->near->peer(), near_end);
            if (GetParam().reached_by_peer) {
                EXPECT_FALSE(near_end.connection);
                co_return;  // nothing comes to the listener
            }
            LIBP2P_EXPECT_ERROR(near_end.connection, Errc::peer_mismatch);
            co_await tasks.join();
        };
        co_await with_tasks(body);
        if (!GetParam().listener_proves_itself_last) {
            EXPECT_FALSE(far_end.connection) << "the listener has a connection with somebody who left";
        } else if (far_end.connection) {
            auto end = co_await with_timeout(5s, run_to_end(**far_end.connection));
            EXPECT_TRUE(end) << "the listener does not notice that the dialer has left";
        }
    });
}

TEST_P(TransportSuite, ADialWithoutAnAnswerIsCutByTheCallersDeadline) {
    bench_->play_listening([&](Listener& listener) -> awaitable<void> {
        End end;
        auto attempt = [&]() -> awaitable<result<void>> {
            co_await dial(*bench_->near, listener.address(), bench_->far->peer(), end);
            if (!end.connection) {
                co_return end.connection.error();
            }
            co_return ok();
        };
        auto cut = co_await with_timeout(50ms, attempt());  // nobody accepts
        LIBP2P_EXPECT_ERROR(cut, kTimedOut);
    });
}

TEST_P(TransportSuite, CancellationAtEveryPointOfADialLeavesNothing) {
    int served = 0;
    bench_->play_listening([&](Listener& listener) -> awaitable<void> {
        auto victim = [&]() -> awaitable<void> {
            End end;
            co_await dial(*bench_->near, listener.address(), bench_->far->peer(), end);
        };
        auto check = [&](std::size_t steps) -> awaitable<void> {
            EXPECT_TRUE(bench_->near->usage().is_zero()) << "cancelled after " << steps << " steps";
            co_await bench_->expect_nothing();
        };
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(serve_all(*bench_->far, listener, tasks, served));
            const auto rounds = co_await cancel_at_every_suspension(bench_->loop, victim, check);
            EXPECT_GT(rounds, 1U);
        };
        co_await with_tasks(body);
    });
    // Where the way leads through others, the dialer may have left before the listener is done.
    EXPECT_TRUE(served > 0 || GetParam().reached_by_peer);
}

TEST_P(TransportSuite, CancellationAtEveryPointOfAnUpgradeLeavesNothing) {
    bench_->play_listening([&](Listener& listener) -> awaitable<void> {
        auto dial_and_run = [&]() -> awaitable<void> {
            End end;
            co_await dial(*bench_->near, listener.address(), bench_->far->peer(), end);
            if (end.connection) {
                (void)co_await (*end.connection)->run();
            }
        };
        bool completed = false;
        auto victim = [&]() -> awaitable<void> {
            End end;
            co_await accept(*bench_->far, listener, end);
            completed = end.connection.has_value();
        };
        std::size_t steps = 1;
        for (bool cut = true; cut; steps = next_round(steps)) {
            auto body = [&](TaskScope& tasks) -> awaitable<void> {
                tasks.spawn(dial_and_run());
                cut = co_await cancel_after(bench_->loop, steps, victim());
                EXPECT_TRUE(bench_->far->usage().is_zero()) << "cancelled after " << steps << " steps";
                // One that was cut before it accepted has left the connection to the listener.
                auto late = co_await with_timeout(20ms, listener.accept());
                late = Errc::shut_down;
                co_await tasks.join();
            };
            co_await with_tasks(body);
            co_await bench_->expect_nothing();
        }
        EXPECT_TRUE(completed);
        EXPECT_GT(steps, 2U);
    });
}

// --- listeners ------------------------------------------------------------------------------------------------------

TEST_P(TransportSuite, ClosingAListenerWakesAccept) {
    bench_->play_listening([&](Listener& listener) -> awaitable<void> {
        result<std::unique_ptr<InboundConnection>> outcome = nullptr;
        bool done = false;
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(keep_accept(listener, outcome, done));
            co_await settle();
            EXPECT_FALSE(done);
            listener.close();
            listener.close();
            co_await tasks.join();
            LIBP2P_EXPECT_ERROR(outcome, Errc::shut_down);
            outcome = co_await listener.accept();
            LIBP2P_EXPECT_ERROR(outcome, Errc::shut_down);
        };
        co_await with_tasks(body);
    });
}

TEST_P(TransportSuite, AClosedListenerTakesNoDials) {
    bench_->play_listening([&](Listener& listener) -> awaitable<void> {
        const auto address = listener.address();
        listener.close();
        End end;
        auto attempt = [&]() -> awaitable<result<void>> {
            co_await dial(*bench_->near, address, bench_->far->peer(), end);
            co_return ok();
        };
        auto done = co_await with_timeout(5s, attempt());
        LIBP2P_EXPECT_OK(done);
        EXPECT_FALSE(end.connection);
    });
}

TEST_P(TransportSuite, ConnectionsOutliveTheirListener) {
    bench_->play_listening([&](Listener& listener) -> awaitable<void> {
        End near_end;
        End far_end;
        co_await bench_->connect(listener, near_end, far_end);
        LIBP2P_CO_ASSERT_OK(near_end.connection);
        LIBP2P_CO_ASSERT_OK(far_end.connection);
        listener.close();
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            auto run = [](Connection& connection) -> awaitable<void> { (void)co_await connection.run(); };
            tasks.spawn(run(**near_end.connection));
            tasks.spawn(run(**far_end.connection));
            auto pair = co_await open_pair(**near_end.connection, **far_end.connection);
            LIBP2P_EXPECT_OK(pair);
        };
        co_await with_tasks(body);
    });
}

TEST_P(TransportSuite, ACancelledAcceptLosesNoConnection) {
    bench_->play_listening([&](Listener& listener) -> awaitable<void> {
        for (std::size_t steps = 1; steps < 20; ++steps) {
            result<std::unique_ptr<InboundConnection>> inbound = nullptr;
            bool done = false;
            End near_end;
            auto body = [&](TaskScope& tasks) -> awaitable<void> {
                tasks.spawn(dial(*bench_->near, listener.address(), bench_->far->peer(), near_end));
                (void)co_await cancel_after(bench_->loop, steps, keep_accept(listener, inbound, done));
                if (!done || !inbound) {
                    inbound = co_await with_timeout(5s, listener.accept());
                }
                LIBP2P_CO_ASSERT_OK(inbound);
                auto scope = bench_->far->resources.open_connection(
                    Direction::inbound,
                    bench_->far->transport->uses_descriptor(Direction::inbound),
                    (*inbound)->remote_address()
                );
                LIBP2P_CO_ASSERT_OK(scope);
                auto upgraded = co_await (*inbound)->upgrade(*scope);
                LIBP2P_EXPECT_OK(upgraded);
                co_await tasks.join();
                LIBP2P_EXPECT_OK(near_end.connection);
            };
            co_await with_tasks(body);
        }
    });
}

TEST_P(TransportSuite, ManyDialsAtOnceAllSucceed) {
    constexpr std::size_t kDials = 64;
    int served = 0;
    int good = 0;
    bench_->play_listening([&](Listener& listener) -> awaitable<void> {
        auto one = [&](std::size_t size) -> awaitable<void> {
            End end;
            co_await dial(*bench_->near, listener.address(), bench_->far->peer(), end);
            LIBP2P_CO_ASSERT_OK(end.connection);
            auto& connection = **end.connection;
            auto run = [&]() -> awaitable<void> { (void)co_await connection.run(); };
            const Bytes octets(size, 0x5a);
            auto body = [&](TaskScope& tasks) -> awaitable<void> {
                tasks.spawn(run());
                const bool same = co_await echoes(connection, octets);
                good += same ? 1 : 0;
            };
            co_await with_tasks(body);
        };
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(serve_all(*bench_->far, listener, tasks, served));
            auto dials = [&](TaskScope& dialers) -> awaitable<void> {
                for (std::size_t i = 0; i < kDials; ++i) {
                    dialers.spawn(one(100 * i));
                }
                co_await dialers.join();
            };
            co_await with_tasks(dials);
        };
        co_await with_tasks(body);
    });
    EXPECT_EQ(served, static_cast<int>(kDials));
    EXPECT_EQ(good, static_cast<int>(kDials));
}

// --- budgets --------------------------------------------------------------------------------------------------------

TEST_P(TransportSuite, AProvenConnectionIsItsPeersCharge) {
    bench_->play_listening([&](Listener& listener) -> awaitable<void> {
        End near_end;
        End far_end;
        co_await bench_->connect(listener, near_end, far_end);
        LIBP2P_CO_ASSERT_OK(near_end.connection);
        LIBP2P_CO_ASSERT_OK(far_end.connection);
        for (auto* side : {&*bench_->near, &*bench_->far}) {
            EXPECT_EQ(side->usage().connections(), 1U);
            EXPECT_TRUE(side->resources.transient()->used().is_zero()) << "still counted as unproven";
        }
    });
}

TEST_P(TransportSuite, APeerThatIsOverItsLimitGetsNoConnection) {
    bench_->play_listening([&](Listener& listener) -> awaitable<void> {
        auto tight = bench_->far->limits();
        tight.peer.connections_inbound = 0;
        ResourceManager stingy(tight);
        End near_end;
        result<ConnectionPtr> far_end = Errc::shut_down;
        auto accept_stingily = [&]() -> awaitable<void> {
            auto inbound = co_await listener.accept();
            LIBP2P_CO_ASSERT_OK(inbound);
            auto scope = stingy.open_connection(Direction::inbound, false, (*inbound)->remote_address());
            LIBP2P_CO_ASSERT_OK(scope);
            far_end = co_await (*inbound)->upgrade(*scope);
            LIBP2P_EXPECT_ERROR(far_end, Errc::limit_exceeded);
        };
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(accept_stingily());
            co_await dial(*bench_->near, listener.address(), bench_->far->peer(), near_end);
            if (near_end.connection) {
                auto end = co_await (*near_end.connection)->run();
                EXPECT_TRUE(end.code().failed());
            }
            co_await tasks.join();
        };
        co_await with_tasks(body);
        EXPECT_TRUE(stingy.system_usage().is_zero());
    });
}

// --- raw clients ----------------------------------------------------------------------------------------------------

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(RawTransportSuite);

TEST_P(RawTransportSuite, AClientThatSaysNothingIsCutByTheCallersDeadline) {
    bench_->play_listening([&](Listener& listener) -> awaitable<void> {
        auto silent = co_await GetParam().raw_dial(bench_->loop.executor(), listener.address());
        LIBP2P_CO_ASSERT_OK(silent);
        auto inbound = co_await listener.accept();
        LIBP2P_CO_ASSERT_OK(inbound);
        auto scope = bench_->far->resources.open_connection(
            Direction::inbound,
            bench_->far->transport->uses_descriptor(Direction::inbound),
            (*inbound)->remote_address()
        );
        LIBP2P_CO_ASSERT_OK(scope);
        auto upgraded = co_await with_timeout(30ms, (*inbound)->upgrade(*scope));
        LIBP2P_EXPECT_ERROR(upgraded, kTimedOut);
        auto end = co_await read_to_failure(**silent);
        EXPECT_TRUE(end.code().failed()) << "the client was not hung up on";
    });
}

TEST_P(RawTransportSuite, AClientThatLeavesAtOnceIsAnErrorOfThatConnection) {
    bench_->play_listening([&](Listener& listener) -> awaitable<void> {
        auto brief = co_await GetParam().raw_dial(bench_->loop.executor(), listener.address());
        LIBP2P_CO_ASSERT_OK(brief);
        brief->reset();
        End far_end;
        co_await accept(*bench_->far, listener, far_end);
        EXPECT_FALSE(far_end.connection);
        EXPECT_FALSE(far_end.connection.error() == Errc::shut_down);
    });
}

TEST_P(RawTransportSuite, GarbageIsAnErrorOfThatConnectionAlone) {
    int served = 0;
    bench_->play_listening([&](Listener& listener) -> awaitable<void> {
        auto lie = [&](std::uint64_t seed) -> awaitable<void> {
            auto liar = co_await GetParam().raw_dial(bench_->loop.executor(), listener.address());
            LIBP2P_CO_ASSERT_OK(liar);
            Rng rng(seed);
            const auto octets = rng.bytes(1 + rng.below(5000));
            (void)co_await write(**liar, octets);
            (void)co_await (*liar)->close_write();
            auto end = co_await read_to_failure(**liar);
            EXPECT_TRUE(end.code().failed());
        };
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(serve_all(*bench_->far, listener, tasks, served));
            for (std::uint64_t seed = 0; seed < 30; ++seed) {
                co_await lie(seed);
            }
            EXPECT_EQ(served, 0);
            End honest;
            co_await dial(*bench_->near, listener.address(), bench_->far->peer(), honest);
            LIBP2P_EXPECT_OK(honest.connection);
        };
        co_await with_tasks(body);
    });
}

}  // namespace libp2p::conformance
