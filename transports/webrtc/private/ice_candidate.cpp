// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/ice_candidate.hpp"

#include "transports/webrtc/private/session_description.hpp"

#include <algorithm>
#include <charconv>

namespace libp2p::webrtc {
namespace {

namespace ip = boost::asio::ip;

using Type = IceCandidate::Type;

constexpr std::size_t kMaxFoundation = 32;
constexpr std::uint32_t kMaxComponent = 256;

Error violation(std::string_view what) {
    return {Errc::protocol_violation, "candidate: " + std::string(what)};
}

class Words {
public:
    explicit Words(std::string_view text) noexcept : rest_(text) {}

    /// Empty at the end.
    std::string_view next() noexcept {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
        const auto word = rest_.substr(0, rest_.find(' '));
        rest_.remove_prefix(word.size());
        return word;
    }

private:
    std::string_view rest_;
};

template <class Number>
std::optional<Number> number(std::string_view text) noexcept {
    Number value = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, value);
    if (failure != std::errc() || stop != end) {
        return std::nullopt;
    }
    return value;
}

bool is_protocol(std::string_view word, std::string_view lower) noexcept {
    return std::ranges::equal(word, lower, {}, [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
}

std::optional<Type> type_of(std::string_view word) noexcept {
    for (const auto type : {Type::host, Type::server_reflexive, Type::peer_reflexive, Type::relayed}) {
        if (word == name_of(type)) {
            return type;
        }
    }
    return std::nullopt;
}

/// Without a zone: that of another machine means nothing here.
std::optional<ip::address> address_of(std::string_view word) {
    boost::system::error_code ec;
    if (word.find('%') != std::string_view::npos) {
        return std::nullopt;
    }
    auto address = ip::make_address(std::string(word), ec);
    return ec ? std::nullopt : std::optional(address);
}

/// raddr and rport, where they are what they should be.
std::optional<ip::udp::endpoint> related_of(Words words) {
    std::optional<ip::address> address;
    std::optional<std::uint16_t> port;
    for (auto name = words.next(); !name.empty(); name = words.next()) {
        const auto value = words.next();
        if (name == "raddr") {
            address = address_of(value);
        } else if (name == "rport") {
            port = number<std::uint16_t>(value);
        }
    }
    return address && port ? std::optional(ip::udp::endpoint(*address, *port)) : std::nullopt;
}

}  // namespace

result<IceCandidate> parse_ice_candidate(std::string_view text) {
    if (text.size() > kMaxCandidateSize) {
        return violation("more than " + std::to_string(kMaxCandidateSize) + " characters");
    }
    if (text.starts_with("a=")) {
        text.remove_prefix(2);
    }
    constexpr std::string_view kPrefix = "candidate:";
    if (!text.starts_with(kPrefix)) {
        return violation("does not begin with candidate:");
    }
    Words words(text.substr(kPrefix.size()));
    IceCandidate candidate;
    candidate.foundation = words.next();
    const auto component = number<std::uint32_t>(words.next());
    const auto protocol = words.next();
    const auto priority = number<std::uint32_t>(words.next());
    const auto host = words.next();
    const auto port = number<std::uint16_t>(words.next());
    const auto typ = words.next();
    const auto type = type_of(words.next());
    if (candidate.foundation.size() > kMaxFoundation || !is_ice_text(candidate.foundation, 1)) {
        return violation("no foundation");
    }
    if (!component || *component == 0 || *component > kMaxComponent || protocol.empty() || !priority || host.empty() ||
        !port) {
        return violation("component, transport, priority, address or port is missing or wrong");
    }
    if (typ != "typ" || !type) {
        return violation("no type");
    }
    candidate.component = *component;
    candidate.is_udp = is_protocol(protocol, "udp");
    candidate.priority = *priority;
    candidate.address = address_of(host);
    if (!candidate.address) {
        candidate.name = host;
    }
    candidate.port = *port;
    candidate.type = *type;
    candidate.related = related_of(words);
    return candidate;
}

std::string to_string(const IceCandidate& candidate) {
    std::string text = "candidate:" + candidate.foundation + " " + std::to_string(candidate.component) +
                       (candidate.is_udp ? " udp " : " tcp ") + std::to_string(candidate.priority) + " " +
                       candidate.address.value().to_string() + " " + std::to_string(candidate.port) + " typ ";
    text += name_of(candidate.type);
    if (const auto& related = candidate.related) {
        text += " raddr " + related->address().to_string() + " rport " + std::to_string(related->port());
    }
    return text;
}

std::string place_of(const IceCandidate& candidate) {
    const auto port = ":" + std::to_string(candidate.port);
    if (!candidate.address) {
        return candidate.name + port;
    }
    const auto address = candidate.address->to_string();
    return (candidate.address->is_v6() ? "[" + address + "]" : address) + port;
}

std::string_view name_of(Type type) noexcept {
    switch (type) {
        case Type::host: return "host";
        case Type::server_reflexive: return "srflx";
        case Type::peer_reflexive: return "prflx";
        case Type::relayed: return "relay";
    }
    return {};
}

}  // namespace libp2p::webrtc
