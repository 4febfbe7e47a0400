// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

namespace libp2p::tools {
namespace {

constexpr auto kLargestSize = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

/// Length of the UTF-8 sequence at the front of `text`; 0 when there is none.
std::size_t sequence_length(std::string_view text) noexcept {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto first = at(0);
    if (first < 0x80) {
        return 1;
    }
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < length) {
        return 0;
    }
    const unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    const unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (at(1) < low || at(1) > high) {
        return 0;
    }
    for (std::size_t i = 2; i < length; ++i) {
        if (at(i) < 0x80 || at(i) > 0xbf) {
            return 0;
        }
    }
    return length;
}

bool is_control(std::string_view sequence) noexcept {
    const auto first = static_cast<unsigned char>(sequence[0]);
    if (sequence.size() == 1) {
        return first < 0x20 || first == 0x7f;
    }
    return first == 0xc2 && static_cast<unsigned char>(sequence[1]) < 0xa0;
}

char lower(char letter) noexcept {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
}

bool take_letter(std::string_view& text, char letter) noexcept {
    if (text.empty() || lower(text.front()) != letter) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

/// Takes k, M, Gi, … off the front; 1 when there is none.
std::uint64_t take_multiplier(std::string_view& text) noexcept {
    constexpr std::string_view letters = "kmgt";
    if (text.empty()) {
        return 1;
    }
    const auto power = letters.find(lower(text.front()));
    if (power == letters.npos) {
        return 1;
    }
    text.remove_prefix(1);
    const std::uint64_t base = take_letter(text, 'i') ? 1024 : 1000;
    std::uint64_t multiplier = base;
    for (std::size_t i = 0; i < power; ++i) {
        multiplier *= base;
    }
    return multiplier;
}

std::optional<std::uint64_t> parse_amount(std::string_view text, bool octets) {
    std::uint64_t value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc()) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const auto multiplier = take_multiplier(text);
    if (octets) {
        take_letter(text, 'b');
    }
    if (!text.empty() || value > kLargestSize / multiplier) {
        return std::nullopt;
    }
    return value * multiplier;
}

std::string format(const char* pattern, double value) {
    std::array<char, 64> buffer;
    const auto length = std::snprintf(buffer.data(), buffer.size(), pattern, value);
    return {buffer.data(), static_cast<std::size_t>(length)};
}

}  // namespace

std::string printable(std::string_view text) {
    std::string clean;
    clean.reserve(text.size());
    while (!text.empty()) {
        const auto length = sequence_length(text);
        if (length == 0 || is_control(text.substr(0, length))) {
            clean += '?';
        } else {
            clean += text.substr(0, length);
        }
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return clean;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    return parse_amount(text, true);
}

std::optional<std::uint64_t> parse_count(std::string_view text, std::uint64_t largest) {
    const auto count = parse_amount(text, false);
    if (!count || *count == 0 || *count > largest) {
        return std::nullopt;
    }
    return count;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    constexpr double day = 86'400'000;
    double value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (ec != std::errc()) {
        return std::nullopt;
    }
    const auto unit = text.substr(static_cast<std::size_t>(end - text.data()));
    if (unit.empty() || unit == "s") {
        value *= 1000;
    } else if (unit == "m") {
        value *= 60'000;
    } else if (unit != "ms") {
        return std::nullopt;
    }
    if (!(value >= 1 && value <= day)) {  // not a number is neither
        return std::nullopt;
    }
    return std::chrono::milliseconds(std::llround(value));
}

std::string format_size(std::uint64_t octets) {
    constexpr std::array units{" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"};
    auto value = static_cast<double>(octets);
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    return format(unit == 0 ? "%.0f" : "%.1f", value) + units[unit];
}

std::string format_rate(std::uint64_t octets, std::chrono::nanoseconds time) {
    if (time.count() <= 0) {
        return "-";
    }
    return format("%.1f MB/s", static_cast<double>(octets) / to_seconds(time) / 1e6);
}

std::string format_ratio(double ratio) {
    return format("%.3f", ratio);
}

std::string format_ms(std::chrono::nanoseconds time) {
    return format("%.3f", to_ms(time));
}

double to_ms(std::chrono::nanoseconds time) noexcept {
    return std::round(static_cast<double>(time.count()) / 1e3) / 1e3;
}

double to_seconds(std::chrono::nanoseconds time) noexcept {
    return static_cast<double>(time.count()) / 1e9;
}

}  // namespace libp2p::tools
