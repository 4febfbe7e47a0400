// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/session_description.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

namespace libp2p::webrtc {
namespace {

using Setup = SessionDescription::Setup;

constexpr std::size_t kMinUfrag = 4;
constexpr std::size_t kMinPassword = 22;
constexpr std::size_t kMaxIceText = 256;
constexpr std::size_t kMaxMid = 32;
constexpr std::uint16_t kSctpPort = 5000;
constexpr std::uint32_t kOwnMaxMessageSize = 256 * 1024;  // what browsers and libdatachannel say

Error violation(std::string_view what) {
    return {Errc::protocol_violation, "session description: " + std::string(what)};
}

bool is_alphanumeric(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::optional<std::uint32_t> number(std::string_view text) noexcept {
    std::uint32_t value = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, value);
    if (failure != std::errc() || stop != end) {
        return std::nullopt;
    }
    return value;
}

/// The part in front of the next space, which is taken off `rest` with it.
std::string_view take_word(std::string_view& rest) noexcept {
    const auto end = std::min(rest.find(' '), rest.size());
    const auto word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return word;
}

std::optional<crypto::Sha256Digest> digest(std::string_view text) noexcept {
    crypto::Sha256Digest digest{};
    if (text.size() != digest.size() * 3 - 1) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < digest.size(); ++i) {
        const auto pair = text.substr(3 * i, 2);
        const auto [stop, failure] = std::from_chars(pair.data(), pair.data() + pair.size(), digest[i], 16);
        if (failure != std::errc() || stop != pair.data() + pair.size() || (i > 0 && text[3 * i - 1] != ':')) {
            return std::nullopt;
        }
    }
    return digest;
}

/// Attributes that may stand for the whole session or for the section.
struct Attributes {
    std::optional<std::string_view> ufrag;
    std::optional<std::string_view> password;
    std::optional<std::string_view> setup;
    std::vector<crypto::Sha256Digest> fingerprints;
    std::size_t fingerprints_seen = 0;
};

class Parser {
public:
    result<SessionDescription> parse(std::string_view text) {
        if (text.size() > kMaxDescriptionSize) {
            return violation("more than " + std::to_string(kMaxDescriptionSize) + " octets");
        }
        if (!text.starts_with("v=0")) {
            return violation("does not begin with v=0");
        }
        for (std::size_t lines = 0; !text.empty(); ++lines) {
            if (lines == kMaxDescriptionLines) {
                return violation("more than " + std::to_string(kMaxDescriptionLines) + " lines");
            }
            const auto end = std::min(text.find('\n'), text.size());
            auto line = text.substr(0, end);
            text.remove_prefix(std::min(end + 1, text.size()));
            if (line.ends_with('\r')) {
                line.remove_suffix(1);
            }
            auto read = read_line(line);
            if (!read) {
                return read.error();
            }
        }
        return finish();
    }

private:
    result<void> read_line(std::string_view line) {
        if (line.starts_with("m=")) {
            return on_media(line.substr(2));
        }
        if (line.starts_with("o=rtc ")) {
            description_.is_of_libdatachannel = true;
        }
        return line.starts_with("a=") ? on_attribute(line.substr(2)) : ok();
    }

    result<void> on_media(std::string_view media) {
        if (std::exchange(has_media_, true)) {
            return violation("more than one section");
        }
        const auto kind = take_word(media);
        const auto port = number(take_word(media));
        const auto protocol = take_word(media);
        if (kind != "application" || protocol != "UDP/DTLS/SCTP" || media != "webrtc-datachannel") {
            return violation("the section is not of data channels over DTLS and UDP");
        }
        if (!port || *port == 0 || *port > std::numeric_limits<std::uint16_t>::max()) {
            return violation("the section was refused or has no port");
        }
        return ok();
    }

    result<void> on_attribute(std::string_view attribute) {
        const auto colon = std::min(attribute.find(':'), attribute.size());
        const auto name = attribute.substr(0, colon);
        const auto value = attribute.substr(std::min(colon + 1, attribute.size()));
        auto& level = has_media_ ? section_ : session_;
        if (name == "ice-ufrag") {
            level.ufrag = value;
        } else if (name == "ice-pwd") {
            level.password = value;
        } else if (name == "setup") {
            level.setup = value;
        } else if (name == "fingerprint") {
            return on_fingerprint(level, value);
        } else if (has_media_) {
            return on_section_attribute(name, value, attribute);
        }
        return ok();
    }

