// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <CLI/App.hpp>

#include <functional>

namespace libp2p::tools {

/// Set by the command that the user chose; returns the program's exit code.
using Action = std::function<int()>;

/// Each adds one command to the program.
void add_addr_command(CLI::App& program, Action& chosen);
void add_cert_command(CLI::App& program, Action& chosen);
void add_connect_command(CLI::App& program, Action& chosen);
void add_echo_command(CLI::App& program, Action& chosen);
void add_identify_command(CLI::App& program, Action& chosen);
void add_key_command(CLI::App& program, Action& chosen);
void add_listen_command(CLI::App& program, Action& chosen);
void add_perf_command(CLI::App& program, Action& chosen);
void add_ping_command(CLI::App& program, Action& chosen);
void add_relay_command(CLI::App& program, Action& chosen);
void add_signal_server_command(CLI::App& program, Action& chosen);
void add_streams_command(CLI::App& program, Action& chosen);

}  // namespace libp2p::tools
