// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/crypto/dtls.hpp"
#include "transports/webrtc/sctp_stack.hpp"
#include "transports/webrtc/udp_socket.hpp"
#include "transports/webrtc/webrtc_core.hpp"

#include <libp2p/connection.hpp>
#include <libp2p/security.hpp>
#include <libp2p/transport.hpp>
#include <libp2p/transports.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace libp2p::webrtc {

/// What all WebRTC-Direct connections of a host have in common.
class DirectEndpoint {
public:
    DirectEndpoint(TransportServices& services, const WebRtcDirectOptions& options);

    TransportServices& services() noexcept { return services_; }
    const WebRtcDirectOptions& options() const noexcept { return options_; }
    UdpSocket::Options socket_options() const noexcept;

    /// The certificate that listeners show. It follows from the host's key, and so stays the same after a restart.
    const crypto::Sha256Digest& certificate() const noexcept { return context_->certificate().fingerprint(); }

    /// A session that sends by `link`, charged to `scope`, and not started. A dialer shows a certificate of its own for
    /// each connection, so that connections cannot be told to be of one host.
    std::shared_ptr<WebRtcCore> make_core(
        Direction direction,
        std::vector<crypto::Sha256Digest> remote_certificates,
        std::unique_ptr<DatagramLink> link,
        ConnectionScope& scope
    );

    /// Waits for `core` to open, proves the remote and moves `scope` to its peer. The core is ended when anything fails
    /// or the caller is cancelled.
    awaitable<result<std::unique_ptr<Connection>>> upgrade(
        std::shared_ptr<WebRtcCore> core,
        Direction direction,
        Multiaddr local,
        Multiaddr remote,
        std::optional<PeerId> expected,
        ConnectionScope& scope
    );

private:
    TransportServices& services_;
    WebRtcDirectOptions options_;
    std::shared_ptr<const crypto::DtlsContext> context_;  // shared with the sessions
    std::unique_ptr<SecurityProtocol> noise_;
    std::shared_ptr<SctpTicker> ticker_;  // shared with the sessions, which may outlive the transport
};

}  // namespace libp2p::webrtc
