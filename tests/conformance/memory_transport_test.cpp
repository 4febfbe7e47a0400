// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/memory/memory_network.hpp"

#include <libp2p/conformance/transport_suite.hpp>
#include <libp2p/muxers.hpp>
#include <libp2p/security_protocols.hpp>
#include <libp2p/transports.hpp>

namespace {

using namespace std::chrono_literals;

libp2p::conformance::TransportProvider memory(std::string name, std::chrono::milliseconds latency) {
    auto network = libp2p::make_memory_network(latency);
    libp2p::conformance::TransportProvider provider;
    provider.name = std::move(name);
    provider.make = [network](libp2p::TransportServices& services) {
        return libp2p::make_memory_transport(services, network);
    };
    provider.security = libp2p::make_noise;
    provider.muxer = libp2p::make_yamux;
    provider.listen_address = "/memory/0";
    provider.refused_address = "/memory/4711";
    provider.raw_dial = [network](
                            boost::asio::any_io_executor executor, libp2p::Multiaddr address
                        ) -> libp2p::awaitable<libp2p::result<std::unique_ptr<libp2p::ByteStream>>> {
        const auto number = libp2p::memory::number_of(address).value();
        co_return network->connect(std::move(executor), network->next_free_number(), number);
    };
    return provider;
}

INSTANTIATE_TEST_SUITE_P(
    Memory,
    TransportSuite,
    testing::Values(memory("memory", 0ms), memory("memory_with_latency", 1ms)),
    libp2p::conformance::name_of
);

INSTANTIATE_TEST_SUITE_P(
    Memory,
    RawTransportSuite,
    testing::Values(memory("memory", 0ms), memory("memory_with_latency", 1ms)),
    libp2p::conformance::name_of
);

}  // namespace
