// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/private_listener.hpp"

#include <libp2p/log.hpp>

#include <utility>

namespace libp2p::webrtc {
namespace {

const Logger log("webrtc");

/// A remote that is about to make an offer. Nothing is read or made before it is paid for.
class PrivateInbound final : public InboundConnection {
public:
    PrivateInbound(
        std::shared_ptr<PrivateEndpoint> endpoint,
        std::unique_ptr<Attempts::Inbound> place,
        std::unique_ptr<SignallingPipe> pipe,
        Multiaddr local
    )
        : endpoint_(std::move(endpoint)),
          place_(std::move(place)),
          pipe_(std::move(pipe)),
          local_(std::move(local)),
          remote_(webrtc_address()) {}

    const Multiaddr& remote_address() const noexcept override { return remote_; }

    awaitable<result<std::unique_ptr<Connection>>> upgrade(ConnectionScope& scope) override {
        std::optional<PeerId> anybody;
        auto connected = co_await endpoint_->connect(
            std::move(pipe_), Direction::inbound, local_, remote_, std::move(anybody), scope
        );
        if (connected) {
            place_->succeeded();
        }
        co_return connected;
    }

private:
    std::shared_ptr<PrivateEndpoint> endpoint_;
    std::unique_ptr<Attempts::Inbound> place_;  // until the host has the connection, and with it this object's end
    std::unique_ptr<SignallingPipe> pipe_;
    Multiaddr local_;
    Multiaddr remote_;
};

}  // namespace

Multiaddr webrtc_address() {
    static const auto address = Multiaddr::parse("/webrtc").value();
    return address;
}

PrivateListener::PrivateListener(
    std::shared_ptr<PrivateEndpoint> endpoint,
    std::shared_ptr<Attempts> attempts,
    std::unique_ptr<SignallingListener> signalling,
    Multiaddr address
)
    : endpoint_(std::move(endpoint)),
      attempts_(std::move(attempts)),
      signalling_(std::move(signalling)),
      address_(std::move(address)) {
    if (const auto bound = signalling_->addresses(); bound.size() == 1) {
        address_ = bound.front();  // the signalling may have chosen a part of it
    }
}

awaitable<result<std::unique_ptr<InboundConnection>>> PrivateListener::accept() {
    for (;;) {
        auto pipe = co_await signalling_->accept();
        if (!pipe) {
            co_return pipe.error();
        }
        const auto& peer = (*pipe)->remote().peer;
        auto place = attempts_->admit(peer);
        if (!place) {
            log.debug("offer.refused", {{"peer", peer ? peer->to_string() : "unknown"}});
            continue;
        }
        std::unique_ptr<InboundConnection> inbound =
            std::make_unique<PrivateInbound>(endpoint_, std::move(place), std::move(*pipe), address_);
        co_return std::move(inbound);
    }
}

}  // namespace libp2p::webrtc
