// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/address/clean_text.hpp"

#include <cstddef>

namespace libp2p::address {
namespace {

bool is_control(unsigned code_point) noexcept {
    return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0);
}

}  // namespace

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

std::string in_quotes(std::string_view text) {
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
