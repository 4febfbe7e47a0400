// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/hostile/faulty_transport.hpp"
#include "tests/integration/hosts.hpp"
#include "tests/support/heap.hpp"

#include <libp2p/transports.hpp>

#include <tuple>

/// Input and output that fails at the first operation of one side, at the second, … until nothing is left to fail.
namespace libp2p::test::hostile {
namespace {

enum class Side { dialer, listener };

using Case = std::tuple<Side, Fault::Kind>;

class FaultInjectionTest : public testing::TestWithParam<Case> {
protected:
    /// Connects, echoes and closes, with a fault at operation `at`; true when it has struck.
    bool play(std::size_t at) {
        asio::io_context io{1};
        auto network = make_memory_network();
        auto fault = std::make_shared<Fault>();
        auto none = std::make_shared<Fault>();
        auto [side, kind] = GetParam();
        Node dialer(io);
        Node listener(io);
        dialer.host.add_transport(
            std::make_unique<FaultyTransport>(dialer.host.services(), network, side == Side::dialer ? fault : none)
        );
        listener.host.add_transport(
            std::make_unique<FaultyTransport>(listener.host.services(), network, side == Side::listener ? fault : none)
        );
        fault->kind = kind;
        fault->fail_at = at;
        bool echoed = false;
        auto body = [&]() -> awaitable<void> {
            auto address = co_await listen(listener, "/memory/0");
            auto text = std::string(100'000, 'x');
            auto first = co_await connect_and_echo(dialer, address, text);
            echoed = first.has_value();
            EXPECT_TRUE(echoed || fault->has_struck) << first.error();
            EXPECT_EQ(echoed ? *first : text, text);  // right, or not at all
            co_await dialer.host.disconnect(listener.host.id());

            // Both hosts go on.
            fault->fail_at = Fault::kNever;
            auto second = co_await connect_and_echo(dialer, address, "again");
            EXPECT_TRUE(second) << second.error();
            co_await close(dialer);
            co_await close(listener);
        };
        // Shorter than the times of a host: nothing may end only because its time is up.
        run(io, body(), 8s);
        return fault->has_struck;
    }

    /// Returns how many there are.
    std::size_t fail_every_operation() {
        std::size_t at = 0;
        while (!HasFailure() && play(at)) {
            ++at;
        }
        EXPECT_FALSE(HasFailure()) << "operation " << at;
        return at;
    }

    static awaitable<result<std::string>> connect_and_echo(Node& dialer, Multiaddr address, std::string text) {
        auto peer = co_await dialer.host.connect(std::move(address));
        if (!peer) {
            co_return peer.error();
        }
        auto answer = co_await echo_once(dialer, *peer, std::move(text));
        co_return answer;
    }
};

TEST_P(FaultInjectionTest, AFailureOfAnyOperationIsAnErrorAndLeavesNothing) {
    (void)fail_every_operation();  // fills the caches of allocators and of Asio
    const auto before = support::heap_bytes();
    const auto operations = fail_every_operation();
    RecordProperty("operations", static_cast<int>(operations));
    EXPECT_GT(operations, 10U);
    EXPECT_LT(support::heap_bytes(), before + 64 * 1024);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    FaultInjectionTest,
    testing::Combine(
        testing::Values(Side::dialer, Side::listener),
        testing::Values(Fault::Kind::dead, Fault::Kind::once, Fault::Kind::ended)
    ),
    [](const auto& tested) {
        const std::string side = std::get<0>(tested.param) == Side::dialer ? "Dialer" : "Listener";
        switch (std::get<1>(tested.param)) {
            case Fault::Kind::dead: return side + "Dead";
            case Fault::Kind::once: return side + "Once";
            case Fault::Kind::ended: return side + "Ended";
        }
        return side;
    }
);

}  // namespace
}  // namespace libp2p::test::hostile
