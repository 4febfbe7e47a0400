// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/private_endpoint.hpp"

#include "libp2p/swarm/address_scope.hpp"
#include "transports/webrtc/end_unless_done.hpp"
#include "transports/webrtc/noise_handshake.hpp"
#include "transports/webrtc/private/candidate_filter.hpp"
#include "transports/webrtc/private/negotiation.hpp"
#include "transports/webrtc/webrtc_connection.hpp"

#include <libp2p/log.hpp>
#include <libp2p/security_protocols.hpp>
#include <libp2p/timeout.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace libp2p::webrtc {
namespace {

namespace ip = asio::ip;

const Logger log("webrtc");

constexpr std::uint16_t kStunPort = 3478;

std::optional<ip::address> address_of(const std::string& text) {
    error_code ec;
    auto address = ip::make_address(text, ec);
    return ec ? std::nullopt : std::optional(address);
}

/// The addresses of this machine's interfaces, of one family.
void append_interfaces(std::vector<ip::address>& into, const char* wildcard, Protocol protocol) {
    const auto any = Multiaddr::parse(wildcard);
    for (const auto& expanded : swarm::expand_wildcard(any.value())) {
        if (const auto address = address_of(expanded.value_of(protocol).value_or(std::string()))) {
            into.push_back(*address);
        }
    }
}

}  // namespace

PrivateEndpoint::PrivateEndpoint(
    TransportServices& services, const PrivateWebRtcOptions& options, SignallingTalk::Spawn spawn
)
    : services_(services),
      options_(options),
      spawn_(std::move(spawn)),
      context_(std::make_shared<crypto::DtlsContext>(crypto::Certificate::generate())),
      noise_(make_noise(services.identity())),
      ticker_(std::make_shared<SctpTicker>(services.executor())),
      resolver_(services.executor(), kResolve) {
    for (const auto& server : options_.stun_servers) {
        (void)parse_server(server);
    }
    for (const auto& turn : options_.turn_servers) {
        (void)parse_server(turn.server);
    }
    for (const auto& address : options_.local_addresses) {
        if (!address_of(address)) {
            throw std::invalid_argument("PrivateWebRtcOptions::local_addresses: not an IP address: " + address);
        }
    }
    if (options_.turn_servers.size() > kMaxTurnServers || options_.local_addresses.size() > kMaxLocalAddresses) {
        throw std::invalid_argument("PrivateWebRtcOptions: more than 8 TURN servers or local addresses");
    }
}

UdpSocket::Options PrivateEndpoint::socket_options() const noexcept {
    UdpSocket::Options options;
    options.segmentation = options_.segmentation;
    options.coalescing = options_.segmentation;
    return options;
}

PrivateEndpoint::Server PrivateEndpoint::parse_server(const std::string& text) {
    const auto invalid = [&] { return std::invalid_argument("PrivateWebRtcOptions: not a server: " + text); };
    const bool is_v6 = text.starts_with('[');
    const auto colon = is_v6 ? text.find("]:") : text.rfind(':');
    Server server{text, kStunPort};
    if (colon != std::string::npos) {
        const auto* first = text.data() + colon + (is_v6 ? 2 : 1);
        const auto* last = text.data() + text.size();
        const auto [stop, failure] = std::from_chars(first, last, server.port);
        if (failure != std::errc() || stop != last || server.port == 0) {
            throw invalid();
        }
        server.host = text.substr(0, colon + (is_v6 ? 1 : 0));
    }
    if (is_v6) {
        if (!server.host.ends_with(']')) {
            throw invalid();
        }
        server.host = server.host.substr(1, server.host.size() - 2);
    }
    if (server.host.empty()) {
        throw invalid();
    }
    return server;
}

std::vector<ip::address> PrivateEndpoint::local_addresses() const {
    std::vector<ip::address> found;
    if (!options_.local_addresses.empty()) {
        for (const auto& address : options_.local_addresses) {
            found.push_back(*address_of(address));
        }
        return found;
    }
    append_interfaces(found, "/ip4/0.0.0.0/udp/1", Protocol::ip4);
    append_interfaces(found, "/ip6/::/udp/1", Protocol::ip6);
    std::erase_if(found, [this](const ip::address& address) { return address.is_loopback() && !options_.loopback; });
    if (found.size() > kMaxLocalAddresses) {
        found.resize(kMaxLocalAddresses);
    }
    return found;
}

