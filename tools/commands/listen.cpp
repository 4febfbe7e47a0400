// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/commands/commands.hpp"
#include "tools/options.hpp"
#include "tools/serve.hpp"

#include <memory>
#include <vector>

namespace libp2p::tools {
namespace {

struct ListenOptions {
    CommonOptions common;
    std::vector<std::string> addresses{"/ip4/127.0.0.1/tcp/0"};
};

int listen_command(const ListenOptions& options) {
    std::vector<Multiaddr> addresses;
    for (const auto& text : options.addresses) {
        auto address = Multiaddr::parse(text);
        if (!address) {
            return fail(options.common, address.error());
        }
        addresses.push_back(std::move(*address));
    }
    return run_session(options.common, [&](Session& session) {
        serve_protocols(session.host());
        return listen_and_report(session, addresses);
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
    add_common_options(*command, options->common);
    command->callback([options, &chosen] { chosen = [options] { return listen_command(*options); }; });
}

}  // namespace libp2p::tools
