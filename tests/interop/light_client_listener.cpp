// SPDX-License-Identifier: MIT OR Apache-2.0
// A listener for a peer that serves little: identifies and pings whoever comes, closes the connection after a while,
// and tells what the peer opens and whether it comes back. Output as that of `p2p listen --json`, and
// {"event":"identified",…}, {"event":"pinged",…}, {"event":"stream",…}, {"event":"closed",…}.
#include "tools/options.hpp"
#include "tools/serve.hpp"

#include <libp2p/protocols/ping.hpp>
#include <libp2p/tasks.hpp>

#include <boost/asio/steady_timer.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace libp2p::interop {
namespace {

using tools::Session;
using Json = nlohmann::ordered_json;

constexpr std::chrono::seconds kPatience{10};
constexpr int kPings = 5;

awaitable<result<void>> ping_some(Session& session, PeerId peer) {
    OpenStreamOptions options;
    options.dial = false;
    auto stream = co_await session.host().open_stream(peer, ProtocolId(ping::kProtocol), options);
    if (!stream) {
        co_return stream.error();
    }
    (*stream)->expires_after(kPatience);
    for (int i = 0; i < kPings; ++i) {
        auto took = co_await ping::ping(**stream);
        if (!took) {
            co_return took.error();
        }
    }
    co_return ok();
}

/// What is done with one connection.
awaitable<void> attend(Session& session, PeerId peer, std::chrono::milliseconds stay) {
    asio::steady_timer timer(session.host().executor(), stay);
    Json json;
    json["event"] = "identified";
    auto known = co_await session.host().identify(peer);
    json["agent"] = known ? known->agent : "";
    json["protocols"] = known ? known->protocols : std::vector<ProtocolId>();
    json["error"] = known ? "" : known.error().message();
    session.output().print(json, "");

    auto pinged = co_await ping_some(session, peer);
    json = Json{{"event", "pinged"}, {"count", pinged ? kPings : 0}, {"error", pinged ? "" : pinged.error().message()}};
    session.output().print(json, "");

    co_await timer.async_wait(asio::use_awaitable);
    co_await session.host().disconnect(peer);
    json = Json{{"event", "closed"}, {"peer", peer.to_string()}};
    session.output().print(json, "");
}

awaitable<void> watch(Session& session, TaskScope& tasks, std::chrono::milliseconds stay) {
    auto events = session.host().subscribe(1024).value();
    for (;;) {
        auto event = co_await events.next();
        if (!event) {
            co_return;
        }
        if (const auto* came = std::get_if<PeerConnected>(&*event)) {
            tasks.spawn(attend(session, came->peer, stay));
        } else if (const auto* opened = std::get_if<StreamOpened>(&*event)) {
            const bool inbound = opened->direction == Direction::inbound;
            const Json json{{"event", "stream"}, {"protocol", opened->protocol}, {"inbound", inbound}};
            session.output().print(json, "");
        }
    }
}

awaitable<result<void>> serve(Session& session, Multiaddr address, std::chrono::milliseconds stay) {
    tools::serve_protocols(session.host());
    result<void> outcome = ok();
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(watch(session, tasks, stay));
        auto listening = tools::listen_and_report(session, {address});
        outcome = co_await std::move(listening);
    };
    co_await with_tasks(body);
    co_return outcome;
}

int run(int argc, char** argv) {
    CLI::App program("A peer of light clients", "light_client_listener");
    program.require_subcommand(1);
    auto* command = program.add_subcommand("listen", "Identify and ping whoever dials, then leave him");
    tools::CommonOptions options;
    std::string address = "/ip4/127.0.0.1/udp/0/webrtc-direct";
    std::chrono::milliseconds stay{5000};
    command->add_option("--listen", address, "Where to");
    tools::add_common_options(*command, options);
    tools::add_duration_option(*command, "--stay", stay, "Close a connection after so long (default 5)");
    CLI11_PARSE(program, argc, argv);
    options.json = true;
    const auto parsed = Multiaddr::parse(address).value();
    return tools::run_session(options, [&](Session& session) { return serve(session, parsed, stay); });
}

}  // namespace
}  // namespace libp2p::interop

int main(int argc, char** argv) {
    try {
        return libp2p::interop::run(argc, argv);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "light_client_listener: %s\n", failure.what());
        return 1;
    }
}
