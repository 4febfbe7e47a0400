// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "proto/bytes.hpp"
#include "proto/decode_error.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// The messages of circuit relay v2 (libp2p specs, relay/circuit-v2), field by field and not interpreted.
namespace libp2p::relay {

/// Largest hop or stop message that is read or sent, in octets, without its length prefix.
inline constexpr std::size_t kMaxMessageSize = 4096;

/// Most addresses of one list that are kept; a message with more is none.
inline constexpr std::size_t kMaxMessageAddresses = 64;

/// How a request ended. Others than these may come from a peer.
enum class Status : std::uint32_t {
    unused = 0,
    ok = 100,
    reservation_refused = 200,
    resource_limit_exceeded = 201,
    permission_denied = 202,
    connection_failed = 203,
    no_reservation = 204,
    malformed_message = 400,
    unexpected_message = 401,
};

/// The name that the specification gives: "NO_RESERVATION (204)"; "status 7" for one it does not know.
std::string to_string(Status status);

enum class HopType : std::uint32_t { reserve = 0, connect = 1, status = 2 };
enum class StopType : std::uint32_t { connect = 0, status = 1 };

struct PeerMessage {
    proto::Bytes id;                      ///< of a peer
    std::vector<proto::Bytes> addresses;  ///< multiaddrs

    friend bool operator==(const PeerMessage&, const PeerMessage&) = default;
};

struct ReservationMessage {
    std::optional<std::uint64_t> expire;  ///< seconds since 1970, UTC
    std::vector<proto::Bytes> addresses;  ///< multiaddrs of the relay, ending in /p2p, without /p2p-circuit
    std::optional<proto::Bytes> voucher;  ///< a signed envelope

    friend bool operator==(const ReservationMessage&, const ReservationMessage&) = default;
};

/// Absent and zero both mean that there is no limit.
struct LimitMessage {
    std::optional<std::uint32_t> duration;  ///< seconds; js-libp2p sends milliseconds
    std::optional<std::uint64_t> data;      ///< octets each way

    bool is_unlimited() const noexcept { return duration.value_or(0) == 0 && data.value_or(0) == 0; }

    friend bool operator==(const LimitMessage&, const LimitMessage&) = default;
};

/// Between a client and its relay.
struct HopMessage {
    std::optional<HopType> type;  ///< has to be there; others than the named ones may come
    std::optional<PeerMessage> peer;
    std::optional<ReservationMessage> reservation;
    std::optional<LimitMessage> limit;
    std::optional<Status> status;

    friend bool operator==(const HopMessage&, const HopMessage&) = default;
};

/// Between a relay and the peer that reserved there.
struct StopMessage {
    std::optional<StopType> type;  ///< has to be there; others than the named ones may come
    std::optional<PeerMessage> peer;
    std::optional<LimitMessage> limit;
    std::optional<Status> status;

    friend bool operator==(const StopMessage&, const StopMessage&) = default;
};

/// What the envelope of a reservation holds.
struct VoucherMessage {
    std::optional<proto::Bytes> relay;        ///< id of the peer that relays
    std::optional<proto::Bytes> peer;         ///< id of the peer that reserved
    std::optional<std::uint64_t> expiration;  ///< seconds since 1970, UTC

    friend bool operator==(const VoucherMessage&, const VoucherMessage&) = default;
};

/// Each message without a length prefix. The same content always gives the same octets.
proto::Bytes encode(const HopMessage& message);
proto::Bytes encode(const StopMessage& message);
proto::Bytes encode(const VoucherMessage& message);

/// Read one message; unknown fields are passed over. Fail with `malformed`, or with `too_long` for more than
/// `kMaxMessageSize` octets or `kMaxMessageAddresses` addresses.
proto::DecodeResult<HopMessage> decode_hop_message(proto::ByteView in);
proto::DecodeResult<StopMessage> decode_stop_message(proto::ByteView in);
proto::DecodeResult<VoucherMessage> decode_voucher_message(proto::ByteView in);

}  // namespace libp2p::relay