    static result<void> on_fingerprint(Attributes& level, std::string_view value) {
        if (++level.fingerprints_seen > kMaxFingerprints) {
            return violation("more than " + std::to_string(kMaxFingerprints) + " fingerprints");
        }
        if (!equals_ignoring_case(take_word(value), "sha-256")) {
            return ok();
        }
        const auto read = digest(value);
        if (!read) {
            return violation("a fingerprint is no SHA-256");
        }
        level.fingerprints.push_back(*read);
        return ok();
    }

    result<void> on_section_attribute(std::string_view name, std::string_view value, std::string_view attribute) {
        if (name == "mid") {
            if (value.empty() || value.size() > kMaxMid || !std::ranges::all_of(value, is_mid_character)) {
                return violation("the section has no usable mid");
            }
            description_.mid = value;
        } else if (name == "sctp-port") {
            if (number(value) != kSctpPort) {
                return violation("the SCTP port is not 5000");
            }
        } else if (name == "max-message-size") {
            const auto size = number(value);
            if (!size) {
                return violation("max-message-size is no number");
            }
            description_.max_message_size = *size;
        } else if (name == "candidate") {
            if (description_.candidates.size() < kMaxDescriptionCandidates) {
                description_.candidates.emplace_back(attribute);
            }
        } else if (name == "end-of-candidates") {
            description_.is_end_of_candidates = true;
        }
        return ok();
    }

    static bool is_mid_character(char c) noexcept { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; }

    result<SessionDescription> finish() {
        if (!has_media_) {
            return violation("no section of data channels");
        }
        const auto ufrag = section_.ufrag ? section_.ufrag : session_.ufrag;
        const auto password = section_.password ? section_.password : session_.password;
        const auto setup = section_.setup ? section_.setup : session_.setup;
        if (!ufrag || !is_ice_text(*ufrag, kMinUfrag) || !password || !is_ice_text(*password, kMinPassword)) {
            return violation("ice-ufrag or ice-pwd is missing or not of ICE's characters");
        }
        if (!setup || (*setup != "actpass" && *setup != "active" && *setup != "passive")) {
            return violation("setup is missing, or neither actpass, active nor passive");
        }
        description_.setup =
            *setup == "actpass" ? Setup::actpass : (*setup == "active" ? Setup::active : Setup::passive);
        description_.ufrag = *ufrag;
        description_.password = *password;
        auto& level = section_.fingerprints_seen > 0 ? section_ : session_;
        if (level.fingerprints.empty()) {
            return Error(Errc::authentication_failed, "session description: no fingerprint by SHA-256");
        }
        description_.fingerprints = std::move(level.fingerprints);
        return std::move(description_);
    }

    SessionDescription description_;
    Attributes session_;
    Attributes section_;
    bool has_media_ = false;
};

std::string_view name_of(Setup setup) noexcept {
    switch (setup) {
        case Setup::actpass: return "actpass";
        case Setup::active: return "active";
        case Setup::passive: return "passive";
    }
    return {};
}

std::string to_text(const crypto::Sha256Digest& digest) {
    static constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string text;
    for (const auto octet : digest) {
        if (!text.empty()) {
            text += ':';
        }
        text += kDigits[octet >> 4U];
        text += kDigits[octet & 0xfU];
    }
    return text;
}

}  // namespace

result<SessionDescription> parse_session_description(std::string_view text) {
    return Parser().parse(text);
}

std::string to_sdp(const SessionDescription& description, std::uint64_t session) {
    std::string sdp = "v=0\r\no=- " + std::to_string(session >> 1U) +  // JavaScript reads 63 bits
                      " 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE " + description.mid +
                      "\r\na=msid-semantic: WMS\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                      "c=IN IP4 0.0.0.0\r\na=mid:" +
                      description.mid + "\r\na=ice-ufrag:" + description.ufrag +
                      "\r\na=ice-pwd:" + description.password + "\r\na=ice-options:trickle\r\n";
    for (const auto& fingerprint : description.fingerprints) {
        sdp += "a=fingerprint:sha-256 " + to_text(fingerprint) + "\r\n";
    }
    sdp += "a=setup:" + std::string(name_of(description.setup)) + "\r\na=sctp-port:" + std::to_string(kSctpPort) +
           "\r\na=max-message-size:" + std::to_string(kOwnMaxMessageSize) + "\r\n";
    for (const auto& candidate : description.candidates) {
        sdp += "a=" + candidate + "\r\n";
    }
    return sdp;
}

bool is_ice_text(std::string_view text, std::size_t min) noexcept {
    return text.size() >= min && text.size() <= kMaxIceText &&
           std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '+' || c == '/'; });
}

}  // namespace libp2p::webrtc
