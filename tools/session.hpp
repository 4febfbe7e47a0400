// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "tools/output.hpp"

#include <libp2p/host.hpp>
#include <libp2p/private_webrtc.hpp>
#include <libp2p/transports.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace libp2p::tools {

/// What every command that talks to peers may be told.
struct CommonOptions {
    bool json = false;
    std::string log;  ///< levels; empty: what LIBP2P_LOG says
    std::string security = "noise";
    std::string muxer = "yamux";
    bool no_gso = false;                    ///< UDP without segmentation and coalescing by the kernel
    std::string webrtc_version;             ///< "1", "2"; empty: 1, then 2 when nobody answers
    std::vector<std::string> stun_servers;  ///< for private WebRTC
    std::vector<PrivateWebRtcOptions::TurnServer> turn_servers;
    bool loopback = false;                      ///< private WebRTC on loopback addresses too
    std::string tls_certificate;                ///< file in PEM, to listen for WebSockets over TLS; empty: none
    std::string tls_key;                        ///< its private key
    std::string tls_authorities;                ///< file in PEM, to trust servers by; empty: the system's
    std::string key_file;                       ///< empty: a key for this run only
    std::chrono::milliseconds timeout{20'000};  ///< longest silence of the remote
};

inline constexpr int kSuccess = 0;
inline constexpr int kFailure = 1;
inline constexpr int kWrongUsage = 2;

/// A host, and what its command needs beside it.
class Session {
public:
    Session(asio::any_io_executor executor, Identity identity, HostOptions host_options, const CommonOptions& options);

    Host& host() noexcept { return host_; }
    const Output& output() const noexcept { return output_; }
    const CommonOptions& options() const noexcept { return options_; }

    /// Dials the peer that `address` names, within the timeout. Where a direct path is to be arranged over a relay and
    /// is not found soon, the way through the relay has to do.
    awaitable<result<PeerId>> connect(const Multiaddr& address);

    /// The connection with `peer` that its streams go over; null when there is none.
    std::shared_ptr<const ConnectionInfo> connection_with(const PeerId& peer) const;

    /// Serves `page` on the ports of WebSocket listeners from now on.
    void serve_page(HttpHandler page) { page_ = std::move(page); }

private:
    HttpResponse answer(const HttpRequest& request) const;

    HttpHandler page_;
    CommonOptions options_;
    Output output_;
    Host host_;
};

/// The body of a command. It is cancelled by SIGINT and SIGTERM.
using Command = std::function<awaitable<result<void>>(Session&)>;

/// Runs `command` with a host of its own, closes the host, and prints what failed. Returns the exit code.
int run_session(const CommonOptions& options, const Command& command, const HostOptions& host_options = {});

/// Adds the chosen stack to `host`. `page` answers what asks WebSocket listeners for something else.
void add_stack(Host& host, const Identity& identity, const CommonOptions& options, HttpHandler page = {});

/// The values that `--security`, `--muxer` and `--webrtc-version` take.
const std::vector<std::string>& security_names();
const std::vector<std::string>& muxer_names();
const std::vector<std::string>& webrtc_versions();

/// The address a client command was given: of a peer, so it ends in `/p2p/<peer id>`.
result<Multiaddr> parse_peer_address(const std::string& text);

/// The key in the file that was named, or a new one. Fails with `Errc::invalid_key` when there is no key to be had.
result<Identity> identity_for(const CommonOptions& options);

/// Sets the log levels that `--log`, or else LIBP2P_LOG, asks for. Fails when they are no levels.
result<void> apply_log_levels(const CommonOptions& options);

/// Prints `error` and returns the exit code.
int fail(const CommonOptions& options, const Error& error);

}  // namespace libp2p::tools
