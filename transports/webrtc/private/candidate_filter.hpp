// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/webrtc/private/ice_candidate.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>
#include <vector>

namespace libp2p::webrtc {

/// Where an address leads. One of IPv4 that is hidden in one of IPv6 (mapped, compatible, 6to4, NAT64) counts as
/// itself.
enum class AddressScope : std::uint8_t {
    global,
    private_network,  ///< RFC 1918, 100.64.0.0/10, fc00::/7, fec0::/10
    link_local,
    loopback,
    forbidden,  ///< no host: unspecified, multicast, broadcast, reserved
};
AddressScope scope_of(const boost::asio::ip::address& address) noexcept;

/// Decides which of the candidates that a remote sends are contacted. Each makes this host send STUN requests to
/// wherever the remote likes, and the remote is a stranger:
///
/// - never to what is no host, and never to ports below 1024, where services are and no ICE agent is;
/// - to loopback, link-local and private addresses only when we offer the remote one of that kind and family ourselves,
///   as then we may share that network with it; candidates that a TURN server relays have no business there;
/// - to at most `kMaxCandidates` candidates, and `kMaxPorts` ports of one address, so that nobody scans by our hand.
///
/// For one remote. Sans-io.
class CandidateFilter {
public:
    static constexpr std::size_t kMaxCandidates = 32;
    static constexpr std::size_t kMaxPorts = 8;

    enum class Verdict : std::uint8_t {
        contact,
        name,        ///< not an address: one of mDNS, as browsers send them
        transport,   ///< not UDP, or not the only component
        forbidden,   ///< not the address or the port of a host that could be an agent
        not_shared,  ///< loopback, link-local or private, and we offer none of that kind
        repeated,
        too_many,
    };

    /// `local`: the addresses that we offer.
    explicit CandidateFilter(const std::vector<boost::asio::ip::address>& local);

    /// To be asked once for each candidate that has come.
    Verdict check(const IceCandidate& candidate);

    /// Those that were let through.
    std::size_t contacted() const noexcept { return seen_.size(); }

private:
    struct Kind {
        AddressScope scope;
        bool is_v4;
        friend auto operator<=>(const Kind&, const Kind&) = default;
    };

    std::set<Kind> shared_;
    std::set<boost::asio::ip::udp::endpoint> seen_;          // at most kMaxCandidates
    std::map<boost::asio::ip::address, std::size_t> ports_;  // at most kMaxCandidates
};

/// Words for people, "not shared".
std::string_view describe(CandidateFilter::Verdict verdict) noexcept;

}  // namespace libp2p::webrtc
