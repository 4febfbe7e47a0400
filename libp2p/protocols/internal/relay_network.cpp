// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/protocols/internal/relay_network.hpp"

#include "libp2p/address/ip_text.hpp"

#include <algorithm>
#include <span>

namespace libp2p::relay {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedIp4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::array<std::uint8_t, 16> kLoopbackIp6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

ClientNetwork prefix_of(ByteView octets, std::uint8_t bits) {
    ClientNetwork network;
    network.bits = bits;
    std::copy_n(octets.begin(), bits / 8, network.prefix.begin());
    return network;
}

}  // namespace

std::string ClientNetwork::to_string() const {
    if (bits == 32 || bits == 24) {
        const auto text = address::ip4_to_text(std::span(prefix).first<4>());
        return bits == 32 ? text : text + "/24";
    }
    return address::ip6_to_text(prefix) + "/" + std::to_string(bits);
}

std::optional<ClientNetworks> networks_of(const Multiaddr& remote) {
    if (remote.has(Protocol::p2p_circuit)) {
        return std::nullopt;
    }
    if (const auto v6 = remote.find(Protocol::ip6)) {
        const auto octets = v6->value();
        if (std::equal(kLoopbackIp6.begin(), kLoopbackIp6.end(), octets.begin(), octets.end())) {
            return std::nullopt;
        }
        if (!std::equal(kMappedIp4.begin(), kMappedIp4.end(), octets.begin())) {
            return ClientNetworks{prefix_of(octets, 56), prefix_of(octets, 48)};
        }
        const auto v4 = octets.subspan(kMappedIp4.size());
        return ClientNetworks{prefix_of(v4, 32), prefix_of(v4, 24)};
    }
    const auto v4 = remote.find(Protocol::ip4);
    if (!v4 || v4->value()[0] == 127) {
        return std::nullopt;
    }
    return ClientNetworks{prefix_of(v4->value(), 32), prefix_of(v4->value(), 24)};
}

}  // namespace libp2p::relay
