// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/memory/memory_listener.hpp"
#include "transports/memory/memory_network.hpp"

#include <libp2p/transports.hpp>
#include <libp2p/upgrader.hpp>

#include <boost/asio/steady_timer.hpp>

namespace libp2p {
namespace memory {
namespace {

Error not_a_memory_address(const Multiaddr& address) {
    return Error(Errc::unsupported_address, "not a memory address: " + address.to_string());
}

class MemoryTransport final : public Transport {
public:
    MemoryTransport(TransportServices& services, std::shared_ptr<MemoryNetwork> network)
        : services_(services), network_(std::move(network)) {}

    std::string_view name() const noexcept override { return "memory"; }
    bool can_dial(const Multiaddr& address) const noexcept override { return number_of(address).has_value(); }
    bool can_listen(const Multiaddr& address) const noexcept override { return number_of(address).has_value(); }
    bool uses_descriptor(Direction) const noexcept override { return false; }

    awaitable<result<std::unique_ptr<Connection>>> dial(Multiaddr address, PeerId expected, ConnectionScope& scope)
        override {
        auto number = number_of(address);
        if (!number) {
            co_return not_a_memory_address(address);
        }
        if (network_->latency() != std::chrono::steady_clock::duration()) {
            // Asking to connect, and the answer: one round trip, like TCP.
            asio::steady_timer round_trip(services_.executor(), 2 * network_->latency());
            auto [interrupted] = co_await round_trip.async_wait(as_result);
            if (interrupted) {
                co_return interrupted;
            }
        }
        const auto from = network_->next_free_number();
        auto raw = network_->connect(services_.executor(), from, *number);
        if (!raw) {
            co_return raw.error();
        }
        UpgradeRequest request(
            Direction::outbound,
            services_.next_connection_id(),
            name(),
            to_multiaddr(from),
            std::move(address),
            std::move(expected)
        );
        auto upgraded = co_await services_.upgrader().upgrade(std::move(*raw), std::move(request), scope);
        co_return upgraded;
    }

    awaitable<result<std::unique_ptr<Listener>>> listen(Multiaddr address) override {
        auto number = number_of(address);
        if (!number) {
            co_return not_a_memory_address(address);
        }
        auto door = MemoryNetwork::bind(network_, services_.executor(), *number);
        if (!door) {
            co_return door.error().with_context("listening on " + address.to_string());
        }
        std::unique_ptr<Listener> listener = std::make_unique<MemoryListener>(services_, std::move(*door));
        co_return std::move(listener);
    }

private:
    TransportServices& services_;
    std::shared_ptr<MemoryNetwork> network_;  // shared by the transports of its hosts
};

}  // namespace
}  // namespace memory

std::shared_ptr<MemoryNetwork> make_memory_network(std::chrono::steady_clock::duration latency) {
    return std::make_shared<MemoryNetwork>(latency);
}

std::unique_ptr<Transport> make_memory_transport(TransportServices& services, std::shared_ptr<MemoryNetwork> network) {
    return std::make_unique<memory::MemoryTransport>(services, std::move(network));
}

}  // namespace libp2p
