// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/relay/relay_address.hpp"

#include <string>

namespace libp2p::relay {

const Multiaddr& circuit_component() {
    static const auto component = Multiaddr::parse("/p2p-circuit").value();
    return component;
}

std::optional<RelayAddress> RelayAddress::parse(const Multiaddr& address) {
    const auto relay = address.decapsulate(circuit_component());
    if (!relay || relay->has(Protocol::p2p_circuit)) {
        return std::nullopt;
    }
    if (address.bytes().size() != relay->bytes().size() + circuit_component().bytes().size()) {
        return std::nullopt;  // something stands behind
    }
    const auto peer = relay->peer();
    if (!peer) {
        return std::nullopt;
    }
    return RelayAddress{*peer, relay->without_peer()};
}

Multiaddr RelayAddress::circuit() const {
    const auto named = "/p2p/" + peer.to_string();
    const auto relay = address ? address->with_peer(peer) : Multiaddr::parse(named).value();
    const auto circuit = relay.encapsulate(circuit_component());
    return circuit ? *circuit : relay;  // one that is at the limit of an address's length leads nowhere
}

std::vector<Multiaddr> RelayAddress::dialable() const {
    return address ? std::vector<Multiaddr>{*address} : std::vector<Multiaddr>();
}

}  // namespace libp2p::relay
