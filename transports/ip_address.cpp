// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/ip_address.hpp"

#include <net/if.h>

#include <algorithm>
#include <array>

namespace libp2p {
namespace asio = boost::asio;

bool skip_ip(Multiaddr::Iterator& component, const Multiaddr::Iterator& end) noexcept {
    const bool has_zone = component != end && component->protocol() == Protocol::ip6zone;
    if (has_zone) {
        ++component;
    }
    const bool is_ip = component != end && (component->protocol() == Protocol::ip6 ||
                                            (!has_zone && component->protocol() == Protocol::ip4));
    if (is_ip) {
        ++component;
    }
    return is_ip;
}

result<asio::ip::address> ip_of(const Multiaddr& address) {
    asio::ip::scope_id_type scope = 0;
    for (const auto& component : address.components()) {
        const auto value = component.value();
        if (component.protocol() == Protocol::ip6zone) {
            const std::string zone(as_text(value));
            scope = ::if_nametoindex(zone.c_str());
            if (scope == 0) {
                return Error(Errc::invalid_address, "no interface has the name of zone '" + zone + "'");
            }
        } else if (component.protocol() == Protocol::ip4) {
            asio::ip::address_v4::bytes_type octets;
            std::copy_n(value.begin(), octets.size(), octets.begin());
            return asio::ip::address(asio::ip::address_v4(octets));
        } else if (component.protocol() == Protocol::ip6) {
            asio::ip::address_v6::bytes_type octets;
            std::copy_n(value.begin(), octets.size(), octets.begin());
            return asio::ip::address(asio::ip::address_v6(octets, scope));
        } else {
            break;
        }
    }
    return Error(Errc::unsupported_address, "not an IP address: " + address.to_string());
}

std::string ip_text_of(const asio::ip::address& ip) {
    auto address = ip;
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    }
    if (address.is_v4()) {
        return "/ip4/" + address.to_string();
    }
    auto v6 = address.to_v6();
    std::string zone;
    std::array<char, IF_NAMESIZE> name{};
    if (v6.scope_id() != 0 && ::if_indextoname(static_cast<unsigned>(v6.scope_id()), name.data()) != nullptr) {
        zone = std::string("/ip6zone/") + name.data();
    }
    v6.scope_id(0);
    return zone + "/ip6/" + v6.to_string();
}

}  // namespace libp2p
