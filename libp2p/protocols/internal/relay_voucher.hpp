// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/bytes.hpp>
#include <libp2p/error.hpp>
#include <libp2p/keys.hpp>
#include <libp2p/peer_id.hpp>

#include <array>
#include <chrono>
#include <string_view>

namespace libp2p::relay {

/// A relay's word that it relays for a peer until some time, which the peer can show to others (libp2p specs,
/// relay/circuit-v2, "Reservation Vouchers").
struct Voucher {
    /// What an envelope with a voucher is signed for, and how its payload is named.
    static constexpr std::string_view kDomain = "libp2p-relay-rsvp";
    static constexpr std::array<std::uint8_t, 2> kPayloadType{0x03, 0x02};

    PeerId relay;
    PeerId peer;
    std::chrono::sys_seconds expiration;

    /// The envelope with the voucher; `signer` has to be `relay`.
    Bytes seal(const Identity& signer) const;

    /// Reads an envelope with a voucher. Fails with `Errc::invalid_signature` when the envelope is not right, holds
    /// something else, or was signed by another than the relay that it names.
    static result<Voucher> open(ByteView envelope);

    friend bool operator==(const Voucher&, const Voucher&) = default;
};

/// Whether `envelope` is the word of `relay` to `peer`, good at `now`. Fails with `Errc::invalid_signature` and says
/// what is wrong: forged, by another, for another, or expired.
result<void> check_voucher(
    ByteView envelope, const PeerId& relay, const PeerId& peer, std::chrono::system_clock::time_point now
);

/// The time that a message gives in seconds since 1970; the last one that fits for numbers past it.
std::chrono::sys_seconds to_time(std::uint64_t seconds) noexcept;

}  // namespace libp2p::relay
