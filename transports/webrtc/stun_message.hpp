// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/bytes.hpp>

#include <boost/asio/ip/udp.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

// The STUN of ICE's connectivity checks (RFC 8489, RFC 8445): Binding requests and their answers, with short-term
// credentials and FINGERPRINT. Everything here is a function of its arguments: no state, no clock, no sockets. What is
// read is borrowed from the datagram. Datagrams may be anything, of any size.

namespace libp2p::webrtc {

using Endpoint = boost::asio::ip::udp::endpoint;

enum class DatagramKind : std::uint8_t { stun, dtls, other };

/// What the first octet says (RFC 7983). An empty datagram is `other`.
DatagramKind classify(ByteView datagram) noexcept;

/// `endpoint`, as IPv4 if it is an IPv4-mapped IPv6 address: a socket for both families reports those.
Endpoint unmapped(const Endpoint& endpoint) noexcept;

using TransactionId = std::array<std::uint8_t, 12>;

/// Which of the two decides. RFC 8445, 6.1.1.
enum class IceRole : std::uint8_t { controlling, controlled };

/// A request that was verified.
struct BindingRequest {
    TransactionId transaction{};
    std::string_view username;
    std::uint32_t priority = 0;     ///< 0 when there is none
    std::optional<IceRole> role;    ///< what the sender takes itself for
    std::uint64_t tie_breaker = 0;  ///< with the role
    bool use_candidate = false;
};

/// The USERNAME of a Binding request whose attributes are well-formed, not verified in any way. Empty for all else:
/// other messages, indications, answers, cut ones, no or two user names, no MESSAGE-INTEGRITY. The sender of a request
/// who is known from here is looked up, or turned away, before a hash is computed.
std::optional<std::string_view> peek_username(ByteView datagram) noexcept;

/// Reads a Binding request and verifies its MESSAGE-INTEGRITY with `password`, and its FINGERPRINT if it has one.
/// Unknown attributes that may be ignored are; a request with others is not for us.
std::optional<BindingRequest> read_binding_request(ByteView datagram, std::string_view password) noexcept;

/// The largest of the messages below, for user names of `kMaxUsernameSize`.
inline constexpr std::size_t kMaxStunSent = 640;

/// The size of a success response to IPv4 and IPv6.
inline constexpr std::size_t kBindingResponseSize4 = 64;
inline constexpr std::size_t kBindingResponseSize6 = 76;

/// Writes the success response for a request that came from `source`. Returns its size, 0 when `out` is too small.
std::size_t write_binding_response(
    MutableByteView out, const TransactionId& transaction, const Endpoint& source, std::string_view password
) noexcept;

inline constexpr int kRoleConflict = 487;

/// Writes the error response 487, "Role Conflict". Returns its size, 0 when `out` is too small.
std::size_t write_role_conflict(
    MutableByteView out, const TransactionId& transaction, std::string_view password
) noexcept;

/// Writes a Binding request as `request` says; its role has to be set. Returns its size, 0 when `out` is too small.
std::size_t write_binding_request(
    MutableByteView out, const BindingRequest& request, std::string_view password
) noexcept;

/// What came back.
struct BindingResponse {
    Endpoint mapped;     ///< where the remote saw the request come from
    int error_code = 0;  ///< 0 for success; then `mapped` is set
};

/// The transaction of a Binding success or error response, unverified. Empty for all else.
std::optional<TransactionId> peek_response(ByteView datagram) noexcept;

/// Reads the answer to a request of ours. `transaction` has to be its, and `password` the one that signed the request:
/// a response without a good MESSAGE-INTEGRITY is none.
std::optional<BindingResponse> read_binding_response(
    ByteView datagram, const TransactionId& transaction, std::string_view password
) noexcept;

}  // namespace libp2p::webrtc
