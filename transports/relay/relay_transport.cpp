// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/relay/hop_client.hpp"
#include "transports/relay/relay_address.hpp"
#include "transports/relay/relay_client.hpp"
#include "transports/relay/relay_listener.hpp"

#include <libp2p/host_services.hpp>
#include <libp2p/keys.hpp>
#include <libp2p/transports.hpp>
#include <libp2p/upgrader.hpp>

#include <stdexcept>
#include <utility>

namespace libp2p {
namespace relay {
namespace {

std::vector<RelayAddress> parse_relays(const std::vector<Multiaddr>& addresses) {
    std::vector<RelayAddress> relays;
    for (const auto& address : addresses) {
        const auto circuit = address.encapsulate(circuit_component());
        const auto relay = circuit ? RelayAddress::parse(*circuit) : std::nullopt;
        if (!relay) {
            throw std::invalid_argument("RelayOptions::relays: " + address.to_string() + " does not name a relay");
        }
        relays.push_back(*relay);
    }
    return relays;
}

class RelayTransport final : public Transport {
public:
    RelayTransport(HostServices& services, RelayOptions options)
        : services_(services),
          options_(std::move(options)),
          relays_(parse_relays(options_.relays)),
          client_(std::make_shared<RelayClient>(services)) {}

    std::string_view name() const noexcept override { return "relay"; }
    bool can_dial(const Multiaddr& address) const noexcept override { return RelayAddress::parse(address).has_value(); }
    bool can_listen(const Multiaddr& address) const noexcept override {
        return (address == circuit_component() && !relays_.empty()) || RelayAddress::parse(address);
    }
    bool uses_descriptor(Direction) const noexcept override { return false; }

    awaitable<result<std::unique_ptr<Connection>>> dial(Multiaddr address, PeerId expected, ConnectionScope& scope)
        override {
        auto relay = RelayAddress::parse(address);
        if (!relay) {
            co_return Error(Errc::unsupported_address, address.to_string() + " names no relay");
        }
        if (relay->peer == services_.identity().peer_id() || relay->peer == expected) {
            co_return Error(Errc::invalid_address, address.to_string() + ": the relay is one of the two ends");
        }
        auto passage = co_await pass(services_, std::move(*relay), expected, options_.timeout);
        if (!passage) {
            co_return passage.error();
        }
        // There is no place of ours on the way: both addresses are the relay's.
        UpgradeRequest request(
            Direction::outbound, services_.next_connection_id(), name(), address, address, std::move(expected)
        );
        request.limited = passage->limited;
        auto upgraded = co_await services_.upgrader().upgrade(std::move(passage->stream), std::move(request), scope);
        co_return upgraded;
    }

    awaitable<result<std::unique_ptr<Listener>>> listen(Multiaddr address) override {
        std::vector<RelayAddress> relays;
        if (address != circuit_component()) {
            const auto relay = RelayAddress::parse(address);
            if (!relay || relay->peer == services_.identity().peer_id()) {
                co_return Error(Errc::unsupported_address, address.to_string() + " names no relay to listen at");
            }
            relays.push_back(*relay);
        }
        relays.insert(relays.end(), relays_.begin(), relays_.end());
        auto queue = std::make_shared<CircuitQueue>(services_, options_, std::move(relays), std::move(address));
        auto added = client_->add(queue);
        if (!added) {
            co_return added.error();
        }
        std::unique_ptr<Listener> listener = std::make_unique<RelayListener>(client_, queue);
        auto reserved = co_await queue->keeper().start();
        if (!reserved) {
            co_return reserved.error();
        }
        services_.spawn(keep(std::move(queue)));
        co_return std::move(listener);
    }

private:
    static awaitable<void> keep(std::shared_ptr<CircuitQueue> queue) { co_await queue->keeper().run(); }

    HostServices& services_;
    RelayOptions options_;
    std::vector<RelayAddress> relays_;
    std::shared_ptr<RelayClient> client_;  // shared with its handler and its task
};

}  // namespace
}  // namespace relay

std::unique_ptr<Transport> make_relay_transport(HostServices& services, RelayOptions options) {
    return std::make_unique<relay::RelayTransport>(services, std::move(options));
}

}  // namespace libp2p
