// SPDX-License-Identifier: MIT OR Apache-2.0
// A relay under many circuits: what 1,000 of them hold, and how evenly 64 share it when one is greedy. The relay runs
// in one thread, those who talk through it in another. Prints one JSON object.
#include "tests/bench/roomy.hpp"
#include "tests/integration/relay/relay_node.hpp"

#include <libp2p/protocols/perf.hpp>
#include <libp2p/protocols/relay_service.hpp>
#include <libp2p/tasks.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace {

using namespace libp2p;
using namespace std::chrono_literals;
using test::pause;
using test::RelayNode;
using test::roomy;

constexpr std::size_t kCircuits = 1000;
constexpr std::size_t kPairs = 64;
constexpr std::size_t kGreedyStreams = 16;
constexpr auto kShareTime = 8s;
constexpr std::uint64_t kEndless = std::uint64_t{1} << 40;

double milliseconds(std::chrono::steady_clock::duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

/// A relay with a thread of its own.
class RelayThread {
public:
    RelayThread() : guard_(asio::make_work_guard(io_)), node_(io_, {}, roomy()) {
        relay::RelayServiceOptions options;
        options.limits = relay::carry_traffic();
        options.limits.circuits_per_peer = 2 * kCircuits;
        options.limits.circuit_rate_per_peer.count = 0;
        options.limits.reservation_rate_per_peer.count = 0;
        service_.emplace(node_.host, std::move(options));
        thread_ = std::thread([this] { io_.run(); });
        auto listening = asio::co_spawn(io_, listen(), asio::use_future);
        listening.get();
    }
    RelayThread(const RelayThread&) = delete;
    RelayThread& operator=(const RelayThread&) = delete;
    ~RelayThread() {
        asio::co_spawn(io_, node_.host.close(), asio::use_future).get();
        guard_.reset();
        thread_.join();
    }

    const Multiaddr& circuit() const { return *circuit_; }

    std::vector<relay::CircuitInfo> circuits() { return asio::co_spawn(io_, list(), asio::use_future).get(); }
    std::size_t charged() { return asio::co_spawn(io_, memory(), asio::use_future).get(); }

private:
    awaitable<void> listen() {
        auto bound = co_await node_.host.listen(Multiaddr::parse("/ip4/127.0.0.1/tcp/0").value());
        const auto component = Multiaddr::parse("/p2p-circuit").value();
        circuit_ = bound.value().with_peer(node_.id()).encapsulate(component).value();
    }
    awaitable<std::vector<relay::CircuitInfo>> list() { co_return service_->circuits(); }
    awaitable<std::size_t> memory() { co_return node_.host.resources().system_usage().memory; }

    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> guard_;
    RelayNode node_;
    std::optional<relay::RelayService> service_;
    std::optional<Multiaddr> circuit_;
    std::thread thread_;
};

struct Held {
    std::size_t circuits = 0;
    double charged_kib = 0;  ///< by the relay, for each circuit
    double set_up_ms = 0;    ///< one after the other
};

awaitable<void> hold_circuits(asio::io_context& io, RelayThread& relay, Held& held) {
    RelayNode hidden(io, {}, roomy());
    RelayNode dialer(io, {}, roomy());
    auto listening = co_await hidden.host.listen(relay.circuit());
    listening.value();
    auto first = co_await dialer.host.connect(relay.circuit().with_peer(hidden.id()));
    first.value();
    const auto before = relay.charged();
    DialOptions fresh;
    fresh.fresh = true;
    const auto start = Clock::now();
    for (std::size_t i = 1; i < kCircuits; ++i) {
        auto dialled = co_await dialer.host.connect(relay.circuit().with_peer(hidden.id()), fresh);
        dialled.value();
    }
    held.set_up_ms = milliseconds(Clock::now() - start) / (kCircuits - 1);
    co_await pause(2s);
    held.circuits = relay.circuits().size();
    held.charged_kib = static_cast<double>(relay.charged() - before) / 1024 / (kCircuits - 1);
    co_await dialer.host.close();
    co_await hidden.host.close();
}

/// Uploads until the end.
awaitable<void> upload(RelayNode& from, PeerId to) {
    auto stream = co_await from.host.open_stream(std::move(to), ProtocolId(perf::kProtocol));
    if (stream) {
        const perf::Progress untold;
        auto measured = co_await perf::measure(**stream, kEndless, 0, untold);
        (void)measured;  // it is cut
    }
}

/// Jain's index of what the circuits have passed on: 1 when all have the same.
double jain(const std::vector<double>& shares) {
    double sum = 0;
    double squares = 0;
    for (const auto share : shares) {
        sum += share;
        squares += share * share;
    }
    return sum * sum / (static_cast<double>(shares.size()) * squares);
}

struct Shared {
    double jain = 0;
    double greedy = 0;  ///< its share, the mean being 1
    double mb_per_s = 0;
};

awaitable<void> share(asio::io_context& io, RelayThread& relay, Shared& shared) {
    std::vector<std::unique_ptr<RelayNode>> hidden;
    std::vector<std::unique_ptr<RelayNode>> dialers;
    for (std::size_t i = 0; i < kPairs; ++i) {
        hidden.push_back(std::make_unique<RelayNode>(io));
        dialers.push_back(std::make_unique<RelayNode>(io));
        hidden[i]->host.handle(perf::kProtocol, perf::serve);
        auto listening = co_await hidden[i]->host.listen(relay.circuit());
        listening.value();
        auto dialled = co_await dialers[i]->host.connect(relay.circuit().with_peer(hidden[i]->id()));
        dialled.value();
    }
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        for (std::size_t i = 0; i < kPairs; ++i) {
            for (std::size_t stream = 0; stream < (i == 0 ? kGreedyStreams : 1); ++stream) {
                tasks.spawn(upload(*dialers[i], hidden[i]->id()));
            }
        }
        co_await pause(2s);
        const auto before = relay.circuits();
        co_await pause(kShareTime);
        const auto after = relay.circuits();
        std::vector<double> shares;
        double sum = 0;
        for (std::size_t i = 0; i < std::min(before.size(), after.size()); ++i) {
            shares.push_back(static_cast<double>(after[i].octets_forward - before[i].octets_forward));
            sum += shares.back();
        }
        shared.jain = jain(shares);
        shared.greedy = shares[0] / (sum / static_cast<double>(shares.size()));
        shared.mb_per_s = sum / 1e6 / std::chrono::duration<double>(kShareTime).count();
    };
    co_await with_tasks(body);
    for (std::size_t i = 0; i < kPairs; ++i) {
        co_await dialers[i]->host.close();
        co_await hidden[i]->host.close();
    }
}

}  // namespace

int main() {
    Held held;
    Shared shared;
    asio::io_context io(1);
    {
        RelayThread relay;
        auto done = asio::co_spawn(io, hold_circuits(io, relay, held), asio::use_future);
        io.run();
        done.get();
    }
    io.restart();
    {
        RelayThread relay;
        auto done = asio::co_spawn(io, share(io, relay, shared), asio::use_future);
        io.run();
        done.get();
    }
    std::printf(
        R"({"circuits":%zu,"charged_kib_per_circuit":%.1f,"set_up_ms":%.2f,"jain_of_64":%.4f,"greedy_share":%.2f,)"
        R"("mb_per_s":%.1f})"
        "\n",
        held.circuits,
        held.charged_kib,
        held.set_up_ms,
        shared.jain,
        shared.greedy,
        shared.mb_per_s
    );
}
