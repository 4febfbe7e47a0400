// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/address/value_codec.hpp"

#include "libp2p/address/ip_text.hpp"
#include "proto/multibase.hpp"
#include "proto/multihash.hpp"

#include <libp2p/peer_id.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>

namespace libp2p::address {
namespace {

using proto::Base;

constexpr std::size_t kOnionHostSize = 10;
constexpr std::size_t kOnion3HostSize = 35;

/// A destination of I2P is at least that long; the text of one a third longer.
constexpr std::size_t kMinGarlic64Size = 386;

/// An I2P name is a digest of 32 octets, or, where the lease set is encrypted, something of 35 and more.
constexpr std::size_t kGarlic32Size = 32;
constexpr std::size_t kMinEncryptedGarlic32Size = 35;

Error refuse(std::string why) {
    return Error(Errc::invalid_address, std::move(why));
}

Error refuse(std::string_view text, std::string_view why) {
    return refuse(quoted(text) + " " + std::string(why));
}

bool is_control(unsigned code_point) noexcept {
    return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0);
}

/// Whether `text` is UTF-8 in its shortest form, without surrogates and without control characters.
bool is_clean_text(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size();) {
        const auto first = static_cast<unsigned char>(text[i]);
        const std::size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
        if ((first >= 0x80 && first < 0xc2) || first > 0xf4 || size > text.size() - i) {
            return false;
        }
        unsigned code_point = size == 1 ? first : first & (0x7fU >> size);
        for (std::size_t k = 1; k < size; ++k) {
            const auto next = static_cast<unsigned char>(text[i + k]);
            if ((next & 0xc0) != 0x80) {
                return false;
            }
            code_point = code_point << 6 | (next & 0x3fU);
        }
        const bool too_long = (size == 3 && code_point < 0x800) || (size == 4 && code_point < 0x10000);
        const bool surrogate = code_point >= 0xd800 && code_point < 0xe000;
        if (too_long || surrogate || code_point > 0x10ffff || is_control(code_point)) {
            return false;
        }
        i += size;
    }
    return true;
}

/// Digits and nothing else, at most `largest`.
result<std::uint64_t> parse_number(std::string_view text, std::uint64_t largest) {
    std::uint64_t number = 0;
    const auto* end = text.data() + text.size();
    const auto [stopped, ec] = std::from_chars(text.data(), end, number);
    if (ec == std::errc::invalid_argument || (ec == std::errc() && stopped != end)) {
        return refuse(text, "is not a decimal number");
    }
    if (ec != std::errc() || number > largest) {
        return refuse(text, "is more than " + std::to_string(largest));
    }
    return number;
}

