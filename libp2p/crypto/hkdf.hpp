// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/crypto/secure_memory.hpp"
#include "libp2p/crypto/sha256.hpp"

#include <libp2p/bytes.hpp>

namespace libp2p::crypto {

/// HMAC-SHA-256 of `message`. A key of any length will do.
Sha256Digest hmac_sha256(ByteView key, ByteView message) noexcept;

struct TwoSecrets {
    Secret32 first;
    Secret32 second;
};

/// Noise's HKDF with two outputs (Noise specification, section 4.3): `chaining_key` is the salt, `input` (0 or 32
/// octets in practice) the key material.
TwoSecrets noise_hkdf2(const Secret32& chaining_key, ByteView input) noexcept;

/// HKDF-SHA-256 of RFC 5869, extract and expand, filling `out`. At most 255 * 32 octets can be asked for.
void hkdf_sha256(ByteView salt, ByteView input, ByteView info, MutableByteView out) noexcept;

}  // namespace libp2p::crypto
