// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/bytes.hpp>
#include <libp2p/error.hpp>
#include <libp2p/peer_id.hpp>
#include <libp2p/secret_bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace libp2p {

/// The kinds of identity keys, with their numbers on the wire.
enum class KeyType : std::uint8_t {
    rsa = 0,        ///< 2048 to 8192 bits, PKCS #1 v1.5 signatures over SHA-256
    ed25519 = 1,    ///< the one every peer speaks
    secp256k1 = 2,  ///< ECDSA over SHA-256, as Ethereum and Bitcoin have it
    ecdsa = 3,      ///< ECDSA over SHA-256 on the curve P-256
};

/// "rsa", "ed25519", "secp256k1" or "ecdsa".
std::string_view to_string(KeyType type) noexcept;

/// The type with that name, if there is one.
std::optional<KeyType> key_type_of(std::string_view name) noexcept;

/// Bits of an RSA modulus, at least and at most. Keys outside are refused before anything is computed with them.
inline constexpr std::size_t kMinRsaBits = 2048;
inline constexpr std::size_t kMaxRsaBits = 8192;

/// Bits of the RSA keys that we make.
inline constexpr std::size_t kGeneratedRsaBits = 2048;

/// Largest encoding of a public and of a private key that is looked at, in octets: what an RSA key of `kMaxRsaBits`
/// needs.
inline constexpr std::size_t kMaxPublicKeySize = 1088;
inline constexpr std::size_t kMaxPrivateKeySize = 4800;

/// A public key that has been checked: its numbers are in range, its point is on its curve. Immutable, cheap to copy.
class PublicKey {
public:
    // No move operations: what they would leave behind would be no key, and copying costs next to nothing.
    PublicKey(const PublicKey&) noexcept = default;
    PublicKey& operator=(const PublicKey&) noexcept = default;
    ~PublicKey() = default;

    /// Reads libp2p's protobuf message `PublicKey`. There is one right encoding of each key, because peer ids are
    /// digests of it; any other fails with `Errc::invalid_key`, and so does a key that is not one.
    static result<PublicKey> decode(ByteView message);

    /// Makes a key of what the message carries: 32 octets (Ed25519), a compressed point (secp256k1), a DER
    /// SubjectPublicKeyInfo (RSA, ECDSA). Fails with `Errc::invalid_key`.
    static result<PublicKey> from_raw(KeyType type, ByteView data);

    KeyType type() const noexcept;

    /// The message `PublicKey`, which is what peer ids are made of. Lives as long as this object or a copy of it.
    ByteView encoded() const noexcept;

    /// What is in the message: see `from_raw`.
    ByteView data() const noexcept;

    /// Whether `signature` was made over `message` by the owner of the private half.
    [[nodiscard]] bool verify(ByteView message, ByteView signature) const noexcept;

    /// The name of the owner.
    PeerId peer_id() const noexcept { return PeerId::from_public_key(*this); }

    friend bool operator==(const PublicKey& a, const PublicKey& b) noexcept;

private:
    explicit PublicKey(std::shared_ptr<const Bytes> encoded) noexcept : encoded_(std::move(encoded)) {}

    std::shared_ptr<const Bytes> encoded_;  // immutable, so that copies may share it
};

/// A private key. Moves, and is copied only by name; its octets are wiped from memory when it dies.
class PrivateKey {
public:
    /// A fresh key from the process's generator. RSA takes a good part of a second.
    static PrivateKey generate(KeyType type = KeyType::ed25519);

    /// Reads libp2p's protobuf message `PrivateKey`, the content of a key file, also with the 96 octets that old
    /// libraries wrote for Ed25519. Fails with `Errc::invalid_key`.
    static result<PrivateKey> decode(ByteView message);

    PrivateKey(PrivateKey&&) noexcept;
    PrivateKey& operator=(PrivateKey&&) noexcept;
    PrivateKey(const PrivateKey&) = delete;
    PrivateKey& operator=(const PrivateKey&) = delete;
    ~PrivateKey();

    PrivateKey clone() const;

    KeyType type() const noexcept;
    const PublicKey& public_key() const noexcept;

    /// The message `PrivateKey`, in today's form.
    SecretBytes encode() const;

    /// A signature that `PublicKey::verify` accepts. The signatures of Ed25519 and RSA depend on `message` alone.
    Bytes sign(ByteView message) const;

private:
    struct State;

    explicit PrivateKey(std::unique_ptr<State> state) noexcept;

    std::unique_ptr<State> state_;
};

/// Who we are: a key pair and the peer id that follows from it. Immutable; copies share the one key, so that passing an
/// identity around is cheap and its secret stays in one place.
class Identity {
public:
    /// A new identity.
    static Identity generate(KeyType type = KeyType::ed25519);

    explicit Identity(PrivateKey key);

    // No move operations, as with `PublicKey`.
    Identity(const Identity&) noexcept = default;
    Identity& operator=(const Identity&) noexcept = default;
    ~Identity() = default;

    const PeerId& peer_id() const noexcept;
    const PublicKey& public_key() const noexcept;
    const PrivateKey& private_key() const noexcept;

    /// See `PrivateKey::sign`.
    Bytes sign(ByteView message) const { return private_key().sign(message); }

private:
    struct State;

    std::shared_ptr<const State> state_;  // shared by the host, its security protocols and the application
};

}  // namespace libp2p
