// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/crypto/secure_memory.hpp"

#include <libp2p/bytes.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace libp2p::crypto::p256 {

/// Octets of a DER SubjectPublicKeyInfo with an uncompressed point.
inline constexpr std::size_t kPublicKeySize = 91;

/// Longest DER ECPrivateKey that is looked at: with parameters and public key it has 121 octets.
inline constexpr std::size_t kMaxPrivateKeySize = 160;

/// Longest DER signature, in octets.
inline constexpr std::size_t kMaxSignatureSize = 72;

using PublicKey = std::array<std::uint8_t, kPublicKeySize>;

/// Whether `der` is the SubjectPublicKeyInfo, in its one canonical form, of a point on the curve.
bool is_public_key(ByteView der) noexcept;

/// ECDSA over SHA-256. False, too, for a key that is none.
[[nodiscard]] bool verify(ByteView key, ByteView message, ByteView signature) noexcept;

/// A private key, ready to sign.
class PrivateKey {
public:
    static PrivateKey generate();

    /// Reads a DER ECPrivateKey (SEC 1) for this curve, all of `der`. Empty when it is none, or when its two halves do
    /// not belong together.
    static std::optional<PrivateKey> parse(ByteView der);

    PrivateKey(PrivateKey&&) noexcept;
    PrivateKey& operator=(PrivateKey&&) noexcept;
    ~PrivateKey();

    /// The DER ECPrivateKey, with parameters and public key.
    SecretBytes encode() const;

    PublicKey public_key() const;

    /// A DER signature.
    Bytes sign(ByteView message) const;

private:
    struct Impl;

    explicit PrivateKey(std::unique_ptr<Impl> impl) noexcept;

    std::unique_ptr<Impl> impl_;
};

}  // namespace libp2p::crypto::p256
