// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/crypto/sha256.hpp"
#include "libp2p/crypto/x25519.hpp"
#include "security/noise/handshake_state.hpp"

#include <libp2p/keys.hpp>
#include <libp2p/security.hpp>

#include <array>
#include <optional>

namespace libp2p::noise {

/// Longest handshake message that is accepted: all of its parts at their bounds.
inline constexpr std::size_t kMaxHandshakeMessage = 4096;

/// Remembers which signatures were verified, by a digest of key, text and signature. A peer that connects again shows
/// the same ones as long as its process lives, and verifying is the slowest step of a handshake. Forgets the oldest.
class VerifiedProofs {
public:
    /// Whether `signature` is right; computed unless it is remembered.
    bool verify(const PublicKey& key, ByteView text, ByteView signature);

private:
    static constexpr std::size_t kRemembered = 64;

    std::array<crypto::Sha256Digest, kRemembered> digests_{};
    std::size_t count_ = 0;
};

/// "/noise": the XX handshake, in which both sides prove that their static key belongs to their identity.
///
/// The static key lives as long as the object, and is signed once: a handshake then takes three Diffie-Hellman
/// operations and at most one verification, and the ephemeral key is made while the remote has the word.
class NoiseProtocol final : public SecurityProtocol {
public:
    explicit NoiseProtocol(Identity identity) : NoiseProtocol(std::move(identity), crypto::X25519KeyPair::generate()) {}
    NoiseProtocol(Identity identity, crypto::X25519KeyPair static_key);

    const ProtocolId& id() const noexcept override { return id_; }

    awaitable<result<std::unique_ptr<SecureChannel>>> secure(std::unique_ptr<ByteStream> raw, SecurityOptions options)
        override;

    /// Makes the next handshake use `ephemeral`. For test vectors.
    void use_next(crypto::X25519KeyPair ephemeral) { next_ephemeral_ = std::move(ephemeral); }

private:
    class Handshake;

    crypto::X25519KeyPair take_ephemeral() noexcept;
    void prepare_ephemeral() noexcept;

    Bytes our_payload(const SecurityOptions& options) const;

    awaitable<result<void>> initiate(Handshake& handshake, const SecurityOptions& options);
    awaitable<result<void>> respond(Handshake& handshake, const SecurityOptions& options);

    Identity identity_;
    crypto::X25519KeyPair static_key_;
    Bytes signature_;  // of the static key, by the identity
    std::optional<crypto::X25519KeyPair> next_ephemeral_;
    VerifiedProofs verified_;
    ProtocolId id_ = "/noise";
};

}  // namespace libp2p::noise
