// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/crypto/secure_memory.hpp"

#include <libp2p/bytes.hpp>
#include <libp2p/error.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace libp2p::crypto {

inline constexpr std::size_t kX25519KeySize = 32;

using X25519PublicKey = std::array<std::uint8_t, kX25519KeySize>;

/// A Diffie-Hellman key pair on Curve25519. The private half is wiped with the object.
class X25519KeyPair {
public:
    /// A fresh pair from the process's generator.
    static X25519KeyPair generate() noexcept;

    /// The pair of a private key that is known already: a static key that was stored, a test vector.
    static X25519KeyPair from_private(std::span<const std::uint8_t, kX25519KeySize> private_key) noexcept;

    const X25519PublicKey& public_key() const noexcept { return public_key_; }
    const Secret32& private_key() const noexcept { return private_key_; }

    /// The secret shared with the owner of `remote`. Fails with `Errc::authentication_failed` when it comes out as
    /// zeros, which means that the remote sent a point of small order.
    result<Secret32> shared_secret(std::span<const std::uint8_t, kX25519KeySize> remote) const noexcept;

private:
    X25519KeyPair() noexcept = default;

    Secret32 private_key_;
    X25519PublicKey public_key_{};
};

}  // namespace libp2p::crypto
