// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/tcp/tcp_address.hpp"
#include "transports/tcp/tcp_connect.hpp"

#include <libp2p/conformance/transport_suite.hpp>
#include <libp2p/muxers.hpp>
#include <libp2p/security_protocols.hpp>
#include <libp2p/transports.hpp>

namespace {

namespace asio = boost::asio;

/// A socket without a word of HTTP.
libp2p::awaitable<libp2p::result<std::unique_ptr<libp2p::ByteStream>>> connect_raw(
    asio::any_io_executor executor, libp2p::Multiaddr address
) {
    auto connected = co_await libp2p::tcp::connect(std::move(executor), libp2p::tcp::endpoint_in(address).value());
    if (!connected) {
        co_return connected.error();
    }
    co_return std::move(connected->stream);
}

libp2p::conformance::TransportProvider websocket(std::string name, const std::string& host) {
    libp2p::conformance::TransportProvider provider;
    provider.name = std::move(name);
    provider.make = [](libp2p::TransportServices& services) { return libp2p::make_websocket_transport(services); };
    provider.security = libp2p::make_noise;
    provider.muxer = libp2p::make_yamux;
    provider.listen_address = host + "/tcp/0/ws";
    provider.refused_address = host + "/tcp/1/ws";
    provider.foreign_addresses = {
        "/dns4/example.com/tcp/443/ws", "/ip4/127.0.0.1/udp/1", "/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.1/tcp/1/tls",
        "/ip4/127.0.0.1/tcp/1/ws/p2p-circuit", "/memory/1"
    };
    provider.raw_dial = connect_raw;
    return provider;
}

INSTANTIATE_TEST_SUITE_P(
    WebSocket,
    TransportSuite,
    testing::Values(websocket("ws_ip4", "/ip4/127.0.0.1"), websocket("ws_ip6", "/ip6/::1")),
    libp2p::conformance::name_of
);

INSTANTIATE_TEST_SUITE_P(
    WebSocket,
    RawTransportSuite,
    testing::Values(websocket("ws_ip4", "/ip4/127.0.0.1"), websocket("ws_ip6", "/ip6/::1")),
    libp2p::conformance::name_of
);

}  // namespace