awaitable<std::optional<ip::udp::endpoint>> PrivateEndpoint::resolve(Server server) {
    if (const auto address = address_of(server.host)) {
        co_return ip::udp::endpoint(*address, server.port);
    }
    auto found = co_await resolver_.addresses(server.host, dns::Family::any);
    if (!found) {
        co_return std::nullopt;
    }
    co_return ip::udp::endpoint(found->front(), server.port);
}

awaitable<IceOptions> PrivateEndpoint::ice_options(bool is_controlling) {
    const auto self = shared_from_this();
    IceOptions options;
    options.is_controlling = is_controlling;
    options.local_addresses = local_addresses();
    for (const auto& text : options_.stun_servers) {
        if (options.stun_server) {
            break;
        }
        options.stun_server = co_await resolve(parse_server(text));
        log.debug("ice.server", {{"kind", "STUN"}, {"server", text}, {"found", options.stun_server.has_value()}});
    }
    for (const auto& turn : options_.turn_servers) {
        const auto endpoint = co_await resolve(parse_server(turn.server));
        log.debug("ice.server", {{"kind", "TURN"}, {"server", turn.server}, {"found", endpoint.has_value()}});
        // libnice keeps the second of two allocations on one address until its end, and 80 KB of it beyond.
        const bool is_known =
            endpoint &&
            std::any_of(options.turn_servers.begin(), options.turn_servers.end(), [&](const IceTurnServer& other) {
                return other.endpoint.address() == endpoint->address();
            });
        if (endpoint && !is_known) {
            options.turn_servers.push_back({*endpoint, turn.over_tcp, turn.user, turn.password});
        }
    }
    co_return options;
}

std::shared_ptr<WebRtcCore> PrivateEndpoint::make_core(
    crypto::DtlsSession::Role role,
    std::vector<crypto::Sha256Digest> remote_certificates,
    bool is_vouched_for,
    std::unique_ptr<DatagramLink> link,
    ConnectionScope& scope
) {
    WebRtcSession::Options options;
    options.role = role;
    options.remote_certificates = std::move(remote_certificates);
    options.proves_on_channel_0 = !is_vouched_for;
    return std::make_shared<WebRtcCore>(
        services_.executor(), context_, options, services_.limits(), scope.budget(), std::move(link), ticker_
    );
}

awaitable<result<std::unique_ptr<Connection>>> PrivateEndpoint::connect(
    std::unique_ptr<SignallingPipe> pipe,
    Direction direction,
    Multiaddr local,
    Multiaddr remote,
    std::optional<PeerId> expected,
    ConnectionScope& scope
) {
    const auto self = shared_from_this();
    const auto signalled = pipe->remote();
    if (signalled.key && expected && PeerId::from_public_key(*signalled.key) != *expected) {
        co_return Error(Errc::peer_mismatch, "the signalling leads to another peer");
    }
    const bool is_dialer = direction == Direction::outbound;
    const auto role = is_dialer ? SignallingExchange::Role::offerer : SignallingExchange::Role::answerer;
    auto negotiation = std::make_shared<Negotiation>(self, role, std::move(pipe), scope);
    auto core = co_await with_timeout(kAttempt, negotiation->run());
    if (!core && core.error() == asio::error::make_error_code(asio::error::timed_out)) {
        co_return Error(core.error().code(), "webrtc: " + negotiation->story());
    }
    if (!core) {
        co_return core.error();
    }
    EndUnlessDone guard(*core);
    std::optional<ProvenRemote> proven;
    if (signalled.key) {
        proven = ProvenRemote{*signalled.key, PeerId::from_public_key(*signalled.key)};
    } else {
        auto noise = co_await prove_remote(*core, *noise_, direction, std::move(expected));
        if (!noise) {
            co_return noise.error();
        }
        proven = std::move(*noise);
    }
    auto moved = scope.set_peer(proven->peer);
    if (!moved) {
        co_return moved.error();
    }
    auto info = std::make_shared<ConnectionInfo>(ConnectionInfo{
        services_.next_connection_id(),
        direction,
        proven->peer,
        proven->key,
        std::move(local),
        std::move(remote),
        "webrtc",
        ProtocolId(),
        ProtocolId(),
        false,
        Clock::now()
    });
    guard.done();
    co_return std::make_unique<WebRtcConnection>(std::move(*core), std::move(info));
}

}  // namespace libp2p::webrtc
