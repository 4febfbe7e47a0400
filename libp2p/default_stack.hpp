// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/host.hpp>
#include <libp2p/muxers.hpp>
#include <libp2p/private_webrtc.hpp>
#include <libp2p/security_protocols.hpp>
#include <libp2p/transports.hpp>

namespace libp2p {

/// TCP and WebSocket with Noise and yamux, which every libp2p peer speaks; WebRTC-Direct, which browsers can dial; and
/// for peers that cannot be reached, relays and WebRTC that is arranged over them. Nothing listens yet.
inline void add_default_stack(Host& host, const Identity& identity) {
    auto& services = host.services();
    host.add_security(make_noise(identity));
    host.add_muxer(make_yamux(services.limits(), services.timeouts()));
    host.add_transport(make_tcp_transport(services));
    host.add_transport(make_websocket_transport(services));
    host.add_transport(make_webrtc_direct_transport(services));
    host.add_transport(make_relay_transport(services));
    host.add_transport(make_private_webrtc_transport(services));
}

}  // namespace libp2p
