// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace libp2p::noise {

/// Largest payload that is accepted: the key and signature of an 8192-bit RSA identity, and extensions.
inline constexpr std::size_t kMaxPayloadSize = 4000;

/// Bounds for the parts of a payload. More in a list, or longer entries, make it unacceptable.
inline constexpr std::size_t kMaxIdentityKeySize = 1200;
inline constexpr std::size_t kMaxIdentitySignatureSize = 1100;
inline constexpr std::size_t kMaxStreamMuxers = 32;
inline constexpr std::size_t kMaxStreamMuxerSize = 128;
inline constexpr std::size_t kMaxCerthashes = 16;
inline constexpr std::size_t kMaxCerthashSize = 128;

/// What each side proves, and offers, inside of the handshake.
struct Payload {
    using Octets = std::vector<std::uint8_t>;

    Octets identity_key;                     ///< a PublicKey message
    Octets identity_signature;               ///< by that key, over the sender's static key
    std::vector<Octets> certhashes;          ///< WebTransport: multihashes of the responder's certificates
    std::vector<std::string> stream_muxers;  ///< best first; empty stands for "says nothing", as in an older peer

    friend bool operator==(const Payload&, const Payload&) = default;
};

/// The extensions are left out when there is nothing in them.
Payload::Octets encode(const Payload& payload);

/// Empty for octets that are not such a message, lack the key or the signature, or go past a bound. Unknown fields are
/// skipped.
std::optional<Payload> decode_payload(std::span<const std::uint8_t> octets);

}  // namespace libp2p::noise