Bytes big_endian(std::uint64_t number, std::size_t size) {
    Bytes octets(size);
    for (std::size_t i = 0; i < size; ++i) {
        octets[size - 1 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    }
    return octets;
}

std::uint64_t from_big_endian(ByteView octets) noexcept {
    std::uint64_t number = 0;
    for (const auto octet : octets) {
        number = number << 8 | octet;
    }
    return number;
}

result<Bytes> number_from_text(std::string_view text, std::size_t size) {
    const auto largest = std::numeric_limits<std::uint64_t>::max() >> (64 - 8 * size);
    const auto number = parse_number(text, largest);
    if (!number) {
        return number.error();
    }
    return big_endian(*number, size);
}

result<Bytes> ip_from_text(int family, std::size_t size, std::string_view text) {
    Bytes octets(size);
    const bool has_nul = text.find('\0') != std::string_view::npos;
    if (has_nul || ::inet_pton(family, std::string(text).c_str(), octets.data()) != 1) {
        return refuse(text, family == AF_INET ? "is not an IPv4 address" : "is not an IPv6 address");
    }
    return octets;
}

result<void> check_name(ByteView value) {
    const auto text = as_text(value);
    if (text.empty()) {
        return refuse("the value is empty");
    }
    if (text.find('/') != std::string_view::npos) {
        return refuse(text, "has a slash in it");
    }
    if (!is_clean_text(text)) {
        return refuse(text, "is not UTF-8 without control characters");
    }
    return ok();
}

result<void> check_path(ByteView value) {
    const auto text = as_text(value);
    if (text.size() < 2 || !text.starts_with('/') || text.ends_with('/')) {
        return refuse(text, "is not a path that starts with a slash and ends in something else");
    }
    if (!is_clean_text(text)) {
        return refuse(text, "is not UTF-8 without control characters");
    }
    return ok();
}

result<void> check_peer(ByteView value) {
    if (auto peer = PeerId::from_bytes(value); !peer) {
        return peer.error();
    }
    return ok();
}

result<void> check_certhash(ByteView value) {
    if (auto hash = proto::decode_multihash(value); !hash) {
        return refuse("not a multihash: " + hash.error().message());
    }
    return ok();
}

result<Bytes> peer_from_text(std::string_view text) {
    const auto peer = PeerId::parse(text);
    if (!peer) {
        return refuse(text, peer.error().detail());
    }
    return Bytes(peer->bytes().begin(), peer->bytes().end());
}

result<Bytes> certhash_from_text(std::string_view text) {
    auto decoded = proto::decode_multibase(text);
    if (!decoded) {
        return refuse(text, "is not multibase: " + decoded.error().message());
    }
    if (auto checked = check_certhash(decoded->data); !checked) {
        return refuse(text, "is " + std::string(checked.error().detail()));
    }
    return std::move(decoded->data);
}

// Host and port of an onion service, "host:port".

result<void> check_onion(ByteView value) {
    if (from_big_endian(value.last(2)) == 0) {
        return refuse("port 0 of an onion service");
    }
    return ok();
}

result<Bytes> onion_from_text(std::string_view text, std::size_t host_size) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) {
        return refuse(text, "has no port");
    }
    std::string host(text.substr(0, colon));
    std::transform(host.begin(), host.end(), host.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    auto value = proto::decode_base(Base::base32, host);
    if (!value || value->size() != host_size) {
        return refuse(text, "does not start with " + std::to_string(host_size) + " octets in base32");
    }
    const auto port = number_from_text(text.substr(colon + 1), 2);
    if (!port) {
        return port.error();
    }
    value->insert(value->end(), port->begin(), port->end());
    if (auto checked = check_onion(*value); !checked) {
        return checked.error();
    }
    return std::move(*value);
}

std::string onion_to_text(ByteView value) {
    return proto::encode_base(Base::base32, value.first(value.size() - 2)) + ":" +
           std::to_string(from_big_endian(value.last(2)));
}

// I2P destinations. Bits behind the last octet are ignored: go-multiaddr does, and its tests insist on it. The base64
// has '-' and '~' where the usual one has '+' and '/'.

char to_i2p(char c) noexcept {
    return c == '+' ? '-' : c == '/' ? '~' : c;
}
char from_i2p(char c) noexcept {
    return c == '-' ? '+' : c == '~' ? '/' : c;
}

result<void> check_garlic64(ByteView value) {
    if (value.size() < kMinGarlic64Size) {
        return refuse(
            "an I2P destination of " + std::to_string(value.size()) + " octets, the least is " +
            std::to_string(kMinGarlic64Size)
        );
    }
    return ok();
}

result<void> check_garlic32(ByteView value) {
    if (value.size() != kGarlic32Size && value.size() < kMinEncryptedGarlic32Size) {
        return refuse("an I2P name of " + std::to_string(value.size()) + " octets, neither 32 nor 35 and more");
    }
    return ok();
}

result<Bytes> garlic64_from_text(std::string_view text) {
    if (text.find_first_of("+/") != std::string_view::npos) {
        return refuse(text, "is not the base64 of I2P");
    }
    std::string usual(text);
    std::transform(usual.begin(), usual.end(), usual.begin(), from_i2p);
    auto value = proto::decode_base(Base::base64pad, usual, proto::TrailingBits::ignore);
    if (!value) {
        return refuse(text, "is not the base64 of I2P: " + value.error().message());
    }
    if (auto checked = check_garlic64(*value); !checked) {
        return checked.error();
    }
    return std::move(*value);
}

