// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/commands/commands.hpp"
#include "tools/session.hpp"
#include "tools/text.hpp"

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <string_view>

namespace libp2p::tools {
namespace {

constexpr auto kDescription = "p2p: talk to libp2p peers, and be one.";

constexpr auto kFooter = R"(
MULTIADDR is the address of a peer, for example /ip4/127.0.0.1/tcp/4001/p2p/12D3KooW...
Options stand after the command. `p2p COMMAND --help` explains a command.

Environment: LIBP2P_LOG sets log levels like --log: "warning", "swarm=debug,yamux=info".
  SSLKEYLOGFILE names a file for DTLS secrets, with which Wireshark decrypts a recording.
Exit code: 0 success, 1 failure, 2 wrong usage. SIGINT and SIGTERM end a command politely, with 0.
Errors: invalid_address, invalid_key, unsupported_address, connection_refused, unreachable,
  timed_out, address_in_use, peer_mismatch, no_common_protocol, limit_exceeded,
  protocol_violation, stream_reset, connection_closed, io_error.)";

constexpr auto kCommandFooter = "`p2p --help` tells of addresses, exit codes and error codes.";

/// The name of the command that was chosen, as the user writes it: "p2p key new".
std::string name_of(const CLI::App& program) {
    std::string name = program.get_name();
    for (const auto* command : program.get_subcommands()) {
        name += " " + name_of(*command);
    }
    return name;
}

/// What is wrong with the command line, in one line.
std::string describe(const CLI::App& program, const CLI::ParseError& wrong) {
    const auto unknown = program.remaining(true);
    const bool incomplete = wrong.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError);
    const bool too_much = wrong.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError);
    if (incomplete && !unknown.empty()) {
        return "there is no command \"" + printable(unknown.front()) + "\"";
    }
    if (too_much && !unknown.empty()) {
        const bool option = unknown.front().starts_with('-');
        return (option ? "there is no option " : "one argument too many: ") + printable(unknown.front());
    }
    const std::string_view problem = wrong.what();
    return problem.starts_with("A subcommand") ? "a command is missing" : printable(problem);
}

void set_help_style(CLI::App& command) {
    command.get_formatter()->column_width(28);
    command.get_formatter()->label("REQUIRED", "");
    for (auto* below : command.get_subcommands(nullptr)) {
        below->group("Commands");
        below->footer(kCommandFooter);
        set_help_style(*below);
    }
}

/// Stands in for standard descriptors that are closed. Else the next socket would take their number, and what is
/// printed would go to a peer. Opened the wrong way round, so that using them fails.
void fill_standard_descriptors() {
    for (int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(descriptor, F_GETFD) < 0) {
            (void)::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);  // the lowest number is free
        }
    }
}

/// Success, unless stdout did not take what was printed.
int checked(int exit_code) {
    const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
    if (exit_code == kSuccess && !written) {
        std::fputs("p2p: stdout cannot be written to [io_error]\n", stderr);
        return kFailure;
    }
    return exit_code;
}

int run(int argc, char** argv) {
    CLI::App program(kDescription, "p2p");
    program.footer(kFooter);
    program.set_version_flag("--version", "p2p, " + HostOptions().agent);
    program.require_subcommand(1);
    program.get_formatter()->label("SUBCOMMAND", "COMMAND");
    program.get_formatter()->label("Positionals", "Arguments");

    Action chosen;
    add_key_command(program, chosen);
    add_addr_command(program, chosen);
    add_cert_command(program, chosen);
    add_listen_command(program, chosen);
    add_relay_command(program, chosen);
    add_signal_server_command(program, chosen);
    add_ping_command(program, chosen);
    add_identify_command(program, chosen);
    add_perf_command(program, chosen);
    add_echo_command(program, chosen);
    add_connect_command(program, chosen);
    add_streams_command(program, chosen);
    set_help_style(program);

    try {
        program.parse(argc, argv);
    } catch (const CLI::Success& help) {
        return checked(program.exit(help));
    } catch (const CLI::ParseError& wrong) {
        const auto problem = describe(program, wrong);
        std::fprintf(stderr, "p2p: %s (see %s --help)\n", problem.c_str(), name_of(program).c_str());
        return kWrongUsage;
    }
    return chosen ? checked(chosen()) : kWrongUsage;
}

}  // namespace
}  // namespace libp2p::tools

int main(int argc, char** argv) {
    libp2p::tools::fill_standard_descriptors();
    try {
        return libp2p::tools::run(argc, argv);
    } catch (const std::bad_alloc&) {
        std::fputs("p2p: out of memory\n", stderr);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "p2p: %s\n", failure.what());
    }
    return libp2p::tools::kFailure;
}
