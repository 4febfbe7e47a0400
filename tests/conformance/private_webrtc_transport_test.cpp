// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/support/memory_signalling.hpp"

#include <libp2p/conformance/transport_suite.hpp>
#include <libp2p/private_webrtc.hpp>

namespace {

libp2p::conformance::TransportProvider private_webrtc(std::string name, const std::string& address, bool is_trusted) {
    auto network = std::make_shared<libp2p::test::MemorySignallingNetwork>(is_trusted);
    libp2p::PrivateWebRtcOptions options;
    options.local_addresses = {address};
    options.loopback = true;
    libp2p::conformance::TransportProvider provider;
    provider.name = std::move(name);
    provider.make = [network, options](libp2p::TransportServices& services) {
        auto signalling = std::make_shared<libp2p::test::MemorySignalling>(
            network, services.executor(), services.identity().public_key()
        );
        return libp2p::make_private_webrtc_transport(services, std::move(signalling), options);
    };
    provider.listen_address = "/memory/0/webrtc";
    provider.refused_address = "/memory/4711/webrtc";
    provider.foreign_addresses = {"/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.1/udp/1", "/memory/1"};
    provider.independent_streams = false;
    provider.listener_proves_itself_last = true;
    return provider;
}

INSTANTIATE_TEST_SUITE_P(
    PrivateWebRtc,
    TransportSuite,
    testing::Values(private_webrtc("ip4", "127.0.0.1", true), private_webrtc("ip6_with_noise", "::1", false)),
    libp2p::conformance::name_of
);

}  // namespace
