// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace libp2p::tools {

/// `text` in one line that cannot steer a terminal: control characters and octets that are not UTF-8 become '?'.
std::string printable(std::string_view text);

/// A count of octets: digits, then at most one of k, M, G, T (thousands), Ki, Mi, Gi, Ti (of 1024), then an optional B;
/// large and small letters alike. "64MiB", "1k", "100000". Empty for anything else, and for what does not fit 63 bits.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// A whole number from 1 to `largest`; suffixes as above, but without B.
std::optional<std::uint64_t> parse_count(std::string_view text, std::uint64_t largest);

/// Seconds with an optional fraction and an optional unit: "5", "2.5", "5s", "300ms", "2m". More than zero, at most a
/// day.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// "64.0 MiB".
std::string format_size(std::uint64_t octets);

/// "812.5 MB/s", of 10^6 octets; "-" when no time has passed.
std::string format_rate(std::uint64_t octets, std::chrono::nanoseconds time);

/// "0.987".
std::string format_ratio(double ratio);

/// "0.213", in milliseconds.
std::string format_ms(std::chrono::nanoseconds time);

/// For JSON: milliseconds to the microsecond, seconds to the nanosecond.
double to_ms(std::chrono::nanoseconds time) noexcept;
double to_seconds(std::chrono::nanoseconds time) noexcept;

}  // namespace libp2p::tools
