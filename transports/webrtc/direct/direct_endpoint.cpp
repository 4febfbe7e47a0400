// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/direct/direct_endpoint.hpp"

#include "transports/webrtc/direct/direct_certificate.hpp"
#include "transports/webrtc/end_unless_done.hpp"
#include "transports/webrtc/noise_handshake.hpp"
#include "transports/webrtc/webrtc_connection.hpp"

#include <libp2p/security_protocols.hpp>

#include <algorithm>
#include <utility>

namespace libp2p::webrtc {
DirectEndpoint::DirectEndpoint(TransportServices& services, const WebRtcDirectOptions& options)
    : services_(services),
      options_(options),
      context_(std::make_shared<crypto::DtlsContext>(certificate_of(services.identity()))),
      noise_(make_noise(services.identity())),
      ticker_(std::make_shared<SctpTicker>(services.executor())) {}

UdpSocket::Options DirectEndpoint::socket_options() const noexcept {
    UdpSocket::Options options;
    options.segmentation = options_.segmentation;
    options.coalescing = options_.segmentation;
    return options;
}

std::shared_ptr<WebRtcCore> DirectEndpoint::make_core(
    Direction direction,
    std::vector<crypto::Sha256Digest> remote_certificates,
    std::unique_ptr<DatagramLink> link,
    ConnectionScope& scope
) {
    const bool is_dialer = direction == Direction::outbound;
    WebRtcSession::Options options;
    options.role = is_dialer ? WebRtcSession::Role::client : WebRtcSession::Role::server;
    options.remote_certificates = std::move(remote_certificates);
    auto context = is_dialer ? std::make_shared<const crypto::DtlsContext>(crypto::Certificate::generate()) : context_;
    return std::make_shared<WebRtcCore>(
        services_.executor(), std::move(context), options, services_.limits(), scope.budget(), std::move(link), ticker_
    );
}

awaitable<result<std::unique_ptr<Connection>>> DirectEndpoint::upgrade(
    std::shared_ptr<WebRtcCore> core,
    Direction direction,
    Multiaddr local,
    Multiaddr remote,
    std::optional<PeerId> expected,
    ConnectionScope& scope
) {
    EndUnlessDone guard(core);
    auto open = co_await core->wait_until_open();
    if (!open) {
        co_return open.error();
    }
    if (direction == Direction::inbound) {
        auto counted = scope.prove_address(remote);
        if (!counted) {
            co_return counted.error();
        }
    }
    auto proven = co_await prove_remote(core, *noise_, direction, std::move(expected));
    if (!proven) {
        co_return proven.error();
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
        "webrtc-direct",
        ProtocolId(),
        ProtocolId(),
        false,
        Clock::now()
    });
    guard.done();
    co_return std::make_unique<WebRtcConnection>(std::move(core), std::move(info));
}

}  // namespace libp2p::webrtc
