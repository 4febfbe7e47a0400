// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/swarm/address_scope.hpp"
#include "tools/commands/commands.hpp"
#include "tools/options.hpp"
#include "transports/webrtc/direct/direct_address.hpp"

#include <libp2p/transports.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <vector>

namespace libp2p::tools {
namespace {

struct CertOptions {
    CommonOptions common;
    std::vector<std::string> listen;
};

/// "2120-01-01T00:00:00Z".
std::string timestamp(std::chrono::sys_days day) {
    const std::chrono::year_month_day date(day);
    std::array<char, 32> buffer{};
    std::snprintf(
        buffer.data(),
        buffer.size(),
        "%04d-%02u-%02uT00:00:00Z",
        static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day())
    );
    return buffer.data();
}

/// "4A:CC:…", as SDP and browsers write it.
std::string with_colons(ByteView octets) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string text;
    for (auto octet : octets) {
        text += text.empty() ? "" : ":";
        text += digits[octet >> 4];
        text += digits[octet & 0x0f];
    }
    return text;
}

/// The addresses under which a host that listens on `text` is dialled. What the address says of certificates and peers
/// has to be right.
result<std::vector<Multiaddr>> dialled_as(
    const std::string& text, const WebRtcCertificate& certificate, const PeerId& peer
) {
    auto address = Multiaddr::parse(text);
    if (!address) {
        return address.error();
    }
    if (address->peer() && address->peer() != peer) {
        return Error(Errc::peer_mismatch, text + ": the key is that of " + peer.to_string());
    }
    const auto bare = address->without_peer();
    if (!bare || !webrtc::is_direct_address(*bare)) {
        return Error(Errc::unsupported_address, "not of WebRTC-Direct: " + text);
    }
    auto direct = webrtc::parse_direct_address(*bare);
    if (!direct) {
        return direct.error();
    }
    const auto& hashes = direct->certificates;
    if (!hashes.empty() && std::find(hashes.begin(), hashes.end(), certificate.fingerprint) == hashes.end()) {
        return Error(
            Errc::invalid_address, text + ": the certhash is not this key's, which is " + certificate.certhash
        );
    }
    std::vector<Multiaddr> full;
    for (const auto& here : swarm::expand_wildcard(webrtc::to_direct_multiaddr(direct->endpoint))) {
        full.push_back(webrtc::with_certificate(here, certificate.fingerprint).with_peer(peer));
    }
    return full;
}

int show_certificate(const CertOptions& options) {
    auto identity = identity_for(options.common);
    if (!identity) {
        return fail(options.common, identity.error());
    }
    const auto& peer = identity->peer_id();
    const auto certificate = webrtc_certificate(*identity);
    std::vector<Multiaddr> addresses;
    for (const auto& text : options.listen) {
        auto full = dialled_as(text, certificate, peer);
        if (!full) {
            return fail(options.common, full.error());
        }
        addresses.insert(addresses.end(), full->begin(), full->end());
    }
    if (addresses.empty()) {  // what stands behind /ip4/…/udp/PORT, wherever the host listens
        const auto tail = "/webrtc-direct/certhash/" + certificate.certhash;
        addresses.push_back(Multiaddr::parse(tail).value().with_peer(peer));
    }

    const auto expires = timestamp(certificate.not_after);
    const auto fingerprint = with_colons(certificate.fingerprint);
    nlohmann::ordered_json json;
    json["certhash"] = certificate.certhash;
    json["expires"] = expires;
    auto& list = json["addresses"] = nlohmann::ordered_json::array();
    std::string text =
        "certhash     " + certificate.certhash + "\nfingerprint  sha-256 " + fingerprint + "\nexpires      " + expires;
    for (const auto& address : addresses) {
        list.push_back(address.to_string());
        text += "\naddress      " + address.to_string();
    }
    json["peer"] = peer.to_string();
    json["fingerprint"] = fingerprint;
    Output(options.common.json).print(json, text);
    return kSuccess;
}

}  // namespace

void add_cert_command(CLI::App& program, Action& chosen) {
    auto options = std::make_shared<CertOptions>();
    auto* command = program.add_subcommand("cert", "Show the WebRTC certificate that belongs to a key");
    command->add_option("--key", options->common.key_file, "Key of the host (default: a new one)")->type_name("FILE");
    command->add_option("--listen", options->listen, "Address that the host listens on, may be repeated")
        ->type_name("MULTIADDR")
        ->expected(1, -1);
    add_json_option(*command, options->common);
    command->callback([options, &chosen] { chosen = [options] { return show_certificate(*options); }; });
}

}  // namespace libp2p::tools
