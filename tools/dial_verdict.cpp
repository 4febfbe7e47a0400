// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/dial_verdict.hpp"

#include "transports/webrtc/private/candidate_filter.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

namespace libp2p::tools {
namespace {

using webrtc::AddressScope;

std::string seconds(std::chrono::nanoseconds time) {
    std::array<char, 32> text{};
    (void)std::snprintf(text.data(), text.size(), "%.1f s", std::chrono::duration<double>(time).count());
    return text.data();
}

/// What stands before the port.
std::string_view host_of(std::string_view place) noexcept {
    auto host = place.substr(0, place.rfind(':'));
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    }
    return host;
}

/// Of what is no address, the wide world.
AddressScope scope_of(const std::string& place) {
    boost::system::error_code ec;
    const auto address = boost::asio::ip::make_address(std::string(host_of(place)), ec);
    return ec ? AddressScope::global : webrtc::scope_of(address);
}

bool has_type(const std::vector<DialFacts::Candidate>& candidates, std::string_view type) {
    return std::ranges::any_of(candidates, [&](const auto& candidate) { return candidate.type == type; });
}

/// A STUN server has seen an address that no interface of this machine has.
bool is_behind_nat(const std::vector<DialFacts::Candidate>& ours) {
    const auto is_own = [&](const DialFacts::Candidate& seen) {
        return std::ranges::any_of(ours, [&](const auto& own) {
            return own.type == "host" && host_of(own.place) == host_of(seen.place);
        });
    };
    return std::ranges::any_of(ours, [&](const auto& seen) { return seen.type == "srflx" && !is_own(seen); });
}

std::string ends_of(const DialFacts::Pair& pair) {
    return pair.local.place + " <-> " + pair.remote.place;
}

DialVerdict over_pair(const DialFacts& facts) {
    const auto& pair = *facts.pair;
    if (pair.local.type == "relay" || pair.remote.type == "relay") {
        const std::string whose = pair.local.type == "relay" ? "a TURN server of ours" : "the peer's TURN server";
        return {
            DialVerdict::Path::turn,
            "through " + whose + ": " + ends_of(pair) + ", because no pair of candidates worked without one"
        };
    }
    const auto scope = scope_of(pair.remote.place);
    if (pair.remote.type == "host" && scope != AddressScope::global) {
        const auto* where =
            scope == AddressScope::loopback ? "both peers are on this machine" : "both peers are in one network";
        return {DialVerdict::Path::direct, "direct, without a NAT between: " + ends_of(pair) + ", because " + where};
    }
    const bool through_ours = is_behind_nat(facts.ours) || pair.local.type != "host";
    const bool through_theirs = pair.remote.type != "host";
    if (!through_theirs) {
        return {
            DialVerdict::Path::direct,
            (through_ours ? "direct through our NAT: " : "direct, without a NAT between: ") + ends_of(pair) +
                ", because the peer's own address can be reached from here"
        };
    }
    const char* why =
        "the peer's NAT shows one port to everybody, and each side's checks opened the way for the other's";
    if (pair.local.type == "prflx") {
        why = "our NAT has opened a port for this peer alone, and the peer's lets any port of ours in";
    } else if (pair.remote.type == "prflx") {
        why = "the peer's checks came from a port that its NAT has opened for us alone, and were let in";
    }
    return {
        DialVerdict::Path::direct,
        (through_ours ? "direct through both NATs: " : "direct through the peer's NAT: ") + ends_of(pair) +
            ", because " + why
    };
}

/// Why no pair of candidates has worked, `within` some time.
std::string why_not_direct(const DialFacts& facts, const std::string& within = {}) {
    if (facts.ours.empty()) {
        return "there was nothing to offer the peer";
    }
    if (facts.theirs.empty()) {
        return "the peer has offered no candidate";
    }
    const auto contacted = std::ranges::count_if(facts.theirs, &DialFacts::Candidate::contacted);
    if (contacted == 0) {
        return "each of the peer's " + std::to_string(facts.theirs.size()) + " candidates was left out";
    }
    std::string why = "no pair of our " + std::to_string(facts.ours.size()) + " and the peer's " +
                      std::to_string(contacted) + " candidates worked" + within;
    if (!has_type(facts.ours, "srflx")) {
        why += facts.arranged->stun_asked ? " and our STUN server has told us no address"
                                          : "; without a STUN server (--stun) nobody outside knows ours";
    } else if (!has_type(facts.theirs, "srflx") && !has_type(facts.theirs, "prflx")) {
        why += "; the peer has offered no address outside of its network";
    } else {
        why += ": a NAT that gives each remote another port, or UDP that is blocked; a TURN server would help (--turn)";
    }
    return why;
}

std::string why_relayed(const DialFacts& facts, std::chrono::nanoseconds time) {
    if (!facts.arranged) {
        return "the address asks for nothing else: it does not end in /webrtc";
    }
    if (!facts.arranged->failure.empty()) {
        return facts.arranged->answered ? why_not_direct(facts) + " (" + facts.arranged->failure + ")"
                                        : facts.arranged->failure;
    }
    const auto within = " within " + seconds(time - facts.arranged->begun);
    return facts.arranged->answered ? why_not_direct(facts, within) : "the peer did not answer our offer" + within;
}

}  // namespace

const char* name_of(DialVerdict::Path path) noexcept {
    switch (path) {
        case DialVerdict::Path::direct: return "direct";
        case DialVerdict::Path::turn: return "turn";
        case DialVerdict::Path::relayed: return "relayed";
        case DialVerdict::Path::none: return "none";
    }
    return "none";
}

DialVerdict verdict_on(const DialFacts& facts, const DialledConnection& connection, std::chrono::nanoseconds time) {
    if (connection.transport == "webrtc" && facts.pair) {
        return over_pair(facts);
    }
    if (connection.transport == "relay") {
        const std::string limit = connection.limited ? "relayed, under the relay's limit, " : "relayed, ";
        return {
            DialVerdict::Path::relayed, limit + "over " + connection.remote + ", because " + why_relayed(facts, time)
        };
    }
    const auto* why = facts.addresses > 1 ? "this address answered first" : "its address can be reached from here";
    return {
        DialVerdict::Path::direct, "direct over " + connection.transport + ": " + connection.remote + ", because " + why
    };
}

DialVerdict verdict_on(const DialFacts& facts, const std::string& error) {
    auto words = "no path: " + error;
    if (facts.arranged && facts.arranged->answered && !facts.pair) {
        words += "; " + why_not_direct(facts);
    }
    return {DialVerdict::Path::none, std::move(words)};
}

}  // namespace libp2p::tools
