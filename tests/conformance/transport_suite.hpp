// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/conformance/provider_name.hpp>
#include <libp2p/keys.hpp>
#include <libp2p/muxer.hpp>
#include <libp2p/security.hpp>
#include <libp2p/transport.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

/// Tests for a transport, between two hosts' worth of services on one executor:
///
///     #include <libp2p/conformance/transport_suite.hpp>
///     #include <libp2p/muxers.hpp>
///     #include <libp2p/security_protocols.hpp>
///
///     libp2p::conformance::TransportProvider mine() {
///         libp2p::conformance::TransportProvider provider;
///         provider.name = "mine";
///         provider.make = [](libp2p::TransportServices& services) { return std::make_unique<MyTransport>(services); };
///         provider.security = libp2p::make_noise;  // these two only for a transport that calls the upgrader
///         provider.muxer = libp2p::make_yamux;
///         provider.listen_address = "/ip4/127.0.0.1/mine/0";
///         provider.refused_address = "/ip4/127.0.0.1/mine/1";
///         return provider;
///     }
///
///     INSTANTIATE_TEST_SUITE_P(Mine, TransportSuite, testing::Values(mine()), libp2p::conformance::name_of);
///
/// Link with libp2p::conformance and GTest::gtest_main. Every test ends with a look at both budgets and at the
/// descriptors of the process: nothing may be left.
namespace libp2p::conformance {

struct TransportProvider {
    std::string name;

    /// Called twice a test: once for the side that listens, once for the one that dials.
    std::function<std::unique_ptr<Transport>(TransportServices& services)> make;

    /// For the upgrader. Empty where the transport brings its own.
    std::function<std::unique_ptr<SecurityProtocol>(Identity identity)> security;
    std::function<std::unique_ptr<Muxer>(const Limits& limits, const Timeouts& timeouts)> muxer;

    std::string listen_address;   ///< may be listened on any number of times; the transport fills in what is free
    std::string refused_address;  ///< of this transport; nobody is there, and a dial notices at once
    std::vector<std::string> foreign_addresses = {
        "/dns4/example.com/tcp/443/tls/ws", "/unix/nowhere"
    };  ///< not of this transport

    /// False where a stream that nobody reads may hold up the others of its connection, as below there is one window
    /// for all of them.
    bool independent_streams = true;

    /// True where the listener proves itself last: it then has a connection with a dialer that leaves because of it.
    bool listener_proves_itself_last = false;

    /// True where dialers are led to a listener by its peer, not by its address, as a relay does: listeners may have
    /// one address, and a dial that expects another peer does not come to them.
    bool reached_by_peer = false;

    /// Connects to a listener without any handshake, for tests that then say nothing or nonsense: those of
    /// RawTransportSuite, which is not instantiated where it is empty.
    std::function<awaitable<result<std::unique_ptr<ByteStream>>>(asio::any_io_executor executor, Multiaddr address)>
        raw_dial;

    friend std::ostream& operator<<(std::ostream& out, const TransportProvider& provider) {
        return out << provider.name;
    }
};

class TransportSuite : public testing::TestWithParam<TransportProvider> {
public:
    TransportSuite();
    ~TransportSuite() override;

protected:
    void TearDown() override;

    class Bench;
    std::unique_ptr<Bench> bench_;
};

/// What needs `TransportProvider::raw_dial`; to be instantiated as well where there is one.
class RawTransportSuite : public TransportSuite {};

bool link_transport_suite() noexcept;

namespace {
// Without it the linker would leave the tests in the library.
[[maybe_unused]] const bool transport_suite_is_linked = link_transport_suite();
}  // namespace

}  // namespace libp2p::conformance

// INSTANTIATE_TEST_SUITE_P takes no qualified names
using libp2p::conformance::RawTransportSuite;
using libp2p::conformance::TransportSuite;
