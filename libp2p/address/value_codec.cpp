// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/address/value_codec.hpp"

#include "libp2p/address/clean_text.hpp"
#include "libp2p/address/ip_text.hpp"
#include "libp2p/address/percent_encoding.hpp"
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

/// How a value is written.
enum class Kind { none, ip4, ip6, number, name, path, peer, certhash, onion, garlic64, garlic32, http_path };

Kind kind_of(Protocol protocol) noexcept {
    switch (protocol) {
        case Protocol::ip4: return Kind::ip4;
        case Protocol::ip6: return Kind::ip6;
        case Protocol::tcp:
        case Protocol::udp:
        case Protocol::dccp:
        case Protocol::sctp:
        case Protocol::ipcidr:
        case Protocol::memory: return Kind::number;
        case Protocol::ip6zone:
        case Protocol::dns:
        case Protocol::dns4:
        case Protocol::dns6:
        case Protocol::dnsaddr:
        case Protocol::sni: return Kind::name;
        case Protocol::unix_path: return Kind::path;
        case Protocol::p2p: return Kind::peer;
        case Protocol::certhash: return Kind::certhash;
        case Protocol::onion:
        case Protocol::onion3: return Kind::onion;
        case Protocol::garlic64: return Kind::garlic64;
        case Protocol::garlic32: return Kind::garlic32;
        case Protocol::http_path: return Kind::http_path;
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
        case Protocol::plaintextv2: break;
    }
    return Kind::none;
}

/// Octets of the value of a protocol that fixes them.
std::size_t size_of(Protocol protocol) noexcept {
    return static_cast<std::size_t>(find_protocol(static_cast<std::uint64_t>(protocol))->size_bits) / 8;
}

/// An onion service is its host, then its port.
constexpr std::size_t kOnionPortSize = 2;

/// A destination of I2P is at least that long; the text of one a third longer.
constexpr std::size_t kMinGarlic64Size = 386;

/// An I2P name is a digest of 32 octets, or, where the lease set is encrypted, something of 35 and more.
constexpr std::size_t kGarlic32Size = 32;
constexpr std::size_t kMinEncryptedGarlic32Size = 35;

Error refuse(std::string why) {
    return Error(Errc::invalid_address, std::move(why));
}

Error refuse(std::string_view text, std::string_view why) {
    return refuse(in_quotes(text) + " " + std::string(why));
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
    if (from_big_endian(value.last(kOnionPortSize)) == 0) {
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
    const auto port = number_from_text(text.substr(colon + 1), kOnionPortSize);
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
    return proto::encode_base(Base::base32, value.first(value.size() - kOnionPortSize)) + ":" +
           std::to_string(from_big_endian(value.last(kOnionPortSize)));
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

result<void> check_http_path(ByteView value) {
    if (value.empty()) {
        return refuse("the value is empty");
    }
    return ok();
}

result<Bytes> http_path_from_text(std::string_view text) {
    auto value = percent_decode(text);
    if (!value) {
        return refuse(text, "has a percent sign without two hexadecimal digits");
    }
    return std::move(*value);
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
    switch (kind_of(protocol)) {
        case Kind::ip4: return ip_from_text(AF_INET, 4, text);
        case Kind::ip6: return ip_from_text(AF_INET6, 16, text);
        case Kind::number: return number_from_text(text, size_of(protocol));
        case Kind::name: return text_value(check_name, text);
        case Kind::path: return text_value(check_path, text);
        case Kind::peer: return peer_from_text(text);
        case Kind::certhash: return certhash_from_text(text);
        case Kind::onion: return onion_from_text(text, size_of(protocol) - kOnionPortSize);
        case Kind::garlic64: return garlic64_from_text(text);
        case Kind::garlic32: return garlic32_from_text(text);
        case Kind::http_path: return http_path_from_text(text);
        case Kind::none: break;
    }
    return refuse("the protocol has no value");
}

result<void> check_value(Protocol protocol, ByteView value) {
    switch (kind_of(protocol)) {
        case Kind::name: return check_name(value);
        case Kind::path: return check_path(value);
        case Kind::peer: return check_peer(value);
        case Kind::certhash: return check_certhash(value);
        case Kind::onion: return check_onion(value);
        case Kind::garlic64: return check_garlic64(value);
        case Kind::garlic32: return check_garlic32(value);
        case Kind::http_path: return check_http_path(value);
        case Kind::ip4:
        case Kind::ip6:
        case Kind::number:
        case Kind::none: break;  // whatever has the right length is right
    }
    return ok();
}

std::string value_to_text(Protocol protocol, ByteView value) {
    switch (kind_of(protocol)) {
        case Kind::ip4: return ip4_to_text(value.first<4>());
        case Kind::ip6: return ip6_to_text(value.first<16>());
        case Kind::number: return std::to_string(from_big_endian(value));
        case Kind::name:
        case Kind::path: return std::string(as_text(value));
        case Kind::peer: return proto::encode_base(Base::base58btc, value);
        case Kind::certhash: return proto::encode_multibase(Base::base64url, value);
        case Kind::onion: return onion_to_text(value);
        case Kind::garlic64: return garlic64_to_text(value);
        case Kind::garlic32: return proto::encode_base(Base::base32, value);
        case Kind::http_path: return percent_encode(value);
        case Kind::none: break;
    }
    return {};
}

}  // namespace libp2p::address
