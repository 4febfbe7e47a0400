// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/bytes.hpp>
#include <libp2p/error.hpp>
#include <libp2p/multiaddr.hpp>
#include <libp2p/peer_id.hpp>
#include <libp2p/signed_envelope.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace libp2p {

/// Where a peer says it can be reached. Signed by that peer, it can be believed whoever passes it on.
struct PeerRecord {
    /// What an envelope with a record is signed for, and how its payload is named.
    static constexpr std::string_view kDomain = "libp2p-peer-record";
    static constexpr std::array<std::uint8_t, 2> kPayloadType{0x03, 0x01};

    /// Most addresses that are read from a record, or written to one; later ones are left out.
    static constexpr std::size_t kMaxAddresses = 256;

    PeerId peer;
    std::uint64_t sequence = 0;  ///< a later record of the same peer has a larger one; equal means the same record
    std::vector<Multiaddr> addresses;

    /// Reads the message `PeerRecord`. Addresses that cannot be read are passed over, as are unknown fields. Fails with
    /// `Errc::invalid_signature` when the octets are no record, or more than `kMaxEnvelopeSize`.
    static result<PeerRecord> decode(ByteView message);

    /// The message `PeerRecord`, always the same octets for the same record.
    Bytes encode() const;

    /// The record in an envelope, signed by the peer itself: `signer` has to be `peer`.
    SignedEnvelope seal(const Identity& signer) const;

    /// Reads an envelope with a record. Fails with `Errc::invalid_signature` when the envelope is not right, holds
    /// something else, or was signed by another than the peer it is about.
    static result<PeerRecord> open(ByteView envelope);

    friend bool operator==(const PeerRecord&, const PeerRecord&) = default;
};

/// A sequence for the next record: nanoseconds since 1970, but always more than `last`, so that a clock set back does
/// no harm.
std::uint64_t next_record_sequence(
    std::uint64_t last, std::chrono::system_clock::time_point now = std::chrono::system_clock::now()
) noexcept;

}  // namespace libp2p
