// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/tcp/tcp_address.hpp"
#include "transports/tcp/tcp_stream.hpp"

#include <libp2p/conformance/transport_suite.hpp>
#include <libp2p/muxers.hpp>
#include <libp2p/security_protocols.hpp>
#include <libp2p/transports.hpp>

namespace {

namespace asio = boost::asio;

libp2p::awaitable<libp2p::result<std::unique_ptr<libp2p::ByteStream>>> connect_raw(
    asio::any_io_executor executor, libp2p::Multiaddr address
) {
    asio::ip::tcp::socket socket(std::move(executor));
    auto [ec] = co_await socket.async_connect(libp2p::tcp::to_endpoint(address).value(), libp2p::as_result);
    if (ec) {
        co_return ec;
    }
    co_return std::make_unique<libp2p::tcp::TcpStream>(std::move(socket));
}

libp2p::conformance::TransportProvider tcp(std::string name, const std::string& host) {
    libp2p::conformance::TransportProvider provider;
    provider.name = std::move(name);
    provider.make = libp2p::make_tcp_transport;
    provider.security = libp2p::make_noise;
    provider.muxer = libp2p::make_yamux;
    provider.listen_address = host + "/tcp/0";
    provider.refused_address = host + "/tcp/1";
    provider.foreign_addresses = {
        "/dns4/example.com/tcp/443", "/ip4/127.0.0.1/udp/1", "/ip4/127.0.0.1/tcp/1/ws", "/memory/1"
    };
    provider.raw_dial = connect_raw;
    return provider;
}

INSTANTIATE_TEST_SUITE_P(
    Tcp,
    TransportSuite,
    testing::Values(tcp("tcp_ip4", "/ip4/127.0.0.1"), tcp("tcp_ip6", "/ip6/::1")),
    libp2p::conformance::name_of
);

INSTANTIATE_TEST_SUITE_P(
    Tcp,
    RawTransportSuite,
    testing::Values(tcp("tcp_ip4", "/ip4/127.0.0.1"), tcp("tcp_ip6", "/ip6/::1")),
    libp2p::conformance::name_of
);

}  // namespace
