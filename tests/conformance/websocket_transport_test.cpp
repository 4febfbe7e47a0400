// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/support/web_certificates.hpp"
#include "transports/tcp/tcp_address.hpp"
#include "transports/tcp/tcp_connect.hpp"

#include <libp2p/conformance/transport_suite.hpp>
#include <libp2p/muxers.hpp>
#include <libp2p/security_protocols.hpp>
#include <libp2p/transports.hpp>

#include <stdlib.h>

#include <filesystem>
#include <fstream>

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
        "/dns4/example.com/tcp/443/ws",
        "/ip4/127.0.0.1/udp/1",
        "/ip4/127.0.0.1/tcp/1",
        "/ip4/127.0.0.1/tcp/1/tls",
        "/ip4/127.0.0.1/tcp/1/ws/p2p-circuit",
        "/memory/1"
    };
    provider.raw_dial = connect_raw;
    return provider;
}

/// Files with certificates, for as long as the program runs.
class CertificateFiles {
public:
    CertificateFiles() {
        std::string pattern = (std::filesystem::temp_directory_path() / "websocket-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        options.certificate_file = put("certificate", libp2p::test::kCertificate);
        options.key_file = put("key", libp2p::test::kKey);
        options.authorities_file = put("authority", libp2p::test::kAuthority);
    }
    CertificateFiles(const CertificateFiles&) = delete;
    CertificateFiles& operator=(const CertificateFiles&) = delete;
    ~CertificateFiles() { std::filesystem::remove_all(folder_); }

    libp2p::WebSocketOptions options;

private:
    std::string put(const char* name, std::string_view text) const {
        std::ofstream(folder_ / name) << text;
        return (folder_ / name).string();
    }

    std::filesystem::path folder_;
};

libp2p::conformance::TransportProvider over_tls(std::string name, const std::string& host) {
    auto provider = websocket(std::move(name), host);
    provider.make = [](libp2p::TransportServices& services) {
        static const CertificateFiles files;
        return libp2p::make_websocket_transport(services, files.options);
    };
    provider.listen_address = host + "/tcp/0/tls/ws";
    provider.refused_address = host + "/tcp/1/wss";
    return provider;
}

INSTANTIATE_TEST_SUITE_P(
    WebSocket,
    TransportSuite,
    testing::Values(
        websocket("ws_ip4", "/ip4/127.0.0.1"), websocket("ws_ip6", "/ip6/::1"), over_tls("wss_ip4", "/ip4/127.0.0.1")
    ),
    libp2p::conformance::name_of
);

INSTANTIATE_TEST_SUITE_P(
    WebSocket,
    RawTransportSuite,
    testing::Values(
        websocket("ws_ip4", "/ip4/127.0.0.1"), websocket("ws_ip6", "/ip6/::1"), over_tls("wss_ip4", "/ip4/127.0.0.1")
    ),
    libp2p::conformance::name_of
);

}  // namespace