result<Bytes> garlic32_from_text(std::string_view text) {
    auto value = proto::decode_base(Base::base32, text, proto::TrailingBits::ignore);
    if (!value) {
        return refuse(text, "is not base32: " + value.error().message());
    }
    if (auto checked = check_garlic32(*value); !checked) {
        return checked.error();
    }
    return std::move(*value);
}

std::string garlic64_to_text(ByteView value) {
    auto text = proto::encode_base(Base::base64pad, value);
    std::transform(text.begin(), text.end(), text.begin(), to_i2p);
    return text;
}

// HTTP paths: any octets, percent-encoded in text.

bool is_unreserved(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.' || c == '~';
}

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

result<Bytes> http_path_from_text(std::string_view text) {
    Bytes value;
    value.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            // go-multiaddr reads a plus as a space. We write neither, so nobody has to guess.
            value.push_back(text[i] == '+' ? std::uint8_t{' '} : static_cast<std::uint8_t>(text[i]));
            continue;
        }
        const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return refuse(text, "has a percent sign without two hexadecimal digits");
        }
        value.push_back(static_cast<std::uint8_t>(high << 4 | low));
        i += 2;
    }
    return value;
}

std::string http_path_to_text(ByteView value) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string text;
    for (const char c : as_text(value)) {
        if (is_unreserved(c)) {
            text += c;
        } else {
            const auto octet = static_cast<unsigned char>(c);
            text += '%';
            text += kDigits[octet >> 4];
            text += kDigits[octet & 0xf];
        }
    }
    return text;
}

result<Bytes> text_value(result<void> (*check)(ByteView), std::string_view text) {
    const auto value = as_bytes(text);
    if (auto checked = check(value); !checked) {
        return checked.error();
    }
    return Bytes(value.begin(), value.end());
}

}  // namespace

result<Bytes> value_from_text(Protocol protocol, std::string_view text) {
    if (text.empty()) {
        return refuse("the value is empty");
    }
    switch (protocol) {
        case Protocol::ip4:
            return ip_from_text(AF_INET, 4, text);
        case Protocol::ip6:
            return ip_from_text(AF_INET6, 16, text);
        case Protocol::tcp:
        case Protocol::udp:
        case Protocol::dccp:
        case Protocol::sctp:
            return number_from_text(text, 2);
        case Protocol::ipcidr:
            return number_from_text(text, 1);
        case Protocol::memory:
            return number_from_text(text, 8);
        case Protocol::ip6zone:
        case Protocol::dns:
        case Protocol::dns4:
        case Protocol::dns6:
        case Protocol::dnsaddr:
        case Protocol::sni:
            return text_value(check_name, text);
        case Protocol::unix_path:
            return text_value(check_path, text);
        case Protocol::p2p:
            return peer_from_text(text);
        case Protocol::certhash:
            return certhash_from_text(text);
        case Protocol::onion:
            return onion_from_text(text, kOnionHostSize);
        case Protocol::onion3:
            return onion_from_text(text, kOnion3HostSize);
        case Protocol::garlic64:
            return garlic64_from_text(text);
        case Protocol::garlic32:
            return garlic32_from_text(text);
        case Protocol::http_path:
            return http_path_from_text(text);
        case Protocol::p2p_webrtc_star:
        case Protocol::p2p_webrtc_direct:
        case Protocol::p2p_stardust:
        case Protocol::webrtc_direct:
        case Protocol::webrtc:
        case Protocol::p2p_circuit:
        case Protocol::udt:
        case Protocol::utp:
        case Protocol::https:
        case Protocol::tls:
        case Protocol::noise:
        case Protocol::quic:
        case Protocol::quic_v1:
        case Protocol::webtransport:
        case Protocol::ws:
        case Protocol::wss:
        case Protocol::p2p_websocket_star:
        case Protocol::http:
        case Protocol::plaintextv2:
            break;
    }
    return refuse("the protocol has no value");
}

