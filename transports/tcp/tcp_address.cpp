// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/tcp/tcp_address.hpp"

#include <net/if.h>

#include <algorithm>
#include <array>
#include <string>

namespace libp2p::tcp {
namespace asio = boost::asio;

bool is_tcp_address(const Multiaddr& address) noexcept {
    auto components = address.components();
    auto component = components.begin();
    if (component != components.end() && component->protocol() == Protocol::ip6zone) {
        ++component;
        if (component == components.end() || component->protocol() != Protocol::ip6) {
            return false;
        }
    }
    if (component == components.end() ||
        (component->protocol() != Protocol::ip4 && component->protocol() != Protocol::ip6)) {
        return false;
    }
    ++component;
    if (component == components.end() || component->protocol() != Protocol::tcp) {
        return false;
    }
    ++component;
    return component == components.end();
}

result<asio::ip::tcp::endpoint> to_endpoint(const Multiaddr& address) {
    if (!is_tcp_address(address)) {
        return Error(Errc::unsupported_address, "not a tcp address: " + address.to_string());
    }
    asio::ip::tcp::endpoint endpoint;
    asio::ip::scope_id_type scope = 0;
    for (const auto& component : address.components()) {
        auto value = component.value();
        if (component.protocol() == Protocol::ip6zone) {
            std::string zone(as_text(value));
            scope = ::if_nametoindex(zone.c_str());
            if (scope == 0) {
                return Error(Errc::invalid_address, "no interface has the name of zone '" + zone + "'");
            }
        } else if (component.protocol() == Protocol::ip4) {
            asio::ip::address_v4::bytes_type octets;
            std::copy_n(value.begin(), octets.size(), octets.begin());
            endpoint.address(asio::ip::address_v4(octets));
        } else if (component.protocol() == Protocol::ip6) {
            asio::ip::address_v6::bytes_type octets;
            std::copy_n(value.begin(), octets.size(), octets.begin());
            endpoint.address(asio::ip::address_v6(octets, scope));
        } else {
            endpoint.port(static_cast<asio::ip::port_type>(value[0] << 8 | value[1]));
        }
    }
    return endpoint;
}

Multiaddr to_multiaddr(const asio::ip::tcp::endpoint& endpoint) {
    auto address = endpoint.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    }
    std::string text;
    if (address.is_v4()) {
        text = "/ip4/" + address.to_string();
    } else {
        auto v6 = address.to_v6();
        std::array<char, IF_NAMESIZE> zone{};
        if (v6.scope_id() != 0 && ::if_indextoname(static_cast<unsigned>(v6.scope_id()), zone.data()) != nullptr) {
            text = std::string("/ip6zone/") + zone.data();
        }
        v6.scope_id(0);
        text += "/ip6/" + v6.to_string();
    }
    text += "/tcp/" + std::to_string(endpoint.port());
    return Multiaddr::parse(text).value();
}

}  // namespace libp2p::tcp
