// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/ice_credentials.hpp"

#include "libp2p/crypto/random.hpp"

#include <boost/assert.hpp>

#include <algorithm>
#include <array>

namespace libp2p::webrtc {
namespace {

constexpr std::size_t kRandomUfragSize = 8;
constexpr std::size_t kRandomTextSize = 32;  // 190 bits

bool is_ice_char(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

bool is_credential(std::string_view text, std::size_t min_size) noexcept {
    return text.size() >= min_size && text.size() <= kMaxCredentialSize &&
           std::all_of(text.begin(), text.end(), is_ice_char);
}

/// Letters and digits: '/' and '+' are legal too, but some peers split names there.
std::string random_text(std::size_t size) {
    constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    constexpr unsigned kFair = 256 / kAlphabet.size() * kAlphabet.size();  // octets from here on would favour some
    std::string text;
    text.reserve(size);
    while (text.size() < size) {
        std::array<std::uint8_t, 64> octets;
        crypto::random_bytes(octets);
        for (const unsigned octet : octets) {
            if (octet < kFair && text.size() < size) {
                text += kAlphabet[octet % kAlphabet.size()];
            }
        }
    }
    return text;
}

}  // namespace

bool is_ufrag(std::string_view text) noexcept {
    return is_credential(text, kMinUfragSize);
}

bool is_password(std::string_view text) noexcept {
    return is_credential(text, kMinPasswordSize);
}

std::optional<ListenerCredentials> parse_username(std::string_view username) noexcept {
    const auto colon = username.find(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    const auto server = username.substr(0, colon);
    const auto client = username.substr(colon + 1);
    // The listener's name is its password too, in both versions.
    if (!is_password(server) || !is_ufrag(client)) {
        return std::nullopt;
    }
    if (server.starts_with(kVersion2Prefix)) {
        const auto password = server.substr(kVersion2Prefix.size());
        if (!is_password(password)) {
            return std::nullopt;
        }
        return ListenerCredentials{Version::v2, server, client, password};
    }
    if (server.starts_with(kVersion1Prefix) && server == client) {
        return ListenerCredentials{Version::v1, server, client, server};
    }
    return std::nullopt;
}

DialerCredentials DialerCredentials::make(Version version) {
    if (version == Version::v1) {
        return version_1(std::string(kVersion1Prefix) + random_text(kRandomTextSize));
    }
    return version_2(random_text(kRandomUfragSize), random_text(kRandomTextSize));
}

DialerCredentials DialerCredentials::version_1(std::string text) {
    BOOST_ASSERT(is_password(text) && text.starts_with(kVersion1Prefix));
    return {Version::v1, text, text, text};
}

DialerCredentials DialerCredentials::version_2(std::string ufrag, std::string_view password) {
    auto server_ufrag = std::string(kVersion2Prefix) + std::string(password);
    BOOST_ASSERT(is_ufrag(ufrag) && is_password(password) && is_password(server_ufrag));
    return {Version::v2, std::move(ufrag), std::string(password), std::move(server_ufrag)};
}

DialerCredentials::DialerCredentials(Version version, std::string ufrag, std::string password, std::string server_ufrag)
    : version_(version),
      ufrag_(std::move(ufrag)),
      password_(std::move(password)),
      server_ufrag_(std::move(server_ufrag)),
      outbound_username_(server_ufrag_ + ':' + ufrag_),
      inbound_username_(ufrag_ + ':' + server_ufrag_) {}

}  // namespace libp2p::webrtc
