// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/crypto/dtls.hpp"
#include "libp2p/dns/resolver.hpp"
#include "transports/webrtc/private/ice_agent.hpp"
#include "transports/webrtc/private/signalling_exchange.hpp"
#include "transports/webrtc/private/signalling_talk.hpp"
#include "transports/webrtc/sctp_stack.hpp"
#include "transports/webrtc/udp_socket.hpp"
#include "transports/webrtc/webrtc_core.hpp"

#include <libp2p/connection.hpp>
#include <libp2p/private_webrtc.hpp>
#include <libp2p/security.hpp>
#include <libp2p/transport.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace libp2p::webrtc {

/// What all private WebRTC connections of a host have in common.
class PrivateEndpoint : public std::enable_shared_from_this<PrivateEndpoint> {
public:
    /// Octets charged for an ICE agent with its sockets.
    static constexpr std::size_t kAgentMemory = 48 * 1024;

    /// Sockets of an agent, and servers that it asks, at most.
    static constexpr std::size_t kMaxLocalAddresses = 8;
    static constexpr std::size_t kMaxTurnServers = 8;

    /// A whole attempt, from the first message to usable streams.
    static constexpr std::chrono::seconds kAttempt{15};

    /// Servers whose names are not known by then are done without.
    static constexpr std::chrono::seconds kResolve{1};

    /// `spawn` starts the tasks that attempts leave behind. Throws std::invalid_argument on options that cannot be.
    PrivateEndpoint(TransportServices& services, const PrivateWebRtcOptions& options, SignallingTalk::Spawn spawn);

    TransportServices& services() noexcept { return services_; }
    const SignallingTalk::Spawn& spawn() const noexcept { return spawn_; }
    UdpSocket::Options socket_options() const noexcept;
    const crypto::Sha256Digest& certificate() const noexcept { return context_->certificate().fingerprint(); }

    /// For a new agent: the addresses of this machine as they are now, and the servers.
    awaitable<IceOptions> ice_options(bool is_controlling);

    /// A session, not started. `is_vouched_for`: the signalling has proven the remote, and its certificates are enough.
    std::shared_ptr<WebRtcCore> make_core(
        crypto::DtlsSession::Role role,
        std::vector<crypto::Sha256Digest> remote_certificates,
        bool is_vouched_for,
        std::unique_ptr<DatagramLink> link,
        ConnectionScope& scope
    );

    /// Negotiates over `pipe` and makes a connection of it. The dialer is the offerer. Fails with
    /// `Errc::authentication_failed` when the remote's certificate is not the one of its description, with
    /// `Errc::peer_mismatch` when it is not `expected`, with `timed_out` after `kAttempt`, and with what
    /// `SignallingExchange` says of its messages. Cancellation leaves nothing behind.
    awaitable<result<std::unique_ptr<Connection>>> connect(
        std::unique_ptr<SignallingPipe> pipe,
        Direction direction,
        Multiaddr local,
        Multiaddr remote,
        std::optional<PeerId> expected,
        ConnectionScope& scope
    );

private:
    struct Server {
        std::string host;
        std::uint16_t port;
    };

    static Server parse_server(const std::string& text);
    std::vector<asio::ip::address> local_addresses() const;
    awaitable<std::optional<asio::ip::udp::endpoint>> resolve(Server server);
    TransportServices& services_;
    PrivateWebRtcOptions options_;
    SignallingTalk::Spawn spawn_;
    std::shared_ptr<const crypto::DtlsContext> context_;  // shared with the sessions
    std::unique_ptr<SecurityProtocol> noise_;
    std::shared_ptr<SctpTicker> ticker_;  // shared with the sessions, which may outlive the transport
    dns::Resolver resolver_;
};

}  // namespace libp2p::webrtc
