// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace libp2p {

/// The protocols that a multiaddr can name, with their codes.
enum class Protocol : std::uint32_t {
    ip4 = 4,
    tcp = 6,
    dccp = 33,
    ip6 = 41,
    ip6zone = 42,
    ipcidr = 43,
    dns = 53,
    dns4 = 54,
    dns6 = 55,
    dnsaddr = 56,
    sctp = 132,
    udp = 273,
    p2p_webrtc_star = 275,    ///< obsolete: read and printed, never dialled
    p2p_webrtc_direct = 276,  ///< obsolete: read and printed, never dialled
    p2p_stardust = 277,       ///< obsolete: read and printed, never dialled
    webrtc_direct = 280,
    webrtc = 281,
    p2p_circuit = 290,
    udt = 301,
    utp = 302,
    unix_path = 400,  ///< "unix", which is a macro of some compilers
    p2p = 421,
    https = 443,
    onion = 444,
    onion3 = 445,
    garlic64 = 446,
    garlic32 = 447,
    tls = 448,
    sni = 449,
    noise = 454,
    quic = 460,  ///< draft-29, obsolete: read and printed, never dialled
    quic_v1 = 461,
    webtransport = 465,
    certhash = 466,
    ws = 477,
    wss = 478,
    p2p_websocket_star = 479,  ///< obsolete: read and printed, never dialled
    http = 480,
    http_path = 481,
    memory = 777,
    plaintextv2 = 7367777,
};

/// One row of the table of protocols.
struct ProtocolInfo {
    Protocol code;
    std::string_view name;
    int size_bits;  ///< of the value; 0: there is none; `kVariableSize`: a length stands in front of it
};

inline constexpr int kVariableSize = -1;

/// All protocols, in the order of their codes.
inline constexpr std::array kProtocols{
    ProtocolInfo{Protocol::ip4, "ip4", 32},
    ProtocolInfo{Protocol::tcp, "tcp", 16},
    ProtocolInfo{Protocol::dccp, "dccp", 16},
    ProtocolInfo{Protocol::ip6, "ip6", 128},
    ProtocolInfo{Protocol::ip6zone, "ip6zone", kVariableSize},
    ProtocolInfo{Protocol::ipcidr, "ipcidr", 8},
    ProtocolInfo{Protocol::dns, "dns", kVariableSize},
    ProtocolInfo{Protocol::dns4, "dns4", kVariableSize},
    ProtocolInfo{Protocol::dns6, "dns6", kVariableSize},
    ProtocolInfo{Protocol::dnsaddr, "dnsaddr", kVariableSize},
    ProtocolInfo{Protocol::sctp, "sctp", 16},
    ProtocolInfo{Protocol::udp, "udp", 16},
    ProtocolInfo{Protocol::p2p_webrtc_star, "p2p-webrtc-star", 0},
    ProtocolInfo{Protocol::p2p_webrtc_direct, "p2p-webrtc-direct", 0},
    ProtocolInfo{Protocol::p2p_stardust, "p2p-stardust", 0},
    ProtocolInfo{Protocol::webrtc_direct, "webrtc-direct", 0},
    ProtocolInfo{Protocol::webrtc, "webrtc", 0},
    ProtocolInfo{Protocol::p2p_circuit, "p2p-circuit", 0},
    ProtocolInfo{Protocol::udt, "udt", 0},
    ProtocolInfo{Protocol::utp, "utp", 0},
    ProtocolInfo{Protocol::unix_path, "unix", kVariableSize},
    ProtocolInfo{Protocol::p2p, "p2p", kVariableSize},
    ProtocolInfo{Protocol::https, "https", 0},
    ProtocolInfo{Protocol::onion, "onion", 96},
    ProtocolInfo{Protocol::onion3, "onion3", 296},
    ProtocolInfo{Protocol::garlic64, "garlic64", kVariableSize},
    ProtocolInfo{Protocol::garlic32, "garlic32", kVariableSize},
    ProtocolInfo{Protocol::tls, "tls", 0},
    ProtocolInfo{Protocol::sni, "sni", kVariableSize},
    ProtocolInfo{Protocol::noise, "noise", 0},
    ProtocolInfo{Protocol::quic, "quic", 0},
    ProtocolInfo{Protocol::quic_v1, "quic-v1", 0},
    ProtocolInfo{Protocol::webtransport, "webtransport", 0},
    ProtocolInfo{Protocol::certhash, "certhash", kVariableSize},
    ProtocolInfo{Protocol::ws, "ws", 0},
    ProtocolInfo{Protocol::wss, "wss", 0},
    ProtocolInfo{Protocol::p2p_websocket_star, "p2p-websocket-star", 0},
    ProtocolInfo{Protocol::http, "http", 0},
    ProtocolInfo{Protocol::http_path, "http-path", kVariableSize},
    ProtocolInfo{Protocol::memory, "memory", 64},
    ProtocolInfo{Protocol::plaintextv2, "plaintextv2", 0},
};

/// The row with that code, or null.
constexpr const ProtocolInfo* find_protocol(std::uint64_t code) noexcept {
    std::size_t first = 0;
    std::size_t last = kProtocols.size();
    while (first < last) {
        const std::size_t middle = (first + last) / 2;
        const auto here = static_cast<std::uint64_t>(kProtocols[middle].code);
        if (here == code) {
            return &kProtocols[middle];
        }
        if (here < code) {
            first = middle + 1;
        } else {
            last = middle;
        }
    }
    return nullptr;
}

/// The row with that name, or null. "ipfs" is an old name of "p2p".
constexpr const ProtocolInfo* find_protocol(std::string_view name) noexcept {
    if (name == "ipfs") {
        name = "p2p";
    }
    for (const auto& row : kProtocols) {
        if (row.name == name) {
            return &row;
        }
    }
    return nullptr;
}

/// The name of `protocol` as it stands in an address.
constexpr std::string_view to_string(Protocol protocol) noexcept {
    const auto* row = find_protocol(static_cast<std::uint64_t>(protocol));
    return row == nullptr ? std::string_view("unknown") : row->name;
}

}  // namespace libp2p
