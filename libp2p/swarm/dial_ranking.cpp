// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/swarm/dial_ranking.hpp"

#include "libp2p/swarm/address_scope.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_set>

namespace libp2p::swarm {
namespace {

constexpr std::chrono::milliseconds kStep{250};
constexpr std::chrono::milliseconds kPrivateStep{30};
constexpr std::chrono::milliseconds kRelayHandicap{500};

int port_of(const Multiaddr& address) {
    for (const auto& component : address.components()) {
        if (component.protocol() == Protocol::tcp || component.protocol() == Protocol::udp) {
            return component.value()[0] << 8 | component.value()[1];
        }
    }
    return 0;
}

auto rank_of(const Multiaddr& address) {
    bool relayed = is_relayed(address);
    bool over_ip4 = address.has(Protocol::ip4);
    return std::make_tuple(relayed, scope_of(address), over_ip4, port_of(address), address);
}

}  // namespace

std::vector<RankedAddress> rank_addresses(std::vector<Multiaddr> addresses) {
    std::unordered_set<Multiaddr> seen;
    std::erase_if(addresses, [&](const Multiaddr& address) {
        return scope_of(address) == AddressScope::unspecified || !seen.insert(address).second;
    });
    std::sort(addresses.begin(), addresses.end(), [](const Multiaddr& a, const Multiaddr& b) {
        return rank_of(a) < rank_of(b);
    });
    std::vector<RankedAddress> ranked;
    std::chrono::milliseconds delay{0};
    bool before_relays = true;
    for (auto& address : addresses) {
        if (before_relays && is_relayed(address) && !ranked.empty()) {
            delay += kRelayHandicap;
        }
        before_relays = before_relays && !is_relayed(address);
        bool near = scope_of(address) != AddressScope::global;
        ranked.push_back({std::move(address), delay});
        delay += near ? kPrivateStep : kStep;
    }
    return ranked;
}

}  // namespace libp2p::swarm
