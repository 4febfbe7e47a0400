// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/browser_page.hpp"
#include "tools/commands/commands.hpp"
#include "tools/options.hpp"
#include "tools/relay_config.hpp"
#include "tools/relay_report.hpp"
#include "tools/serve.hpp"

#include <libp2p/tasks.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <CLI/CLI.hpp>

#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace libp2p::tools {
namespace {

struct RelayCommandOptions {
    CommonOptions common;
    std::string config_file;
    std::string preset;
    std::vector<std::string> listen;
    std::vector<std::string> announce;
    std::vector<std::string> limits;  ///< NAME=VALUE
    std::string http;                 ///< where to serve the page for browsers; empty: where the file says
    std::chrono::milliseconds drain{0};
    std::chrono::milliseconds table{0};
};

result<void> read_addresses(const std::vector<std::string>& texts, std::vector<Multiaddr>& into) {
    std::vector<Multiaddr> addresses;
    for (const auto& text : texts) {
        auto address = Multiaddr::parse(text);
        if (!address) {
            return address.error();
        }
        addresses.push_back(std::move(*address));
    }
    if (!addresses.empty()) {
        into = std::move(addresses);
    }
    return ok();
}

/// "NAME=VALUE"
result<void> set_limit(relay::RelayLimits& limits, const std::string& text) {
    const auto equals = text.find('=');
    const auto value = equals == std::string::npos ? std::string() : text.substr(equals + 1);
    return set_relay_limit(limits, text.substr(0, equals), value);
}

/// What is wrong with the value of --limit; empty when nothing is.
std::string check_limit(const std::string& text) {
    relay::RelayLimits any;
    const auto set = set_limit(any, text);
    return set ? std::string() : set.error().message();
}

/// What the file says, and the options on top of it.
result<RelayConfig> config_of(const RelayCommandOptions& options) {
    RelayConfig config;
    config.listen = {Multiaddr::parse("/ip4/127.0.0.1/tcp/0").value()};
    if (!options.preset.empty()) {
        config.limits = relay_preset(options.preset);
    }
    if (!options.config_file.empty()) {
        auto read = read_relay_config(options.config_file, config);
        if (!read) {
            return read.error();
        }
    }
    for (const auto& text : options.limits) {
        auto set = set_limit(config.limits, text);
        if (!set) {
            return set.error().with_context("--limit");
        }
    }
    auto read = read_addresses(options.listen, config.listen);
    if (read) {
        read = read_addresses(options.announce, config.announce);
    }
    if (!read) {
        return read.error();
    }
    config.http = options.http.empty() ? config.http : options.http;
    config.drain = options.drain.count() > 0 ? options.drain : config.drain;
    config.table = options.table.count() > 0 ? options.table : config.table;
    return config;
}

/// Prints the table when SIGUSR1 comes.
awaitable<void> print_on_signal(const Output& output, const relay::RelayService& service) {
    asio::signal_set signals(co_await asio::this_coro::executor, SIGUSR1);
    for (;;) {
        auto [ec, number] = co_await signals.async_wait(as_result);
        if (ec) {
            co_return;
        }
        print_relay_table(output, service);
    }
}

awaitable<void> print_now_and_then(
    const Output& output, const relay::RelayService& service, std::chrono::milliseconds pause
) {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    for (;;) {
        timer.expires_after(pause);
        auto [ec] = co_await timer.async_wait(as_result);
        if (ec) {
            co_return;
        }
        print_relay_table(output, service);
    }
}

awaitable<result<void>> wait_for(asio::signal_set& signals) {
    auto [ec, number] = co_await signals.async_wait(as_result);
    if (ec) {
        co_return ec;
    }
    co_return ok();
}

awaitable<result<void>> drain(relay::RelayService& service, std::chrono::milliseconds limit) {
    auto drained = co_await service.drain(limit);
    (void)drained;  // what is left is cut
    co_return ok();
}

/// Runs until a signal comes, and a little longer: circuits that stand may end by themselves, until a second signal.
/// Takes no cancellation: the signal that stops this command is the one that the command waits for.
awaitable<result<void>> serve_relay(
    Session& session, const RelayConfig& config, std::optional<asio::ip::tcp::endpoint> http
) {
    using namespace asio::experimental::awaitable_operators;
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    asio::signal_set stop(session.host().executor(), SIGINT, SIGTERM);
    RelayReporter reporter(session.output());
    relay::RelayServiceOptions options;
    options.limits = config.limits;
    options.announce = config.announce;
    relay::RelayService service(session.host(), std::move(options));
    service.on_event([&reporter](const relay::RelayEvent& event) { reporter.report(event); });
    result<void> outcome = ok();
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(print_on_signal(session.output(), service));
        if (config.table.count() > 0) {
            tasks.spawn(print_now_and_then(session.output(), service, config.table));
        }
        auto listening = http ? listen_with_page(session, config.listen, http, BrowserPage::Kind::relay)
                              : listen_and_report(session, config.listen);
        auto ended = co_await (std::move(listening) || wait_for(stop));
        if (const auto* failed = std::get_if<0>(&ended)) {
            outcome = *failed;
            co_return;
        }
        auto drained = co_await (drain(service, config.drain) || wait_for(stop));
        (void)drained;  // the host closes either way
    };
    co_await with_tasks(body);
    co_return outcome;
}

int relay_command(RelayCommandOptions options) {
    auto config = config_of(options);
    if (!config) {
        return fail(options.common, config.error());
    }
    if (options.common.key_file.empty()) {
        options.common.key_file = config->key_file;
    }
    std::optional<asio::ip::tcp::endpoint> http;
    if (!config->http.empty()) {
        auto parsed = parse_http_address(config->http);
        if (!parsed) {
            return fail(options.common, parsed.error());
        }
        http = *parsed;
    }
    return run_session(options.common, [&](Session& session) {
        serve_protocols(session.host());
        return serve_relay(session, *config, http);
    });
}

}  // namespace

void add_relay_command(CLI::App& program, Action& chosen) {
    auto options = std::make_shared<RelayCommandOptions>();
    auto* command = program.add_subcommand("relay", "Relay for peers that cannot be reached (circuit relay v2)");
    command
        ->add_option(
            "--listen", options->listen, "Address to listen on, may be repeated (default /ip4/127.0.0.1/tcp/0)"
        )
        ->type_name("MULTIADDR")
        ->expected(1, -1);
    command->add_option("--config", options->config_file, "Read FILE (JSON); options count for more")
        ->type_name("FILE");
    command->add_option("--preset", options->preset, "Limits to begin with (default introduce-only)")
        ->check(CLI::IsMember(relay_preset_names()))
        ->type_name("NAME");
    command->add_option("--limit", options->limits, "One limit, for example circuits=64; may be repeated")
        ->check(check_limit)
        ->type_name("NAME=VALUE")
        ->expected(1, -1);
    command->add_option("--announce", options->announce, "Address that clients are told, may be repeated")
        ->type_name("MULTIADDR")
        ->expected(1, -1);
    command
        ->add_option(
            "--http", options->http, "Serve a page at HOST:PORT, by which browsers find each other and meet directly"
        )
        ->type_name("ADDRESS");
    add_duration_option(*command, "--drain", options->drain, "How long circuits may end by themselves (default 10)");
    add_duration_option(*command, "--table", options->table, "Print the table so often (default: on SIGUSR1)");
    add_common_options(*command, options->common);
    add_certificate_options(*command, options->common);
    command->callback([options, &chosen] { chosen = [options] { return relay_command(*options); }; });
}

}  // namespace libp2p::tools
