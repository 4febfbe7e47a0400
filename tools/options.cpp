// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/options.hpp"

#include "tools/text.hpp"

#include <libp2p/log.hpp>

#include <CLI/CLI.hpp>

#include <utility>

namespace libp2p::tools {
namespace {

/// Empty when `text` sets log levels, else what is wrong.
std::string check_log_levels(const std::string& text) {
    auto filter = LogFilter::parse(text);
    return filter ? std::string() : filter.error().message();
}

}  // namespace

std::optional<PrivateWebRtcOptions::TurnServer> parse_turn_server(std::string_view text) {
    const auto colon = text.find(':');
    const auto at = text.rfind('@');
    if (colon == std::string_view::npos || at == std::string_view::npos || at < colon) {
        return std::nullopt;
    }
    PrivateWebRtcOptions::TurnServer server;
    server.user = text.substr(0, colon);
    server.password = text.substr(colon + 1, at - colon - 1);
    server.server = text.substr(at + 1);
    if (constexpr std::string_view kOverTcp = "?transport=tcp"; server.server.ends_with(kOverTcp)) {
        server.server.resize(server.server.size() - kOverTcp.size());
        server.over_tcp = true;
    }
    if (server.user.empty() || server.password.empty() || server.server.empty()) {
        return std::nullopt;
    }
    return server;
}

void add_json_option(CLI::App& command, CommonOptions& options) {
    command.add_flag("--json", options.json, "Print one JSON object a line on stdout");
}

void add_common_options(CLI::App& command, CommonOptions& options) {
    add_json_option(command, options);
    command.add_option("--log", options.log, "Log levels, to stderr: \"debug\", \"swarm=debug,yamux=info\"")
        ->check(check_log_levels)
        ->type_name("LEVELS");
    add_duration_option(
        command, "--timeout", options.timeout, "Give up when the peer is silent for so long (default 20)"
    );
    command.add_option("--key", options.key_file, "Be the peer whose key is in FILE (default: a new one)")
        ->type_name("FILE");
    command.add_option("--security", options.security, "Security protocol (default noise)")
        ->check(CLI::IsMember(security_names()))
        ->type_name("NAME");
    command.add_option("--muxer", options.muxer, "Stream multiplexer (default yamux)")
        ->check(CLI::IsMember(muxer_names()))
        ->type_name("NAME");
    command
        .add_option(
            "--webrtc-version", options.webrtc_version, "WebRTC-Direct version to dial with (default 1, then 2)"
        )
        ->check(CLI::IsMember(webrtc_versions()))
        ->type_name("N");
    command.add_option("--stun", options.stun_servers, "STUN server for private WebRTC, may be repeated")
        ->type_name("HOST:PORT")
        ->allow_extra_args(false);
    const auto add_turn_server = [&options](const std::string& text) {
        auto server = parse_turn_server(text);
        if (!server) {
            throw CLI::ValidationError(
                "--turn",
                "\"" + printable(text) + "\" is not USER:PASSWORD@HOST:PORT, with ?transport=tcp behind or not"
            );
        }
        options.turn_servers.push_back(std::move(*server));
    };
    command
        .add_option_function<std::string>("--turn", add_turn_server, "TURN server for private WebRTC, may be repeated")
        ->type_name("USER:PASSWORD@HOST:PORT")
        ->trigger_on_parse();
    command.add_flag("--loopback", options.loopback, "Private WebRTC within this machine, too");
    command
        .add_option(
            "--tls-ca", options.tls_authorities, "Authorities to trust over /tls/ws, in PEM (default the system's)"
        )
        ->type_name("FILE");
    command.add_flag("--no-gso", options.no_gso, "Send and receive UDP datagrams one by one");
}

void add_certificate_options(CLI::App& command, CommonOptions& options) {
    auto* certificate = command.add_option(
        "--tls-cert", options.tls_certificate, "Certificate for /tls/ws with its chain, in PEM; read again when changed"
    );
    auto* key = command.add_option("--tls-key", options.tls_key, "Private key of that certificate, in PEM");
    certificate->type_name("FILE")->needs(key);
    key->type_name("FILE")->needs(certificate);
}

void add_address(CLI::App& command, std::string& address) {
    command.add_option("MULTIADDR", address, "Address of the peer, ending in /p2p/<peer id>")
        ->required()
        ->type_name(" ");
}

CLI::Option* add_size_option(CLI::App& command, const std::string& name, std::uint64_t& size, const std::string& help) {
    const auto parse = [&size, name](const std::string& text) {
        const auto parsed = parse_size(text);
        if (!parsed) {
            throw CLI::ValidationError(
                name, "\"" + printable(text) + "\" is no size; write for example 65536 or 64MiB"
            );
        }
        size = *parsed;
    };
    return command.add_option_function<std::string>(name, parse, help)->type_name("BYTES");
}

CLI::Option* add_count_option(
    CLI::App& command, const std::string& name, std::uint64_t& count, std::uint64_t largest, const std::string& help
) {
    const auto parse = [&count, name, largest](const std::string& text) {
        const auto parsed = parse_count(text, largest);
        if (!parsed) {
            const auto long_name = name.substr(name.find("--"));  // behind a short one: "-n,--count"
            throw CLI::ValidationError(
                long_name, "\"" + printable(text) + "\" is no number from 1 to " + std::to_string(largest)
            );
        }
        count = *parsed;
    };
    return command.add_option_function<std::string>(name, parse, help)->type_name("N");
}

CLI::Option* add_duration_option(
    CLI::App& command, const std::string& name, std::chrono::milliseconds& time, const std::string& help
) {
    const auto parse = [&time, name](const std::string& text) {
        const auto parsed = parse_duration(text);
        if (!parsed) {
            throw CLI::ValidationError(name, "\"" + printable(text) + "\" is no time; write for example 2.5 or 300ms");
        }
        time = *parsed;
    };
    return command.add_option_function<std::string>(name, parse, help)->type_name("SECONDS");
}

}  // namespace libp2p::tools
