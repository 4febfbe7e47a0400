// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/address/ip_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

namespace libp2p::address {
namespace {

constexpr std::size_t kGroups = 8;

/// A run of groups that are zero.
struct Run {
    std::size_t first = 0;
    std::size_t size = 0;

    std::size_t end() const noexcept { return first + size; }
};

/// The longest run, and of several the first.
Run longest_zeros(const std::array<unsigned, kGroups>& groups) noexcept {
    Run longest;
    Run here;
    for (std::size_t i = 0; i < kGroups; ++i) {
        here = groups[i] == 0 ? Run{here.size == 0 ? i : here.first, here.size + 1} : Run{};
        if (here.size > longest.size) {
            longest = here;
        }
    }
    return longest;
}

void append_hex(std::string& text, unsigned group) {
    std::array<char, 4> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), group, 16).ptr;
    text.append(digits.data(), end);
}

}  // namespace

std::string ip4_to_text(std::span<const std::uint8_t, 4> octets) {
    std::string text;
    for (const auto octet : octets) {
        if (!text.empty()) {
            text += '.';
        }
        text += std::to_string(octet);
    }
    return text;
}

std::string ip6_to_text(std::span<const std::uint8_t, 16> octets) {
    constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (std::equal(kMapped.begin(), kMapped.end(), octets.begin())) {
        return "::ffff:" + ip4_to_text(octets.last<4>());
    }
    std::array<unsigned, kGroups> groups;
    for (std::size_t i = 0; i < kGroups; ++i) {
        groups[i] = static_cast<unsigned>(octets[2 * i] << 8 | octets[2 * i + 1]);
    }
    auto zeros = longest_zeros(groups);
    if (zeros.size < 2) {
        zeros = Run{kGroups, 0};  // a single zero is not worth a "::"
    }
    std::string text;
    for (std::size_t i = 0; i < kGroups;) {
        if (i == zeros.first) {
            text += "::";
            i = zeros.end();
            continue;
        }
        if (!text.empty() && text.back() != ':') {
            text += ':';
        }
        append_hex(text, groups[i]);
        ++i;
    }
    return text;
}

}  // namespace libp2p::address
