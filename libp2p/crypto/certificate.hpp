// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/crypto/p256.hpp"
#include "libp2p/crypto/secure_memory.hpp"
#include "libp2p/crypto/sha256.hpp"

#include <libp2p/bytes.hpp>
#include <libp2p/error.hpp>

#include <chrono>
#include <cstddef>
#include <memory>

namespace libp2p::crypto {

/// A self-signed X.509 v3 certificate (RFC 5280) over an ECDSA P-256 key, signed with SHA-256, and that key: what a
/// DTLS endpoint shows its remote. It says nothing about who made it: subject and issuer are those of a browser's
/// certificate, and the validity is 2020 to 2120 for everybody. Remotes know it by its fingerprint alone.
///
/// A handle: copies share one immutable certificate.
class Certificate {
public:
    /// Largest `encode()` that `parse` looks at, in octets.
    static constexpr std::size_t kMaxEncodedSize = 4096;

    /// When it begins and when it ceases to be valid, UTC.
    static constexpr std::chrono::sys_days kNotBefore{std::chrono::year{2020} / 1 / 1};
    static constexpr std::chrono::sys_days kNotAfter{std::chrono::year{2120} / 1 / 1};

    /// A new key, a random serial number.
    static Certificate generate();

    /// The one certificate that belongs to `secret` (32 octets or more of uniform randomness, for example derived from
    /// a host's private key): the same secret gives the same octets in every run, so that a published fingerprint
    /// outlives a restart. Key and serial number come from HKDF-SHA-256, the signature is RFC 6979's. Nothing of
    /// the secret can be told from the certificate.
    static Certificate from_secret(ByteView secret);

    /// Reads what `encode` wrote, all of `encoded`. Fails with `Errc::invalid_key` when it is anything else, when the
    /// key is not the certificate's, or when the certificate was not signed with it.
    static result<Certificate> parse(ByteView encoded);

    /// The private key (DER ECPrivateKey), then the certificate (DER), in one DER SEQUENCE. To be stored like a key.
    SecretBytes encode() const;

    /// The certificate in DER: what goes over the wire.
    ByteView der() const noexcept;

    /// SHA-256 of `der()`.
    const Sha256Digest& fingerprint() const noexcept;

    /// The key that the certificate is for.
    const p256::PrivateKey& key() const noexcept;

private:
    struct Impl;

    explicit Certificate(std::shared_ptr<const Impl> impl) noexcept;

    std::shared_ptr<const Impl> impl_;
};

}  // namespace libp2p::crypto
