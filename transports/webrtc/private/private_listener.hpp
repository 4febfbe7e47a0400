// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/webrtc/private/attempts.hpp"
#include "transports/webrtc/private/private_endpoint.hpp"

#include <libp2p/signalling.hpp>
#include <libp2p/transport.hpp>

#include <memory>

namespace libp2p::webrtc {

/// What the remote of a connection is known by where it is not dialled: `/webrtc`.
Multiaddr webrtc_address();

/// Takes the offers of remotes.
class PrivateListener final : public Listener {
public:
    PrivateListener(
        std::shared_ptr<PrivateEndpoint> endpoint,
        std::shared_ptr<Attempts> attempts,
        std::unique_ptr<SignallingListener> signalling,
        Multiaddr address
    );

    const Multiaddr& address() const noexcept override { return address_; }
    std::vector<Multiaddr> addresses() const override { return signalling_->addresses(); }
    awaitable<result<std::unique_ptr<InboundConnection>>> accept() override;
    void close() noexcept override { signalling_->close(); }

private:
    std::shared_ptr<PrivateEndpoint> endpoint_;  // shared with the transport, which may go first
    std::shared_ptr<Attempts> attempts_;         // likewise
    std::unique_ptr<SignallingListener> signalling_;
    Multiaddr address_;
};

}  // namespace libp2p::webrtc
