// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/swarm/address_scope.hpp"

#include <boost/asio/ip/address.hpp>

#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

namespace libp2p::swarm {
namespace {

namespace ip = boost::asio::ip;

/// The IP address at the head of `address`, behind a zone if there is one.
std::optional<ip::address> head_ip(const Multiaddr& address) {
    for (const auto& component : address.components()) {
        auto value = component.value();
        if (component.protocol() == Protocol::ip4) {
            ip::address_v4::bytes_type octets;
            std::copy_n(value.begin(), octets.size(), octets.begin());
            return ip::address_v4(octets);
        }
        if (component.protocol() == Protocol::ip6) {
            ip::address_v6::bytes_type octets;
            std::copy_n(value.begin(), octets.size(), octets.begin());
            return ip::address_v6(octets);
        }
        if (component.protocol() != Protocol::ip6zone) {
            break;
        }
    }
    return std::nullopt;
}

AddressScope scope_of_v4(const ip::address_v4& address) {
    auto octets = address.to_bytes();
    if (address.is_unspecified()) {
        return AddressScope::unspecified;
    }
    if (address.is_loopback()) {
        return AddressScope::loopback;
    }
    if (octets[0] == 169 && octets[1] == 254) {
        return AddressScope::link_local;
    }
    bool rfc1918 =
        octets[0] == 10 || (octets[0] == 172 && (octets[1] & 0xf0) == 16) || (octets[0] == 192 && octets[1] == 168);
    bool carrier_nat = octets[0] == 100 && (octets[1] & 0xc0) == 64;
    return rfc1918 || carrier_nat ? AddressScope::private_network : AddressScope::global;
}

AddressScope scope_of_v6(const ip::address_v6& address) {
    if (address.is_v4_mapped()) {
        return scope_of_v4(ip::make_address_v4(ip::v4_mapped, address));
    }
    if (address.is_unspecified()) {
        return AddressScope::unspecified;
    }
    if (address.is_loopback()) {
        return AddressScope::loopback;
    }
    if (address.is_link_local()) {
        return AddressScope::link_local;
    }
    bool unique_local = (address.to_bytes()[0] & 0xfe) == 0xfc;
    return unique_local || address.is_site_local() ? AddressScope::private_network : AddressScope::global;
}

std::vector<ip::address> interface_addresses() {
    std::vector<ip::address> found;
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) {
        return found;
    }
    std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);
    for (auto* entry = list; entry != nullptr; entry = entry->ifa_next) {
        if (entry->ifa_addr == nullptr) {
            continue;
        }
        if (entry->ifa_addr->sa_family == AF_INET) {
            const auto* in = reinterpret_cast<const sockaddr_in*>(entry->ifa_addr);
            found.push_back(ip::address_v4(ntohl(in->sin_addr.s_addr)));
        } else if (entry->ifa_addr->sa_family == AF_INET6) {
            const auto* in = reinterpret_cast<const sockaddr_in6*>(entry->ifa_addr);
            ip::address_v6::bytes_type octets;
            std::copy_n(in->sin6_addr.s6_addr, octets.size(), octets.begin());
            found.push_back(ip::address_v6(octets));
        }
    }
    return found;
}

}  // namespace

AddressScope scope_of(const Multiaddr& address) {
    if (auto found = head_ip(address)) {
        return found->is_v4() ? scope_of_v4(found->to_v4()) : scope_of_v6(found->to_v6());
    }
    auto first = address.components().begin();
    bool local = first != address.components().end() &&
                 (first->protocol() == Protocol::memory || first->protocol() == Protocol::unix_path);
    return local ? AddressScope::loopback : AddressScope::global;
}

bool is_relayed(const Multiaddr& address) {
    return address.has(Protocol::p2p_circuit);
}

bool is_circuit(const Multiaddr& address) {
    return is_relayed(address) && !address.has(Protocol::webrtc);
}

std::vector<Multiaddr> expand_wildcard(const Multiaddr& address) {
    auto wildcard = head_ip(address);
    if (!wildcard || !wildcard->is_unspecified()) {
        return {address};
    }
    auto text = address.to_string();
    auto head = text.find('/', wildcard->is_v4() ? std::string("/ip4/").size() : std::string("/ip6/").size());
    auto tail = head == std::string::npos ? std::string() : text.substr(head);
    std::vector<Multiaddr> expanded;
    for (const auto& found : interface_addresses()) {
        if (found.is_v4() != wildcard->is_v4()) {
            continue;
        }
        auto candidate = Multiaddr::parse((found.is_v4() ? "/ip4/" : "/ip6/") + found.to_string() + tail);
        if (candidate && scope_of(*candidate) != AddressScope::link_local) {
            expanded.push_back(*candidate);
        }
    }
    return expanded;
}

std::vector<Multiaddr> visible_from(const std::vector<Multiaddr>& addresses, const Multiaddr& remote) {
    auto reach = std::min(scope_of(remote), AddressScope::private_network);
    bool remote_is_global = scope_of(remote) == AddressScope::global;
    bool any_global = std::any_of(addresses.begin(), addresses.end(), [](const Multiaddr& address) {
        return scope_of(address) == AddressScope::global;
    });
    std::vector<Multiaddr> visible;
    for (const auto& address : addresses) {
        auto scope = scope_of(address);
        bool hidden_private = scope == AddressScope::private_network && remote_is_global && any_global;
        if (scope >= reach && scope != AddressScope::unspecified && !hidden_private) {
            visible.push_back(address);
        }
    }
    return visible;
}

}  // namespace libp2p::swarm
