// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/hosts.hpp"

#include <libp2p/conformance/co_assert.hpp>
#include <libp2p/conformance/loop.hpp>

#include <algorithm>
#include <vector>

/// How many round trips a connection costs. The hosts are joined by a memory network where each octet takes a fixed
/// time one way. Its dial takes one round trip before the first octet can be sent, like TCP's SYN and SYN-ACK, so that
///
///     TCP                        1  SYN ->, <- SYN-ACK
///     Noise XX                   1  multistream + /noise + message 1 ->, <- multistream + /noise + message 2
///     message 3, yamux, stream   1  message 3 + SYN + multistream + /echo + "ping" ->, <- multistream + /echo + "ping"
///
/// are three round trips: no negotiation has one of its own, since every proposal leaves together with what it
/// proposes, and the muxer is agreed on inside the handshake.
namespace libp2p::test {
namespace {

constexpr auto kLatency = 40ms;
constexpr auto kRoundTrip = 2 * kLatency;

/// A machine that is busy adds time, so the best of some tries counts.
constexpr int kTries = 5;

/// A host with the default stack on a memory network in the place of TCP.
struct MemoryNode {
    MemoryNode(asio::io_context& io, const std::shared_ptr<MemoryNetwork>& network, HostOptions options = {})
        : identity(Identity::generate()), host(io.get_executor(), identity, std::move(options)) {
        auto& services = host.services();
        host.add_security(make_noise(identity));
        host.add_muxer(make_yamux(services.limits(), services.timeouts()));
        host.add_transport(make_memory_transport(services, network));
        host.handle(echo::kProtocol, echo::serve);
    }

    Identity identity;
    Host host;
};

double round_trips(Clock::duration time) {
    return std::chrono::duration<double>(time) / std::chrono::duration<double>(kRoundTrip);
}

class RoundTripsTest : public testing::TestWithParam<bool> {
protected:
    static HostOptions options() {
        HostOptions options;
        options.identify = GetParam();
        return options;
    }

    /// Runs `measure(a, b, address of b)` with new hosts some times, and returns the least that it took, in round
    /// trips.
    template <class Measure>
    double best_of(Measure measure) {
        double best = 1e9;
        for (int i = 0; i < kTries && (best > 1e8 || best - kExpectedSlack > expected_); ++i) {
            auto network = make_memory_network(kLatency);
            MemoryNode a(io_, network, options());
            MemoryNode b(io_, network, options());
            auto body = [&]() -> awaitable<void> {
                auto bound = co_await b.host.listen(Multiaddr::parse("/memory/0").value());
                LIBP2P_CO_ASSERT_OK(bound);
                const auto address = bound->with_peer(b.host.id());
                auto took = co_await measure(a.host, b.host, address);
                best = std::min(best, round_trips(took));
                co_await a.host.close();
                co_await b.host.close();
                EXPECT_TRUE(a.host.resources().system_usage().is_zero());
                EXPECT_TRUE(b.host.resources().system_usage().is_zero());
            };
            io_.restart();
            run(io_, body());
        }
        return best;
    }

    /// The time from now to the first octet of the answer on a new stream of `protocols`.
    static awaitable<void> ask(Host& from, const PeerId& peer, std::vector<ProtocolId> protocols) {
        auto opened = co_await from.open_stream(peer, std::move(protocols));
        LIBP2P_CO_ASSERT_OK(opened);
        auto stream = std::move(*opened);
        auto sent = co_await write(*stream, as_bytes("ping"));
        LIBP2P_EXPECT_OK(sent);
        Bytes octet(1);
        auto got = co_await stream->read_some(octet);
        LIBP2P_EXPECT_OK(got);
        EXPECT_EQ(as_text(octet), "p");
    }

    void expect_round_trips(double expected) { expected_ = expected; }

    static constexpr double kExpectedSlack = 0.4;

    double expected_ = 0;
    asio::io_context io_{1};
};

TEST_P(RoundTripsTest, FromDialToTheFirstOctetEchoed) {
    auto measure = [](Host& a, Host& b, const Multiaddr& address) -> awaitable<Clock::duration> {
        const auto start = Clock::now();
        auto peer = co_await a.connect(address);
        LIBP2P_EXPECT_OK(peer);
        std::vector<ProtocolId> protocols{echo::kProtocol};
        co_await ask(a, b.id(), std::move(protocols));
        co_return Clock::now() - start;
    };
    expect_round_trips(3);
    const auto took = best_of(measure);
    RecordProperty("round_trips", std::to_string(took));
    EXPECT_GE(took, 2.9);
    EXPECT_LE(took, 3.4);
}

TEST_P(RoundTripsTest, ToAConnection) {
    // The dialer knows the listener after Noise's second message.
    auto measure = [](Host& a, Host&, const Multiaddr& address) -> awaitable<Clock::duration> {
        const auto start = Clock::now();
        auto peer = co_await a.connect(address);
        LIBP2P_EXPECT_OK(peer);
        co_return Clock::now() - start;
    };
    expect_round_trips(2);
    const auto took = best_of(measure);
    EXPECT_GE(took, 1.9);
    EXPECT_LE(took, 2.4);
}

TEST_P(RoundTripsTest, OfAStreamOnAConnection) {
    auto measure = [](Host& a, Host& b, const Multiaddr& address) -> awaitable<Clock::duration> {
        auto peer = co_await a.connect(address);
        LIBP2P_EXPECT_OK(peer);
        co_await conformance::pause(4 * kRoundTrip);
        const auto start = Clock::now();
        std::vector<ProtocolId> protocols{echo::kProtocol};
        co_await ask(a, b.id(), std::move(protocols));
        co_return Clock::now() - start;
    };
    expect_round_trips(1);
    const auto took = best_of(measure);
    EXPECT_GE(took, 0.9);
    EXPECT_LE(took, 1.4);
}

TEST_P(RoundTripsTest, OfAStreamWithAChoiceOfProtocols) {
    // With identify the dialer knows what is served, and proposes that lazily; without it has to ask.
    auto measure = [](Host& a, Host& b, const Multiaddr& address) -> awaitable<Clock::duration> {
        auto peer = co_await a.connect(address);
        LIBP2P_EXPECT_OK(peer);
        co_await conformance::pause(4 * kRoundTrip);
        const auto start = Clock::now();
        std::vector<ProtocolId> protocols{"/none/1.0.0", echo::kProtocol};
        co_await ask(a, b.id(), std::move(protocols));
        co_return Clock::now() - start;
    };
    const double expected = GetParam() ? 1 : 3;
    expect_round_trips(expected);
    const auto took = best_of(measure);
    EXPECT_GE(took, expected - 0.1);
    EXPECT_LE(took, expected + 0.4);
}

INSTANTIATE_TEST_SUITE_P(Identify, RoundTripsTest, testing::Bool(), [](const auto& with) {
    return with.param ? "On" : "Off";
});

}  // namespace
}  // namespace libp2p::test
