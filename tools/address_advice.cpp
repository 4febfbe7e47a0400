// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/address_advice.hpp"

#include "proto/multicodec.hpp"
#include "proto/multihash.hpp"
#include "transports/webrtc/direct/direct_address.hpp"

namespace libp2p::tools {
namespace {

using Parts = std::vector<Multiaddr::Component>;

bool is_sha256(ByteView multihash) {
    auto hash = proto::decode_multihash(multihash);
    return hash && hash->code == proto::multicodec::kSha2_256 && hash->digest.size() == crypto::kSha256Size;
}

bool has_certhash_behind(const Parts& parts, std::size_t place) {
    return place + 1 < parts.size() && parts[place + 1].protocol() == Protocol::certhash;
}

std::string on_webrtc_direct(const Parts& parts, std::size_t place) {
    const bool over_udp = place > 0 && parts[place - 1].protocol() == Protocol::udp;
    if (place > 0 && !over_udp) {
        return "has to stand right behind /udp/PORT";
    }
    if (!has_certhash_behind(parts, place)) {
        return "enough to listen on; to dial it /certhash/... has to follow, which the listener tells";
    }
    return {};
}

std::string on_certhash(const Parts& parts, std::size_t place, bool is_for_webrtc) {
    const auto before = place > 0 ? parts[place - 1].protocol() : Protocol::certhash;
    if (place == 0 ||
        (before != Protocol::webrtc_direct && before != Protocol::webtransport && before != Protocol::certhash)) {
        return "has to stand right behind /webrtc-direct";
    }
    if (is_for_webrtc && !is_sha256(parts[place].value())) {
        return "is ignored: WebRTC-Direct knows a certificate by its SHA-256 alone (uEi...)";
    }
    return {};
}

}  // namespace

std::vector<std::string> advice_on(const Multiaddr& address) {
    Parts parts;
    const auto components = address.components();
    for (const auto& component : components) {
        parts.push_back(component);
    }
    std::vector<std::string> advice(parts.size());
    bool is_for_webrtc = false;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        switch (parts[i].protocol()) {
            case Protocol::webrtc_direct:
                is_for_webrtc = true;
                advice[i] = on_webrtc_direct(parts, i);
                break;
            case Protocol::certhash: advice[i] = on_certhash(parts, i, is_for_webrtc); break;
            default:
                if (i > 0 && is_for_webrtc && parts[i].protocol() != Protocol::p2p &&
                    parts[i].protocol() != Protocol::p2p_circuit) {
                    advice[i] = "cannot stand behind /webrtc-direct";
                }
                is_for_webrtc = is_for_webrtc && parts[i].protocol() != Protocol::p2p;
        }
    }
    return advice;
}

bool lacks_certhash(const Multiaddr& address) {
    const auto bare = address.without_peer();
    return bare && webrtc::is_direct_address(*bare) && !bare->has(Protocol::certhash);
}

}  // namespace libp2p::tools
