// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/webrtc/direct/direct_endpoint.hpp"
#include "transports/webrtc/direct/direct_mux.hpp"

#include <libp2p/transport.hpp>

#include <memory>

namespace libp2p::webrtc {

/// Takes WebRTC-Direct connections, of version 1 and 2 alike, on one UDP endpoint. Its address tells the hash of the
/// certificate that it shows.
class DirectListener final : public Listener {
public:
    static result<std::unique_ptr<Listener>> bind(std::shared_ptr<DirectEndpoint> endpoint, const Multiaddr& address);

    DirectListener(std::shared_ptr<DirectEndpoint> endpoint, std::shared_ptr<DirectMux> mux);
    ~DirectListener() override { close(); }

    const Multiaddr& address() const noexcept override { return address_; }
    awaitable<result<std::unique_ptr<InboundConnection>>> accept() override;
    void close() noexcept override { mux_->stop_listening(); }

private:
    std::shared_ptr<DirectEndpoint> endpoint_;  // shared: see DirectTransport
    std::shared_ptr<DirectMux> mux_;            // shared with the connections, which outlive the listener
    Multiaddr address_;
};

}  // namespace libp2p::webrtc