result<void> check_value(Protocol protocol, ByteView value) {
    switch (protocol) {
        case Protocol::ip6zone:
        case Protocol::dns:
        case Protocol::dns4:
        case Protocol::dns6:
        case Protocol::dnsaddr:
        case Protocol::sni:
            return check_name(value);
        case Protocol::unix_path:
            return check_path(value);
        case Protocol::p2p:
            return check_peer(value);
        case Protocol::certhash:
            return check_certhash(value);
        case Protocol::onion:
        case Protocol::onion3:
            return check_onion(value);
        case Protocol::garlic64:
            return check_garlic64(value);
        case Protocol::garlic32:
            return check_garlic32(value);
        case Protocol::http_path:
            if (value.empty()) {
                return refuse("the value is empty");
            }
            return ok();
        // Every value of these is right.
        case Protocol::ip4:
        case Protocol::ip6:
        case Protocol::tcp:
        case Protocol::udp:
        case Protocol::dccp:
        case Protocol::sctp:
        case Protocol::ipcidr:
        case Protocol::memory:
        // These have none.
        case Protocol::p2p_webrtc_star:
        case Protocol::p2p_webrtc_direct:
        case Protocol::p2p_stardust:
        case Protocol::webrtc_direct:
        case Protocol::webrtc:
        case Protocol::p2p_circuit:
        case Protocol::udt:
        case Protocol::utp:
        case Protocol::https:
        case Protocol::tls:
        case Protocol::noise:
        case Protocol::quic:
        case Protocol::quic_v1:
        case Protocol::webtransport:
        case Protocol::ws:
        case Protocol::wss:
        case Protocol::p2p_websocket_star:
        case Protocol::http:
        case Protocol::plaintextv2:
            break;
    }
    return ok();
}

std::string value_to_text(Protocol protocol, ByteView value) {
    switch (protocol) {
        case Protocol::ip4:
            return ip4_to_text(value.first<4>());
        case Protocol::ip6:
            return ip6_to_text(value.first<16>());
        case Protocol::tcp:
        case Protocol::udp:
        case Protocol::dccp:
        case Protocol::sctp:
        case Protocol::ipcidr:
        case Protocol::memory:
            return std::to_string(from_big_endian(value));
        case Protocol::ip6zone:
        case Protocol::dns:
        case Protocol::dns4:
        case Protocol::dns6:
        case Protocol::dnsaddr:
        case Protocol::sni:
        case Protocol::unix_path:
            return std::string(as_text(value));
        case Protocol::p2p:
            return proto::encode_base(Base::base58btc, value);
        case Protocol::certhash:
            return proto::encode_multibase(Base::base64url, value);
        case Protocol::onion:
        case Protocol::onion3:
            return onion_to_text(value);
        case Protocol::garlic64:
            return garlic64_to_text(value);
        case Protocol::garlic32:
            return proto::encode_base(Base::base32, value);
        case Protocol::http_path:
            return http_path_to_text(value);
        case Protocol::p2p_webrtc_star:
        case Protocol::p2p_webrtc_direct:
        case Protocol::p2p_stardust:
        case Protocol::webrtc_direct:
        case Protocol::webrtc:
        case Protocol::p2p_circuit:
        case Protocol::udt:
        case Protocol::utp:
        case Protocol::https:
        case Protocol::tls:
        case Protocol::noise:
        case Protocol::quic:
        case Protocol::quic_v1:
        case Protocol::webtransport:
        case Protocol::ws:
        case Protocol::wss:
        case Protocol::p2p_websocket_star:
        case Protocol::http:
        case Protocol::plaintextv2:
            break;
    }
    return {};
}

std::string quoted(std::string_view text) {
    constexpr std::size_t kLongest = 64;
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out = "'";
    for (const char c : text.substr(0, kLongest)) {
        const auto octet = static_cast<unsigned char>(c);
        if (octet >= 0x20 && octet < 0x7f) {
            out += c;
        } else {
            out += "\\x";
            out += kDigits[octet >> 4];
            out += kDigits[octet & 0xf];
        }
    }
    return out + (text.size() > kLongest ? "…'" : "'");
}

}  // namespace libp2p::address
