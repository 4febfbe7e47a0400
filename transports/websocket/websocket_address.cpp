// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/websocket/websocket_address.hpp"

#include "transports/ip_address.hpp"
#include "transports/tcp/tcp_address.hpp"

#include <string_view>

namespace libp2p::websocket {
namespace {

namespace asio = boost::asio;
using Endpoint = asio::ip::tcp::endpoint;

constexpr unsigned kHttpPort = 80;
constexpr unsigned kHttpsPort = 443;

/// Moves `component` behind `protocol`, if that is where it stands.
bool skip(Multiaddr::Iterator& component, const Multiaddr::Iterator& end, Protocol protocol) {
    const bool is_there = component != end && component->protocol() == protocol;
    if (is_there) {
        ++component;
    }
    return is_there;
}

/// What may stand in a request's target as it is: the unreserved characters, and those that mean something in a path.
bool is_plain(char c) {
    constexpr std::string_view kMarks = "-._~!$&'()*+,;=:@/?";
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
}

std::string target_of(std::string_view path) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string target = path.starts_with('/') ? "" : "/";
    for (const char c : path) {
        if (is_plain(c)) {
            target += c;
        } else {
            const auto octet = static_cast<std::uint8_t>(c);
            target += '%';
            target += kDigits[octet >> 4U];
            target += kDigits[octet & 15U];
        }
    }
    return target;
}

}  // namespace

std::string WebSocketAddress::host(const Endpoint& endpoint) const {
    auto text = certified_name(endpoint);
    if (name.empty() && endpoint.address().is_v6()) {
        text.insert(0, "[");
        text += "]";
    }
    if (endpoint.port() != (secure ? kHttpsPort : kHttpPort)) {
        text += ":" + std::to_string(endpoint.port());
    }
    return text;
}

std::string WebSocketAddress::certified_name(const Endpoint& endpoint) const {
    if (!name.empty()) {
        return name;
    }
    auto ip = endpoint.address();
    if (ip.is_v6()) {  // the zone means nothing to others
        ip = asio::ip::address_v6(ip.to_v6().to_bytes());
    }
    return ip.to_string();
}

std::optional<WebSocketAddress> parse_websocket_address(const Multiaddr& address) {
    const auto components = address.components();
    const auto end = components.end();
    auto component = components.begin();
    if (!skip_ip(component, end) || !skip(component, end, Protocol::tcp)) {
        return std::nullopt;
    }
    WebSocketAddress parsed;
    if (skip(component, end, Protocol::wss)) {
        parsed.secure = true;
    } else {
        if (skip(component, end, Protocol::tls)) {
            parsed.secure = true;
            if (component != end && component->protocol() == Protocol::sni) {
                parsed.name = component->value_text();
                ++component;
            }
        }
        if (!skip(component, end, Protocol::ws)) {
            return std::nullopt;
        }
    }
    if (component != end && component->protocol() == Protocol::http_path) {
        parsed.target = target_of(as_text(component->value()));
        ++component;
    }
    if (component != end) {
        return std::nullopt;
    }
    return parsed;
}

Multiaddr to_multiaddr(const Endpoint& endpoint, const Multiaddr& like) {
    const auto base = tcp::to_multiaddr(endpoint);
    Bytes whole(base.bytes().begin(), base.bytes().end());
    bool behind_port = false;
    for (const auto& component : like.components()) {
        if (behind_port) {
            whole.insert(whole.end(), component.bytes().begin(), component.bytes().end());
        }
        behind_port = behind_port || component.protocol() == Protocol::tcp;
    }
    return Multiaddr::from_bytes(whole).value();
}

}  // namespace libp2p::websocket
