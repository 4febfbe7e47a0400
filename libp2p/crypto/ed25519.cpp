// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/ed25519.hpp"

#include "libp2p/crypto/boringssl.hpp"

#include <openssl/curve25519.h>

namespace libp2p::crypto::ed25519 {

PrivateKey generate() noexcept {
    PublicKey public_key;
    PrivateKey key;
    ED25519_keypair(public_key.data(), key.data());
    return key;
}

PrivateKey from_seed(std::span<const std::uint8_t, kSeedSize> seed) noexcept {
    PublicKey public_key;
    PrivateKey key;
    ED25519_keypair_from_seed(public_key.data(), key.data(), seed.data());
    return key;
}

Signature sign(const PrivateKey& key, ByteView message) noexcept {
    Signature signature;
    must(ED25519_sign(signature.data(), message.data(), message.size(), key.data()) == 1);
    return signature;
}

bool verify(std::span<const std::uint8_t, kPublicKeySize> key, ByteView message, ByteView signature) noexcept {
    return signature.size() == kSignatureSize &&
           ED25519_verify(message.data(), message.size(), signature.data(), key.data()) == 1;
}

}  // namespace libp2p::crypto::ed25519
