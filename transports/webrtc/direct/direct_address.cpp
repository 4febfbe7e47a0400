// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/direct/direct_address.hpp"

#include "proto/multibase.hpp"
#include "proto/multicodec.hpp"
#include "proto/multihash.hpp"
#include "transports/ip_address.hpp"
#include "transports/webrtc/certificate_multihash.hpp"

#include <algorithm>
#include <string>

namespace libp2p::webrtc {
namespace {

namespace asio = boost::asio;

}  // namespace

bool is_direct_address(const Multiaddr& address) noexcept {
    auto components = address.components();
    auto component = components.begin();
    if (!skip_ip(component, components.end())) {
        return false;
    }
    for (auto protocol : {Protocol::udp, Protocol::webrtc_direct}) {
        if (component == components.end() || component->protocol() != protocol) {
            return false;
        }
        ++component;
    }
    return std::all_of(component, components.end(), [](const auto& rest) {
        return rest.protocol() == Protocol::certhash;
    });
}

result<DirectAddress> parse_direct_address(const Multiaddr& address) {
    if (!is_direct_address(address)) {
        return Error(Errc::unsupported_address, "not a webrtc-direct address: " + address.to_string());
    }
    auto ip = ip_of(address);
    if (!ip) {
        return ip.error();
    }
    DirectAddress direct;
    direct.endpoint.address(*ip);
    bool has_hash = false;
    for (const auto& component : address.components()) {
        const auto value = component.value();
        if (component.protocol() == Protocol::udp) {
            direct.endpoint.port(static_cast<asio::ip::port_type>(value[0] << 8 | value[1]));
        } else if (component.protocol() == Protocol::certhash) {
            has_hash = true;
            auto hash = proto::decode_multihash(value);
            crypto::Sha256Digest digest{};
            if (hash && hash->code == proto::multicodec::kSha2_256 && hash->digest.size() == digest.size()) {
                std::copy(hash->digest.begin(), hash->digest.end(), digest.begin());
                direct.certificates.push_back(digest);
            }
        }
    }
    if (has_hash && direct.certificates.empty()) {
        return Error(Errc::invalid_address, "no certhash is a SHA-256: " + address.to_string());
    }
    return direct;
}

Multiaddr to_direct_multiaddr(const asio::ip::udp::endpoint& endpoint) {
    const auto text = ip_text_of(endpoint.address()) + "/udp/" + std::to_string(endpoint.port()) + "/webrtc-direct";
    return Multiaddr::parse(text).value();
}

Multiaddr with_certificate(const Multiaddr& address, const crypto::Sha256Digest& certificate) {
    const auto hash = proto::encode_multibase(proto::Base::base64url, certificate_multihash(certificate));
    return Multiaddr::parse(address.to_string() + "/certhash/" + hash).value();
}

}  // namespace libp2p::webrtc
