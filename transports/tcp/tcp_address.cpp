// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/tcp/tcp_address.hpp"

#include "transports/ip_address.hpp"

#include <string>

namespace libp2p::tcp {
namespace asio = boost::asio;

bool is_tcp_address(const Multiaddr& address) noexcept {
    auto components = address.components();
    auto component = components.begin();
    if (!skip_ip(component, components.end()) || component == components.end() ||
        component->protocol() != Protocol::tcp) {
        return false;
    }
    ++component;
    return component == components.end();
}

result<asio::ip::tcp::endpoint> to_endpoint(const Multiaddr& address) {
    if (!is_tcp_address(address)) {
        return Error(Errc::unsupported_address, "not a tcp address: " + address.to_string());
    }
    return endpoint_in(address);
}

result<asio::ip::tcp::endpoint> endpoint_in(const Multiaddr& address) {
    auto ip = ip_of(address);
    if (!ip) {
        return ip.error();
    }
    const auto tcp = address.find(Protocol::tcp);
    if (!tcp) {
        return Error(Errc::unsupported_address, "not a tcp address: " + address.to_string());
    }
    const auto port = tcp->value();
    return asio::ip::tcp::endpoint(*ip, static_cast<asio::ip::port_type>(port[0] << 8 | port[1]));
}

Multiaddr to_multiaddr(const asio::ip::tcp::endpoint& endpoint) {
    return Multiaddr::parse(ip_text_of(endpoint.address()) + "/tcp/" + std::to_string(endpoint.port())).value();
}

}  // namespace libp2p::tcp
