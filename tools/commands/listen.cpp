// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/browser_page.hpp"
#include "tools/commands/commands.hpp"
#include "tools/options.hpp"
#include "tools/serve.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

namespace libp2p::tools {
namespace {

struct ListenOptions {
    CommonOptions common;
    std::vector<std::string> addresses{"/ip4/127.0.0.1/tcp/0"};
    std::string http;  ///< where to serve the page for browsers; empty: nowhere
};

/// Browsers come there: over a WebSocket, at whose port the page is then, or by private WebRTC.
bool is_for_browsers(const Multiaddr& address) {
    return address.has(Protocol::ws) || address.has(Protocol::wss) || address.has(Protocol::webrtc);
}

int listen_command(const ListenOptions& options) {
    std::vector<Multiaddr> addresses;
    for (const auto& text : options.addresses) {
        auto address = Multiaddr::parse(text);
        if (!address) {
            return fail(options.common, address.error());
        }
        addresses.push_back(std::move(*address));
    }
    std::optional<asio::ip::tcp::endpoint> http;
    if (!options.http.empty()) {
        auto parsed = parse_http_address(options.http);
        if (!parsed) {
            return fail(options.common, parsed.error());
        }
        http = *parsed;
    }
    return run_session(options.common, [&](Session& session) {
        serve_protocols(session.host());
        const bool with_page = http || std::any_of(addresses.begin(), addresses.end(), is_for_browsers);
        return with_page ? listen_with_page(session, addresses, http, BrowserPage::Kind::node)
                         : listen_and_report(session, addresses);
    });
}

}  // namespace

void add_listen_command(CLI::App& program, Action& chosen) {
    auto options = std::make_shared<ListenOptions>();
    auto* command = program.add_subcommand("listen", "Be a peer: serve ping, identify, perf and echo");
    command
        ->add_option(
            "--listen", options->addresses, "Address to listen on, may be repeated (default /ip4/127.0.0.1/tcp/0)"
        )
        ->type_name("MULTIADDR")
        ->expected(1, -1);
    command->add_option("--http", options->http, "Serve a page with a chat for browsers at HOST:PORT; stdin takes part")
        ->type_name("ADDRESS");
    add_common_options(*command, options->common);
    add_certificate_options(*command, options->common);
    command->callback([options, &chosen] { chosen = [options] { return listen_command(*options); }; });
}

}  // namespace libp2p::tools
