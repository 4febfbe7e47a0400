// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/multiaddr.hpp>
#include <libp2p/transport.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace libp2p {

class HostServices;

/// `/ip4|ip6/ADDRESS/tcp/PORT`. Port 0 lets the system choose. `/ip6/::` listens on IPv6 only: for both families listen
/// on `/ip4/0.0.0.0/tcp/P` too.
std::unique_ptr<Transport> make_tcp_transport(TransportServices& services);

/// A GET or HEAD that asks a WebSocket listener for something else.
struct HttpRequest {
    std::string_view target;  ///< "/index.html?x=1", as it came
};

/// What it is answered. The body is left out where only the head was asked for.
struct HttpResponse {
    unsigned status = 200;
    std::vector<std::pair<std::string, std::string>> headers;  ///< without length and connection, which are added
    std::string body;
};

/// Must not wait, and must not call back into the host.
using HttpHandler = std::function<HttpResponse(const HttpRequest& request)>;

/// How WebSockets are dialled and listened for.
struct WebSocketOptions {
    /// Answers HTTP requests on the listeners' ports that ask for no WebSocket: a page can stand where its WebSocket
    /// is. Without it they get status 426.
    HttpHandler http;
    /// Octets of one message; a remote that sends a longer one is cut. Nothing is allocated for a message.
    std::size_t max_message = 16 * 1024 * 1024;
    /// To listen with TLS, files in PEM: the certificate, followed by those that lead to its authority, and the private
    /// key. They are read again when they change, for connections from then on; a pair that does not fit is not taken.
    std::string certificate_file;
    std::string key_file;
    /// To dial with TLS, a file in PEM: the authorities that servers are trusted by. Empty: the system's.
    std::string authorities_file;
};

/// `/ip4|ip6/ADDRESS/tcp/PORT/ws`: octets in the messages of a WebSocket (RFC 6455), which is how browsers and what
/// sits behind HTTP proxies reach a node. With TLS `…/tcp/PORT/tls/ws`, `…/tcp/PORT/tls/sni/NAME/ws` or
/// `…/tcp/PORT/wss`; libp2p's own security runs inside all the same. A dialer checks the server's certificate, for the
/// name in the address, which is also the one that was looked up, or else for its IP address. Dials `/http-path/PATH`
/// behind these too; listeners answer any path.
std::unique_ptr<Transport> make_websocket_transport(TransportServices& services, WebSocketOptions options = {});

/// How WebRTC-Direct dials and sends.
struct WebRtcDirectOptions {
    /// How a listener is told who dials: 1 is what all peers know, 2 what browsers will insist on. Listeners here take
    /// both.
    int dial_version = 1;
    /// A listener that does not answer for so long is asked in the other version, in turn. Zero: never.
    std::chrono::milliseconds version_patience{3'000};
    /// Many datagrams in one system call, where the kernel can (UDP_SEGMENT, UDP_GRO).
    bool segmentation = true;
};

/// `/ip4|ip6/ADDRESS/udp/PORT/webrtc-direct`: data channels over DTLS, which browsers speak too (libp2p specs,
/// webrtc-direct). Listen without a certhash: the listener's address has it, and it follows from the host's key. Many
/// connections share a listener's socket. Brings security and streams of its own. Needs no upgrader.
std::unique_ptr<Transport> make_webrtc_direct_transport(
    TransportServices& services, const WebRtcDirectOptions& options = {}
);

/// What dialers know a host's WebRTC-Direct listeners by.
struct WebRtcCertificate {
    std::array<std::uint8_t, 32> fingerprint{};  ///< SHA-256 of the certificate
    std::string certhash;                        ///< the same as it stands in addresses, "uEi…"
    std::chrono::sys_days not_before;            ///< first day on which it is valid, UTC
    std::chrono::sys_days not_after;             ///< the moment at which it expires, UTC
};

/// The certificate that the listeners of the host with this identity show, now and after every restart.
WebRtcCertificate webrtc_certificate(const Identity& identity);

/// How a host is reached, and reaches others, through relays.
struct RelayOptions {
    /// Relays that may stand in for another: where a listener turns when its own relay is gone, and what
    /// `/p2p-circuit` alone listens on. Each as `ADDRESS/p2p/RELAY`.
    std::vector<Multiaddr> relays;
    std::chrono::milliseconds timeout{10'000};  ///< for a relay to answer, each time it is asked
    std::chrono::milliseconds retry{1'000};     ///< after no relay had a place; doubles up to `retry_most`
    std::chrono::milliseconds retry_most{60'000};
};

/// `ADDRESS/p2p/RELAY/p2p-circuit`: connections through a relay (libp2p specs, relay/circuit-v2), secured end to end by
/// the upgrader. Listening reserves a place at the relay, returns when that stands, renews it, and moves to another
/// relay when this one is gone: `Listener::addresses` follows. A connection is limited where the relay says so.
std::unique_ptr<Transport> make_relay_transport(HostServices& services, RelayOptions options = {});

/// Hosts of one process reach each other at `/memory/N`. Every host that shares a `MemoryNetwork` sees its addresses.
class MemoryNetwork;

/// A network of its own; `latency` is the time an octet takes one way.
std::shared_ptr<MemoryNetwork> make_memory_network(std::chrono::steady_clock::duration latency = {});

/// `/memory/N`; listening on `/memory/0` picks a free number.
std::unique_ptr<Transport> make_memory_transport(TransportServices& services, std::shared_ptr<MemoryNetwork> network);

}  // namespace libp2p
