// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/crypto/secure_memory.hpp"

#include <libp2p/bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace libp2p::crypto::rsa {

/// Bits of the modulus, at least and at most.
inline constexpr std::size_t kMinBits = 2048;
inline constexpr std::size_t kMaxBits = 8192;

/// Largest public exponent; the smallest is 3. Nearly everybody uses 65537.
inline constexpr std::uint64_t kMaxExponent = 0x7fff'ffff;

/// Largest DER SubjectPublicKeyInfo and PKCS #1 RSAPrivateKey that are looked at, in octets: 8192 bits fit.
inline constexpr std::size_t kMaxPublicKeySize = 1072;
inline constexpr std::size_t kMaxPrivateKeySize = 4780;

/// Why a key is refused.
enum class KeyProblem {
    none,
    too_long,   ///< more octets than the largest key allowed has
    malformed,  ///< not the DER it should be
    modulus,    ///< fewer than `kMinBits`, more than `kMaxBits`, or even
    exponent,   ///< even, less than 3 or more than `kMaxExponent`
    numbers,    ///< the numbers of a private key do not belong together
};

/// What is wrong with `der` as a SubjectPublicKeyInfo in its one canonical form. Looks at octets only, computes
/// nothing.
KeyProblem check_public_key(ByteView der) noexcept;

/// PKCS #1 v1.5 over SHA-256. False, too, for a key that `check_public_key` refuses.
[[nodiscard]] bool verify(ByteView key, ByteView message, ByteView signature) noexcept;

/// A private key, ready to sign.
class PrivateKey {
public:
    static PrivateKey generate(std::size_t bits);

    /// Reads a DER RSAPrivateKey (PKCS #1), all of `der`. Sizes are checked before anything is computed with the
    /// numbers. Empty when it is refused; `problem` then says why.
    static std::optional<PrivateKey> parse(ByteView der, KeyProblem& problem);

    PrivateKey(PrivateKey&&) noexcept;
    PrivateKey& operator=(PrivateKey&&) noexcept;
    ~PrivateKey();

    /// The DER RSAPrivateKey.
    SecretBytes encode() const;

    /// The DER SubjectPublicKeyInfo.
    Bytes public_key() const;

    Bytes sign(ByteView message) const;

private:
    struct Impl;

    explicit PrivateKey(std::unique_ptr<Impl> impl) noexcept;

    std::unique_ptr<Impl> impl_;
};

}  // namespace libp2p::crypto::rsa
