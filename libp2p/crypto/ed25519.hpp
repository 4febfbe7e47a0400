// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/crypto/secure_memory.hpp"

#include <libp2p/bytes.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace libp2p::crypto::ed25519 {

inline constexpr std::size_t kSeedSize = 32;
inline constexpr std::size_t kPublicKeySize = 32;
inline constexpr std::size_t kPrivateKeySize = 64;
inline constexpr std::size_t kSignatureSize = 64;

using PublicKey = std::array<std::uint8_t, kPublicKeySize>;
using Signature = std::array<std::uint8_t, kSignatureSize>;

/// The seed, then the public key that follows from it.
using PrivateKey = SecretArray<kPrivateKeySize>;

/// A fresh private key.
PrivateKey generate() noexcept;

/// The private key that `seed` gives.
PrivateKey from_seed(std::span<const std::uint8_t, kSeedSize> seed) noexcept;

Signature sign(const PrivateKey& key, ByteView message) noexcept;

/// False for a signature of another length, too.
[[nodiscard]] bool verify(
    std::span<const std::uint8_t, kPublicKeySize> key, ByteView message, ByteView signature
) noexcept;

}  // namespace libp2p::crypto::ed25519
