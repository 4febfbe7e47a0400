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
constexpr std::chrono::milliseconds kCircuitHandicap{3'000};

int port_of(const Multiaddr& address) {
    for (const auto& component : address.components()) {
        if (component.protocol() == Protocol::tcp || component.protocol() == Protocol::udp) {
            return component.value()[0] << 8 | component.value()[1];
        }
    }
    return 0;
}

/// What the path has of a relay, least first.
enum class RelayPart { none, signalling, everything };

RelayPart relay_part(const Multiaddr& address) {
    if (!is_relayed(address)) {
        return RelayPart::none;
    }
    return address.has(Protocol::webrtc) ? RelayPart::signalling : RelayPart::everything;
}

auto rank_of(const Multiaddr& address) {
    auto relayed = relay_part(address);
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
    for (auto& address : addresses) {
        const auto before = ranked.empty() ? relay_part(address) : relay_part(ranked.back().address);
        if (before == RelayPart::none && relay_part(address) != RelayPart::none) {
            delay += kRelayHandicap;
        } else if (before == RelayPart::signalling && relay_part(address) == RelayPart::everything) {
            delay += kCircuitHandicap;
        }
        bool near = scope_of(address) != AddressScope::global;
        ranked.push_back({std::move(address), delay});
        delay += near ? kPrivateStep : kStep;
    }
    return ranked;
}

}  // namespace libp2p::swarm
