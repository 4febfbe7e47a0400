// SPDX-License-Identifier: MIT OR Apache-2.0
#include <libp2p/conformance/transport_suite.hpp>
#include <libp2p/transports.hpp>

namespace {

libp2p::conformance::TransportProvider webrtc_direct(
    std::string name, const std::string& host, const libp2p::WebRtcDirectOptions& options
) {
    libp2p::conformance::TransportProvider provider;
    provider.name = std::move(name);
    provider.make = [options](libp2p::TransportServices& services) {
        return libp2p::make_webrtc_direct_transport(services, options);
    };
    provider.listen_address = host + "/udp/0/webrtc-direct";
    provider.refused_address = host + "/udp/1/webrtc-direct/certhash/uEiDikp5KVUgkLta1EjUN-IKbHk-dUBg8VzKgf5nXxLK46w";
    provider.foreign_addresses = {"/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.1/udp/1", "/memory/1"};
    provider.independent_streams = false;
    provider.listener_proves_itself_last = true;
    return provider;
}

libp2p::WebRtcDirectOptions version_2() {
    libp2p::WebRtcDirectOptions options;
    options.dial_version = 2;
    return options;
}

libp2p::WebRtcDirectOptions one_by_one() {
    libp2p::WebRtcDirectOptions options;
    options.segmentation = false;
    return options;
}

INSTANTIATE_TEST_SUITE_P(
    WebRtcDirect,
    TransportSuite,
    testing::Values(
        webrtc_direct("ip4", "/ip4/127.0.0.1", {}),
        webrtc_direct("ip6_version_2", "/ip6/::1", version_2()),
        webrtc_direct("ip4_without_segmentation", "/ip4/127.0.0.1", one_by_one())
    ),
    libp2p::conformance::name_of
);

}  // namespace
