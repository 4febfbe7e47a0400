// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/session.hpp"

#include "tools/address_advice.hpp"

#include <libp2p/key_file.hpp>
#include <libp2p/log.hpp>
#include <libp2p/muxers.hpp>
#include <libp2p/protocols/ping.hpp>
#include <libp2p/security_protocols.hpp>
#include <libp2p/timeout.hpp>
#include <libp2p/transports.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/system/system_error.hpp>

#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>

namespace libp2p::tools {
namespace {

/// SIGINT, SIGTERM, and SIGPIPE when the reader of stdout is gone, for as long as this exists. A second SIGINT or
/// SIGTERM, while the host says goodbye, ends the program at once.
class StopSignals {
public:
    explicit StopSignals(asio::io_context& io) : signals_(io, SIGINT, SIGTERM, SIGPIPE) {}

    /// Succeeds with the signal that has come.
    awaitable<result<int>> wait() {
        auto [ec, number] = co_await signals_.async_wait(as_result);
        if (ec) {
            co_return ec;
        }
        signals_.clear();
        std::signal(SIGPIPE, SIG_IGN);  // what is still printed fails quietly
        co_return number;
    }

private:
    asio::signal_set signals_;
};

/// What a command throws, other than being cancelled, as an error: it must not be lost beside the signals.
awaitable<result<void>> guarded(const Command& command, Session& session) {
    try {
        co_return co_await command(session);
    } catch (const boost::system::system_error& error) {
        co_return Error(error.code(), error.what());
    } catch (const std::exception& error) {
        co_return Error(boost::system::errc::make_error_code(boost::system::errc::io_error), error.what());
    }
}

awaitable<void> run_command(const Command& command, Session& session, StopSignals& signals, int& exit_code) {
    using namespace asio::experimental::awaitable_operators;
    auto outcome = co_await (guarded(command, session) || signals.wait());
    const auto* finished = std::get_if<0>(&outcome);  // else a signal came first
    if (finished != nullptr && !*finished) {
        session.output().print(finished->error());
        exit_code = kFailure;
    }
    const auto* stopped = std::get_if<1>(&outcome);
    if (stopped != nullptr && *stopped && **stopped == SIGPIPE) {
        exit_code = kFailure;
    }
    co_await session.host().close();
}

WebRtcDirectOptions webrtc_options(const CommonOptions& options) {
    WebRtcDirectOptions webrtc;
    webrtc.segmentation = !options.no_gso;
    if (!options.webrtc_version.empty()) {
        webrtc.dial_version = options.webrtc_version == "2" ? 2 : 1;
        webrtc.version_patience = std::chrono::milliseconds(0);  // no other version
    }
    return webrtc;
}

/// The way through the relay, for what is arranged over one.
std::optional<Multiaddr> circuit_of(const Multiaddr& address) {
    if (!address.has(Protocol::p2p_circuit) || !address.has(Protocol::webrtc)) {
        return std::nullopt;
    }
    static const auto webrtc = Multiaddr::parse("/webrtc").value();
    return address.decapsulate(webrtc);
}

PrivateWebRtcOptions private_webrtc_options(const CommonOptions& options) {
    PrivateWebRtcOptions webrtc;
    webrtc.stun_servers = options.stun_servers;
    webrtc.turn_servers = options.turn_servers;
    webrtc.loopback = options.loopback;
    webrtc.segmentation = !options.no_gso;
    return webrtc;
}

WebSocketOptions websocket_options(const CommonOptions& options, HttpHandler page) {
    WebSocketOptions websocket;
    websocket.http = std::move(page);
    websocket.certificate_file = options.tls_certificate;
    websocket.key_file = options.tls_key;
    websocket.authorities_file = options.tls_authorities;
    return websocket;
}

}  // namespace

Session::Session(
    asio::any_io_executor executor, Identity identity, HostOptions host_options, const CommonOptions& options
)
    : options_(options), output_(options.json), host_(std::move(executor), identity, std::move(host_options)) {
    add_stack(host_, identity, options, [this](const HttpRequest& request) { return answer(request); });
    // Clients too: rust-libp2p answers no ping of a peer that refused its own.
    host_.handle(ping::kProtocol, ping::serve);
}

HttpResponse Session::answer(const HttpRequest& request) const {
    if (page_) {
        return page_(request);
    }
    HttpResponse none;
    none.status = 426;
    none.headers.emplace_back("Upgrade", "websocket");
    return none;
}

awaitable<result<PeerId>> Session::connect(const Multiaddr& address) {
    const auto named = address.peer();
    if (!named) {
        co_return Error(Errc::invalid_address, address.to_string() + " does not end in /p2p/<peer id>");
    }
    DialOptions dial;
    dial.timeout = options_.timeout;
    std::vector<Multiaddr> addresses{address};
    if (auto circuit = circuit_of(address)) {
        addresses.push_back(std::move(*circuit));
    }
    auto peer = co_await host_.connect(*named, std::move(addresses), dial);
    co_return peer;
}

std::shared_ptr<const ConnectionInfo> Session::connection_with(const PeerId& peer) const {
    const auto connections = host_.connections(peer);
    return connections.empty() ? nullptr : connections.front();
}

result<void> apply_log_levels(const CommonOptions& options) {
    if (options.log.empty()) {
        return set_log_filter_from_environment();
    }
    auto filter = LogFilter::parse(options.log);
    if (!filter) {
        return filter.error();
    }
    set_log_filter(std::move(*filter));
    return ok();
}

int run_session(const CommonOptions& options, const Command& command, const HostOptions& host_options) {
    if (auto applied = apply_log_levels(options); !applied) {
        std::fprintf(stderr, "p2p: %s\n", applied.error().message().c_str());
        return kWrongUsage;
    }
    auto identity = identity_for(options);
    if (!identity) {
        return fail(options, identity.error());
    }
    asio::io_context io(1);
    StopSignals signals(io);
    Session session(io.get_executor(), *identity, host_options, options);
    int exit_code = kSuccess;
    std::exception_ptr failure;
    auto done = [&failure](std::exception_ptr thrown) { failure = std::move(thrown); };
    asio::co_spawn(io, run_command(command, session, signals, exit_code), done);
    io.run();
    if (failure) {
        std::rethrow_exception(failure);
    }
    return exit_code;
}

void add_stack(Host& host, const Identity& identity, const CommonOptions& options, HttpHandler page) {
    auto& services = host.services();
    if (options.security == "noise") {
        host.add_security(make_noise(identity));
    }
    if (options.muxer == "yamux") {
        host.add_muxer(make_yamux(services.limits(), services.timeouts()));
    }
    host.add_transport(make_tcp_transport(services));
    host.add_transport(make_websocket_transport(services, websocket_options(options, std::move(page))));
    host.add_transport(make_webrtc_direct_transport(services, webrtc_options(options)));
    host.add_transport(make_relay_transport(services));
    host.add_transport(make_private_webrtc_transport(services, private_webrtc_options(options)));
    host.add_transport(
        make_private_webrtc_transport(services, make_rendezvous_signalling(services), private_webrtc_options(options))
    );
}

const std::vector<std::string>& security_names() {
    static const std::vector<std::string> names{"noise"};
    return names;
}

const std::vector<std::string>& muxer_names() {
    static const std::vector<std::string> names{"yamux"};
    return names;
}

const std::vector<std::string>& webrtc_versions() {
    static const std::vector<std::string> versions{"1", "2"};
    return versions;
}

result<Multiaddr> parse_peer_address(const std::string& text) {
    auto address = Multiaddr::parse(text);
    if (address && !address->peer()) {
        return Error(Errc::invalid_address, text + " does not end in /p2p/<peer id>");
    }
    if (address && lacks_certhash(*address)) {
        return Error(
            Errc::unsupported_address, text + " lacks /certhash/..., by which WebRTC-Direct knows who is to answer"
        );
    }
    return address;
}

result<Identity> identity_for(const CommonOptions& options) {
    if (options.key_file.empty()) {
        return Identity::generate();
    }
    auto identity = load_identity(options.key_file);
    if (!identity && identity.error() != Errc::invalid_key) {
        return Error(Errc::invalid_key, identity.error().message());
    }
    return identity;
}

int fail(const CommonOptions& options, const Error& error) {
    Output(options.json).print(error);
    return kFailure;
}

}  // namespace libp2p::tools
