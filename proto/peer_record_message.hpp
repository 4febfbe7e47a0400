// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "proto/bytes.hpp"
#include "proto/decode_error.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace libp2p::proto {

/// Largest record that is looked at, in octets, and most entries of its list: more than that make a record no record,
/// because empty entries take many times more memory than octets on the wire.
inline constexpr std::size_t kMaxPeerRecordMessageSize = 64 * 1024;
inline constexpr std::size_t kMaxPeerRecordEntries = 1024;

/// What the message `PeerRecord` (peer_record.proto) carries, field by field and not interpreted.
struct PeerRecordMessage {
    Bytes peer_id;
    std::uint64_t sequence = 0;
    std::vector<Bytes> addresses;

    friend bool operator==(const PeerRecordMessage&, const PeerRecordMessage&) = default;
};

/// The message. The same content always gives the same octets.
Bytes encode(const PeerRecordMessage& message);

/// Reads the message; fields that are missing are empty or zero, unknown ones are passed over. Fails with `too_long` or
/// `malformed`.
DecodeResult<PeerRecordMessage> decode_peer_record_message(ByteView in);

}  // namespace libp2p::proto
