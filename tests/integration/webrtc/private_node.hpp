// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "tests/integration/hosts.hpp"
#include "tests/support/memory_signalling.hpp"

#include <libp2p/private_webrtc.hpp>

namespace libp2p::test {

inline PrivateWebRtcOptions on_loopback() {
    PrivateWebRtcOptions options;
    options.local_addresses = {"127.0.0.1"};
    return options;
}

/// A node that signals in memory.
struct PrivateNode : Node {
    PrivateNode(
        asio::io_context& io,
        const std::shared_ptr<MemorySignallingNetwork>& network,
        const PrivateWebRtcOptions& options = on_loopback(),
        Identity who = Identity::generate()
    )
        : Node(io, HostOptions(), std::move(who)) {
        auto& services = host.services();
        auto signalling = std::make_shared<MemorySignalling>(network, io.get_executor(), identity.public_key());
        host.add_transport(make_private_webrtc_transport(services, std::move(signalling), options));
    }
};

}  // namespace libp2p::test
