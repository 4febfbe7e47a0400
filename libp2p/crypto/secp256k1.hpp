// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/crypto/secure_memory.hpp"

#include <libp2p/bytes.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace libp2p::crypto::secp256k1 {

inline constexpr std::size_t kPrivateKeySize = 32;
inline constexpr std::size_t kPublicKeySize = 33;

/// Longest DER signature, in octets.
inline constexpr std::size_t kMaxSignatureSize = 72;

/// A point in its compressed form.
using PublicKey = std::array<std::uint8_t, kPublicKeySize>;
using PrivateKey = SecretArray<kPrivateKeySize>;

/// A fresh private key.
PrivateKey generate() noexcept;

/// Whether `key` is a compressed point on the curve.
bool is_public_key(ByteView key) noexcept;

/// The public key of `key`; empty when `key` is zero or not less than the order of the curve.
std::optional<PublicKey> public_key_of(const PrivateKey& key) noexcept;

/// ECDSA over SHA-256, in DER, with the smaller of the two possible S. `key` must be valid.
Bytes sign(const PrivateKey& key, ByteView message);

/// Accepts either S.
[[nodiscard]] bool verify(
    std::span<const std::uint8_t, kPublicKeySize> key, ByteView message, ByteView signature
) noexcept;

}  // namespace libp2p::crypto::secp256k1
