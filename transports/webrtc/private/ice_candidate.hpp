// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/error.hpp>

#include <boost/asio/ip/udp.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace libp2p::webrtc {

/// Longest candidate that is read, in characters.
inline constexpr std::size_t kMaxCandidateSize = 1024;

/// A way to reach a peer that may work (RFC 8839, 5.1).
struct IceCandidate {
    enum class Type : std::uint8_t { host, server_reflexive, peer_reflexive, relayed };

    std::string foundation;  ///< 1 to 32 of ICE's characters
    std::uint32_t component = 1;
    bool is_udp = true;
    std::uint32_t priority = 0;
    std::optional<boost::asio::ip::address> address;  ///< empty where a name stands, such as one of mDNS
    std::string name;                                 ///< that name; else empty
    std::uint16_t port = 0;
    Type type = Type::host;
    /// What a candidate that is not the host's own was seen from; for people and statistics only.
    std::optional<boost::asio::ip::udp::endpoint> related;

    friend bool operator==(const IceCandidate&, const IceCandidate&) = default;
};

/// Reads "candidate:…", with or without "a=" in front; what stands behind the type is skipped, but for the related
/// address. Fails with `Errc::protocol_violation` for what is no candidate; one that is of no use (a name, TCP, another
/// component) is no error.
result<IceCandidate> parse_ice_candidate(std::string_view text);

/// "candidate:…". The address must not be empty.
std::string to_string(const IceCandidate& candidate);

/// Address and port, or name and port, for people: "192.0.2.1:4001", "[2001:db8::1]:4001".
std::string place_of(const IceCandidate& candidate);

/// The word of the SDP: "host", "srflx", "prflx", "relay".
std::string_view name_of(IceCandidate::Type type) noexcept;

}  // namespace libp2p::webrtc
