// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace libp2p::tests {

/// The octets that `text` gives in hexadecimal. Throws when it does not: a test vector is broken.
inline std::vector<std::uint8_t> unhex(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    if (text.size() % 2 != 0) {
        throw std::invalid_argument("odd number of hexadecimal digits");
    }
    std::vector<std::uint8_t> out;
    out.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const auto high = kDigits.find(text[i]);
        const auto low = kDigits.find(text[i + 1]);
        if (high == std::string_view::npos || low == std::string_view::npos) {
            throw std::invalid_argument("not hexadecimal");
        }
        out.push_back(static_cast<std::uint8_t>(high << 4 | low));
    }
    return out;
}

inline std::string hex(std::span<const std::uint8_t> octets) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (const auto octet : octets) {
        out += kDigits[octet >> 4];
        out += kDigits[octet & 0xf];
    }
    return out;
}

}  // namespace libp2p::tests
