// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/commands/commands.hpp"
#include "tools/session.hpp"
#include "tools/text.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <new>
#include <string>

namespace libp2p::tools {
namespace {

constexpr auto kDescription = "p2p: talk to libp2p peers, and be one.";

constexpr auto kFooter = R"(
MULTIADDR is the address of a peer, for example /ip4/127.0.0.1/tcp/4001/p2p/12D3KooW...
Options stand after the command. `p2p COMMAND --help` explains a command.

Environment: LIBP2P_LOG sets log levels like --log, for example "warn" or "swarm=debug,yamux=info".
Exit code: 0 success, 1 failure, 2 wrong usage. SIGINT and SIGTERM end a command politely, with 0.
Errors: invalid_address, invalid_key, unsupported_address, connection_refused, unreachable, timed_out,
  address_in_use, peer_mismatch, no_common_protocol, limit_exceeded, protocol_violation, stream_reset,
  connection_closed, io_error.)";

/// What is wrong with the command line, in one line.
std::string describe(const CLI::App& program, const CLI::ParseError& wrong) {
    const auto unknown = program.remaining(true);
    const bool no_command = wrong.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError);
    if (no_command && !unknown.empty()) {
        return "there is no command \"" + printable(unknown.front()) + "\"";
    }
    return printable(wrong.what());
}

int run(int argc, char** argv) {
    CLI::App program(kDescription, "p2p");
    program.footer(kFooter);
    program.set_version_flag("--version", "p2p, " + HostOptions().agent);
    program.require_subcommand(1);
    program.get_formatter()->column_width(28);
    program.get_formatter()->label("SUBCOMMAND", "COMMAND");
    program.get_formatter()->label("Subcommands", "Commands");

    Action chosen;
    add_key_command(program, chosen);
    add_addr_command(program, chosen);
    add_listen_command(program, chosen);
    add_ping_command(program, chosen);
    add_identify_command(program, chosen);
    add_perf_command(program, chosen);
    add_echo_command(program, chosen);
    add_connect_command(program, chosen);
    add_streams_command(program, chosen);

    try {
        program.parse(argc, argv);
    } catch (const CLI::Success& help) {
        return program.exit(help);
    } catch (const CLI::ParseError& wrong) {
        const auto problem = describe(program, wrong);
        std::fprintf(stderr, "p2p: %s (see p2p --help)\n", problem.c_str());
        return kWrongUsage;
    }
    return chosen ? chosen() : kWrongUsage;
}

}  // namespace
}  // namespace libp2p::tools

int main(int argc, char** argv) {
    try {
        return libp2p::tools::run(argc, argv);
    } catch (const std::bad_alloc&) {
        std::fputs("p2p: out of memory\n", stderr);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "p2p: %s\n", failure.what());
    }
    return libp2p::tools::kFailure;
}
