// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/candidate_filter.hpp"

#include <algorithm>
#include <optional>

namespace libp2p::webrtc {
namespace {

namespace ip = boost::asio::ip;

constexpr std::uint16_t kFirstUserPort = 1024;

bool is_in(const ip::address_v4& address, std::uint32_t network, unsigned bits) noexcept {
    return address.to_uint() >> (32U - bits) == network >> (32U - bits);
}

AddressScope scope_of_v4(const ip::address_v4& address) noexcept {
    if (is_in(address, 0x00000000, 8) || is_in(address, 0xe0000000, 3)) {  // 0.0.0.0/8; 224.0.0.0/4 and 240.0.0.0/4
        return AddressScope::forbidden;
    }
    if (is_in(address, 0x7f000000, 8)) {
        return AddressScope::loopback;
    }
    if (is_in(address, 0xa9fe0000, 16)) {
        return AddressScope::link_local;
    }
    const bool is_private = is_in(address, 0x0a000000, 8) || is_in(address, 0xac100000, 12) ||
                            is_in(address, 0xc0a80000, 16) || is_in(address, 0x64400000, 10);
    return is_private ? AddressScope::private_network : AddressScope::global;
}

ip::address_v4 v4_at(const ip::address_v6::bytes_type& octets, std::size_t offset) noexcept {
    return ip::address_v4({octets[offset], octets[offset + 1], octets[offset + 2], octets[offset + 3]});
}

/// The IPv4 address that packets to `address` end up at.
std::optional<ip::address_v4> hidden_v4(const ip::address_v6& address) noexcept {
    const auto octets = address.to_bytes();
    const auto is_zero = [&](std::size_t first, std::size_t last) {
        return std::all_of(&octets[first], &octets[last], [](auto octet) { return octet == 0; });
    };
    const bool is_mapped = is_zero(0, 10) && octets[10] == 0xff && octets[11] == 0xff;
    const bool is_compatible = is_zero(0, 12) && !address.is_loopback();
    const bool is_nat64 = octets[0] == 0x00 && octets[1] == 0x64 && octets[2] == 0xff && octets[3] == 0x9b;
    if (is_mapped || is_compatible || is_nat64) {
        return v4_at(octets, 12);
    }
    if (octets[0] == 0x20 && octets[1] == 0x02) {  // 6to4
        return v4_at(octets, 2);
    }
    return std::nullopt;
}

/// Where packets to `address` travel in the end.
bool is_v4(const ip::address& address) noexcept {
    return address.is_v4() || hidden_v4(address.to_v6());
}

AddressScope scope_of_v6(const ip::address_v6& address) noexcept {
    if (const auto v4 = hidden_v4(address)) {
        return scope_of_v4(*v4);
    }
    const auto octets = address.to_bytes();
    if (address.is_loopback()) {
        return AddressScope::loopback;
    }
    if (address.is_multicast()) {
        return AddressScope::forbidden;
    }
    if (address.is_link_local()) {
        return AddressScope::link_local;
    }
    const bool is_private = (octets[0] & 0xfeU) == 0xfc || address.is_site_local();
    return is_private ? AddressScope::private_network : AddressScope::global;
}

}  // namespace

AddressScope scope_of(const ip::address& address) noexcept {
    return address.is_v4() ? scope_of_v4(address.to_v4()) : scope_of_v6(address.to_v6());
}

CandidateFilter::CandidateFilter(const std::vector<ip::address>& local) {
    for (const auto& address : local) {
        shared_.insert({scope_of(address), is_v4(address)});
    }
}

CandidateFilter::Verdict CandidateFilter::check(const IceCandidate& candidate) {
    if (!candidate.is_udp || candidate.component != 1) {
        return Verdict::transport;
    }
    if (!candidate.address) {
        return Verdict::name;
    }
    const auto scope = scope_of(*candidate.address);
    if (scope == AddressScope::forbidden || candidate.port < kFirstUserPort) {
        return Verdict::forbidden;
    }
    const bool is_shared =
        candidate.type != IceCandidate::Type::relayed && shared_.contains({scope, is_v4(*candidate.address)});
    if (scope != AddressScope::global && !is_shared) {
        return Verdict::not_shared;
    }
    const ip::udp::endpoint endpoint(*candidate.address, candidate.port);
    if (seen_.contains(endpoint)) {
        return Verdict::repeated;
    }
    if (seen_.size() >= kMaxCandidates || ports_[*candidate.address] >= kMaxPorts) {
        return Verdict::too_many;
    }
    ++ports_[*candidate.address];
    seen_.insert(endpoint);
    return Verdict::contact;
}

std::string_view describe(CandidateFilter::Verdict verdict) noexcept {
    using Verdict = CandidateFilter::Verdict;
    switch (verdict) {
        case Verdict::contact: return "contacted";
        case Verdict::name: return "a name, not an address";
        case Verdict::transport: return "not UDP";
        case Verdict::forbidden: return "no address or port of a peer";
        case Verdict::not_shared: return "of a network that is not offered from here";
        case Verdict::repeated: return "repeated";
        case Verdict::too_many: return "too many";
    }
    return {};
}

}  // namespace libp2p::webrtc
