// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/host_services.hpp>
#include <libp2p/signalling.hpp>
#include <libp2p/transport.hpp>

#include <memory>
#include <string>
#include <vector>

namespace libp2p {

/// How private WebRTC finds its way. Without servers a host offers its own addresses only, which is enough in one
/// network and wherever one of the two can be reached; a STUN server adds the address that a NAT gives it, a TURN
/// server a detour for NATs that cannot be passed.
struct PrivateWebRtcOptions {
    struct TurnServer {
        std::string server;  ///< as a STUN server's
        std::string user;
        std::string password;
        bool over_tcp = false;  ///< our way to it, where UDP is blocked; what it relays is UDP
    };

    /// "stun.example.org:3478", "192.0.2.1", "[2001:db8::1]:3478". The first one that has an address is asked.
    std::vector<std::string> stun_servers;
    std::vector<TurnServer> turn_servers;  ///< at most 8; of those with one address the first is used

    /// Addresses of this machine that are offered, one socket each, at most 8. Empty: all but loopback and link-local
    /// ones.
    std::vector<std::string> local_addresses;

    /// Offers loopback addresses too, and takes those of remotes: for peers on one machine.
    bool loopback = false;

    /// Many datagrams in one system call, where the kernel can (UDP_SEGMENT, UDP_GRO).
    bool segmentation = true;
};

/// `<relay>/p2p-circuit/webrtc`: WebRTC between two peers that need not be reachable, arranged over a relayed
/// connection (libp2p specs, webrtc). Listen on `/webrtc`: the listener's addresses follow those of the relays that the
/// host listens on. Needs a transport for the relay.
std::unique_ptr<Transport> make_private_webrtc_transport(
    HostServices& services, const PrivateWebRtcOptions& options = {}
);

/// The same, arranged over `signalling`, which decides about addresses.
std::unique_ptr<Transport> make_private_webrtc_transport(
    TransportServices& services, std::shared_ptr<Signalling> signalling, const PrivateWebRtcOptions& options = {}
);

/// Signalling through a plain WebSocket server that passes messages between peers by their names, such as
/// `p2p signal-server`: listen on and dial `/ip4|ip6/ADDRESS/tcp/PORT/ws/webrtc`. The server is not trusted: the peers
/// prove themselves to each other, bound to their certificates.
std::shared_ptr<Signalling> make_rendezvous_signalling(HostServices& services);

}  // namespace libp2p
