// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/commands/commands.hpp"
#include "tools/error_report.hpp"
#include "tools/options.hpp"
#include "tools/output.hpp"
#include "transports/webrtc/private/rendezvous_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <charconv>
#include <csignal>
#include <exception>
#include <memory>
#include <string>

namespace libp2p::tools {
namespace {

struct SignalServerOptions {
    CommonOptions common;
    std::string listen = "127.0.0.1:9080";
    std::uint64_t clients = webrtc::RendezvousLimits().clients;
    std::uint64_t clients_per_address = webrtc::RendezvousLimits().clients_per_address;
};

/// "192.0.2.1:9080", "[::]:9080"
result<asio::ip::tcp::endpoint> endpoint_of(const std::string& text) {
    const auto colon = text.rfind(':');
    auto host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    }
    std::uint16_t port = 0;
    const auto* last = text.data() + text.size();
    const auto* first = colon == std::string::npos ? last : text.data() + colon + 1;
    const auto [stop, failure] = std::from_chars(first, last, port);
    error_code ec;
    const auto address = asio::ip::make_address(host, ec);
    if (ec || failure != std::errc() || stop != last) {
        return Error(Errc::invalid_address, "--listen: not ADDRESS:PORT: " + text);
    }
    return asio::ip::tcp::endpoint(address, port);
}

std::string text_of(const asio::ip::tcp::endpoint& endpoint) {
    const auto host = endpoint.address().to_string();
    return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port());
}

awaitable<void> wait_for_signal() {
    asio::signal_set signals(co_await asio::this_coro::executor, SIGINT, SIGTERM);
    auto [ec, number] = co_await signals.async_wait(as_result);
    (void)number;
    (void)ec;
}

awaitable<void> serve(webrtc::RendezvousServer& server) {
    using namespace asio::experimental::awaitable_operators;
    co_await (server.run() || wait_for_signal());
}

int run_signal_server(const SignalServerOptions& options) {
    const Output output(options.common.json);
    auto endpoint = endpoint_of(options.listen);
    if (!endpoint) {
        return fail(options.common, endpoint.error());
    }
    webrtc::RendezvousLimits limits;
    limits.clients = options.clients;
    limits.clients_per_address = options.clients_per_address;
    asio::io_context io(1);
    auto server = webrtc::RendezvousServer::bind(io.get_executor(), *endpoint, limits);
    if (!server) {
        return fail(options.common, server.error());
    }
    EventOutput events(output);
    const auto bound = text_of((*server)->endpoint());
    events.print({{"event", "listening"}, {"address", bound}}, "listening on " + bound);
    (*server)->observe([&](const std::string& peer, bool has_come) {
        const auto* event = has_come ? "connected" : "disconnected";
        events.print({{"event", event}, {"peer", peer}}, std::string(event) + " " + peer);
    });
    asio::co_spawn(io, serve(**server), [](const std::exception_ptr& failure) {
        if (failure) {
            std::rethrow_exception(failure);
        }
    });
    io.run();
    return kSuccess;
}

}  // namespace

void add_signal_server_command(CLI::App& program, Action& chosen) {
    auto options = std::make_shared<SignalServerOptions>();
    auto* command = program.add_subcommand("signal-server", "Pass signalling between peers (private WebRTC)");
    command->add_option("--listen", options->listen, "Where to listen (default 127.0.0.1:9080)")
        ->type_name("HOST:PORT");
    add_count_option(*command, "--clients", options->clients, kMaxCount, "Peers at a time (default 1024)");
    add_count_option(
        *command, "--clients-per-address", options->clients_per_address, kMaxCount, "Of one address (default 16)"
    );
    add_json_option(*command, options->common);
    command->callback([options, &chosen] { chosen = [options] { return run_signal_server(*options); }; });
}

}  // namespace libp2p::tools
