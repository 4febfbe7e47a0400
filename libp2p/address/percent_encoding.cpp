// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/address/percent_encoding.hpp"

#include <cstddef>
#include <cstdint>

namespace libp2p::address {
namespace {

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

}  // namespace

std::string percent_encode(ByteView octets) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string text;
    for (const char c : as_text(octets)) {
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

std::optional<Bytes> percent_decode(std::string_view text) {
    Bytes value;
    value.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            value.push_back(text[i] == '+' ? std::uint8_t{' '} : static_cast<std::uint8_t>(text[i]));
            continue;
        }
        const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        value.push_back(static_cast<std::uint8_t>(high << 4 | low));
        i += 2;
    }
    return value;
}

}  // namespace libp2p::address
