// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/swarm/address_scope.hpp"
#include "tools/commands/commands.hpp"
#include "tools/options.hpp"
#include "tools/repeat.hpp"
#include "tools/story_teller.hpp"

#include <libp2p/events.hpp>
#include <libp2p/timeout.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>
#include <vector>

namespace libp2p::tools {
namespace {

struct ConnectOptions {
    CommonOptions common;
    std::string address;
    std::uint64_t count = 1;
    std::uint64_t parallel = 1;
    bool identify = false;
    bool verbose = false;
};

/// Connections that are made at once come from one host each: a peer lets one host have only a few.
constexpr std::uint64_t kMaxHosts = 256;

/// Longer than hosts keep a relayed connection beside a direct one (`Timeouts::release_relayed`).
constexpr std::chrono::seconds kReleased{10};

/// Makes connections, one after the other.
class Connector {
public:
    Connector(asio::any_io_executor executor, const Identity& identity, const ConnectOptions& options)
        : options_(options), host_(std::move(executor), identity) {
        add_stack(host_, identity, options.common);
    }

    /// Connects, and takes the connection down again; the time to connect comes back.
    awaitable<result<std::chrono::nanoseconds>> connect(const Multiaddr& address) {
        DialOptions dial;
        dial.timeout = options_.common.timeout;
        dial.fresh = true;
        const auto start = Clock::now();
        auto peer = co_await host_.connect(address, dial);
        if (!peer) {
            co_return peer.error();
        }
        if (options_.identify) {
            auto info = co_await with_timeout(options_.common.timeout, host_.identify(*peer));
            if (!info) {
                co_await host_.disconnect(*peer);
                co_return info.error();
            }
        }
        const std::chrono::nanoseconds time = Clock::now() - start;
        co_await host_.disconnect(*peer);
        co_return time;
    }

    awaitable<void> close() { return host_.close(); }

private:
    const ConnectOptions& options_;
    Host host_;
};

awaitable<result<void>> connect_to(Session& session, const ConnectOptions& options, Multiaddr address) {
    const auto executor = session.host().executor();
    std::vector<std::unique_ptr<Connector>> connectors;
    for (std::uint64_t i = 0; i < std::min(options.parallel, options.count); ++i) {
        connectors.push_back(std::make_unique<Connector>(executor, Identity::generate(), options));
    }
    Repetition connections("connections", options.count, options.parallel);
    const Repetition::Turn turn = [&](std::uint64_t worker) { return connectors[worker]->connect(address); };
    co_await connections.run(turn);
    for (auto& connector : connectors) {
        co_await connector->close();
    }
    co_return connections.finish(session.output());
}

/// Waits until no relayed connection with `peer` is left beside a direct one.
awaitable<result<void>> until_released(Host& host, EventSubscription& events, PeerId peer) {
    for (;;) {
        const auto connections = host.connections(peer);
        const auto relayed = std::ranges::count_if(connections, [](const auto& connection) {
            return swarm::is_circuit(connection->remote_address);
        });
        if (relayed == 0 || static_cast<std::size_t>(relayed) == connections.size()) {
            co_return ok();
        }
        auto event = co_await events.next();
        if (!event) {
            co_return event.error();
        }
    }
}

/// One dial, the way the other commands make it, and what it does.
awaitable<result<void>> tell_dial(Session& session, Multiaddr address) {
    auto& host = session.host();
    auto events = host.subscribe();
    const auto named = address.peer();
    if (!events || !named) {
        co_return events ? Error(Errc::invalid_address, address.to_string()) : events.error();
    }
    StoryTeller teller(session.output(), session.options(), *named);
    auto peer = co_await session.connect(address);
    if (!peer) {
        teller.conclude(peer.error());
        co_return peer.error();
    }
    teller.connected();
    const auto connection = session.connection_with(*peer);
    if (!connection) {
        co_return Error(Errc::connection_closed, "the connection has ended at once");
    }
    auto released = co_await with_timeout(kReleased, until_released(host, *events, *peer));
    (void)released;  // something else may hold it
    teller.conclude(*connection);
    co_return ok();
}

int connect_command(const ConnectOptions& options) {
    auto address = parse_peer_address(options.address);
    if (!address) {
        return fail(options.common, address.error());
    }
    if (options.verbose) {
        return run_session(options.common, [&](Session& session) { return tell_dial(session, *address); });
    }
    return run_session(options.common, [&](Session& session) { return connect_to(session, options, *address); });
}

}  // namespace

void add_connect_command(CLI::App& program, Action& chosen) {
    auto options = std::make_shared<ConnectOptions>();
    auto* command = program.add_subcommand("connect", "Measure connection set-up, a fresh connection each time");
    add_address(*command, options->address);
    auto* count =
        add_count_option(*command, "-n,--count", options->count, kMaxCount, "Connections to make (default 1)");
    auto* parallel = add_count_option(
        *command,
        "--parallel",
        options->parallel,
        kMaxHosts,
        "How many at once, each from a peer of its own (default 1)"
    );
    auto* identify = command->add_flag("--identify", options->identify, "Count the time until identify is done, too");
    command->add_flag("-v,--verbose", options->verbose, "Make one connection, and tell which path it takes and why")
        ->excludes(count)
        ->excludes(parallel)
        ->excludes(identify);
    add_common_options(*command, options->common);
    command->callback([options, &chosen] { chosen = [options] { return connect_command(*options); }; });
}

}  // namespace libp2p::tools
