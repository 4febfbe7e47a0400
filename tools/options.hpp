// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "tools/session.hpp"

#include <CLI/App.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace libp2p::tools {

/// --json
void add_json_option(CLI::App& command, CommonOptions& options);

/// What every command with a host takes.
void add_common_options(CLI::App& command, CommonOptions& options);

/// What every command takes that listens: --tls-cert and --tls-key
void add_certificate_options(CLI::App& command, CommonOptions& options);

/// "USER:PASSWORD@SERVER", the server as `PrivateWebRtcOptions` takes it; the password may hold any of ":@". Behind it
/// "?transport=tcp" (RFC 7065) stands for the way there. Empty where one of the three is missing.
std::optional<PrivateWebRtcOptions::TurnServer> parse_turn_server(std::string_view text);

/// MULTIADDR, required.
void add_address(CLI::App& command, std::string& address);

/// An option that takes a count of octets, "64MiB".
CLI::Option* add_size_option(CLI::App& command, const std::string& name, std::uint64_t& size, const std::string& help);

/// An option that takes a whole number from 1 to `largest`.
CLI::Option* add_count_option(
    CLI::App& command, const std::string& name, std::uint64_t& count, std::uint64_t largest, const std::string& help
);

/// An option that takes a time, "2.5" or "300ms".
CLI::Option* add_duration_option(
    CLI::App& command, const std::string& name, std::chrono::milliseconds& time, const std::string& help
);

/// Most of everything that is counted by a command: dials, streams, pings.
inline constexpr std::uint64_t kMaxCount = 1'000'000'000;

/// Most that are under way at once.
inline constexpr std::uint64_t kMaxParallel = 4096;

}  // namespace libp2p::tools
