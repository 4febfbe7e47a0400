// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/error_codes.hpp"

#include <array>
#include <charconv>
#include <cstddef>

namespace libp2p {
namespace {

/// "code 4711" in static storage. A peer may send any number, so the texts cannot all be kept: the last few are, which
/// is long enough for whoever logs or copies them at once.
std::string_view describe_unlisted(std::uint32_t code) noexcept {
    constexpr std::string_view kPrefix = "code ";
    using Text = std::array<char, kPrefix.size() + 10>;  // the largest number has ten digits
    thread_local std::array<Text, 8> texts;
    thread_local std::size_t next = 0;
    auto& text = texts[next++ % texts.size()];
    kPrefix.copy(text.data(), kPrefix.size());
    const auto end = std::to_chars(text.data() + kPrefix.size(), text.data() + text.size(), code).ptr;
    return {text.data(), static_cast<std::size_t>(end - text.data())};
}

constexpr std::string_view kNone = "none";
constexpr std::string_view kProtocolNegotiationFailed = "protocol negotiation failed";
constexpr std::string_view kResourceLimitExceeded = "resource limit exceeded";
constexpr std::string_view kRateLimited = "rate limited";
constexpr std::string_view kProtocolViolation = "protocol violation";
constexpr std::string_view kSupplanted = "supplanted";
constexpr std::string_view kGarbageCollected = "garbage collected";
constexpr std::string_view kShutDown = "shut down";
constexpr std::string_view kGated = "gated";
constexpr std::string_view kCodeOutOfRange = "code out of range";

}  // namespace

std::string_view describe(StreamErrorCode code) noexcept {
    switch (code) {
        case StreamErrorCode::none: return kNone;
        case StreamErrorCode::protocol_negotiation_failed: return kProtocolNegotiationFailed;
        case StreamErrorCode::resource_limit_exceeded: return kResourceLimitExceeded;
        case StreamErrorCode::rate_limited: return kRateLimited;
        case StreamErrorCode::protocol_violation: return kProtocolViolation;
        case StreamErrorCode::supplanted: return kSupplanted;
        case StreamErrorCode::garbage_collected: return kGarbageCollected;
        case StreamErrorCode::shut_down: return kShutDown;
        case StreamErrorCode::gated: return kGated;
        case StreamErrorCode::code_out_of_range: return kCodeOutOfRange;
    }
    return describe_unlisted(static_cast<std::uint32_t>(code));
}

std::string_view describe(ConnectionErrorCode code) noexcept {
    switch (code) {
        case ConnectionErrorCode::none: return kNone;
        case ConnectionErrorCode::protocol_negotiation_failed: return kProtocolNegotiationFailed;
        case ConnectionErrorCode::resource_limit_exceeded: return kResourceLimitExceeded;
        case ConnectionErrorCode::rate_limited: return kRateLimited;
        case ConnectionErrorCode::protocol_violation: return kProtocolViolation;
        case ConnectionErrorCode::supplanted: return kSupplanted;
        case ConnectionErrorCode::garbage_collected: return kGarbageCollected;
        case ConnectionErrorCode::shut_down: return kShutDown;
        case ConnectionErrorCode::gated: return kGated;
        case ConnectionErrorCode::code_out_of_range: return kCodeOutOfRange;
    }
    return describe_unlisted(static_cast<std::uint32_t>(code));
}

}  // namespace libp2p
