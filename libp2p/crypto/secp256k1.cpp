// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/secp256k1.hpp"

#include "libp2p/crypto/random.hpp"
#include "libp2p/crypto/sha256.hpp"

#include <secp256k1.h>

#include <cstdlib>

namespace libp2p::crypto::secp256k1 {
namespace {

void must(bool succeeded) noexcept {
    if (!succeeded) {
        std::abort();
    }
}

/// One context for the process, blinded once and constant from then on, so that threads may share it. It is never
/// destroyed: static objects of the application may sign until the very end.
const secp256k1_context* context() noexcept {
    static const secp256k1_context* const made = [] {
        auto* fresh = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
        must(fresh != nullptr);
        SecretArray<32> blinding;
        random_bytes(blinding.writable());
        must(secp256k1_context_randomize(fresh, blinding.data()) == 1);
        return fresh;
    }();
    return made;
}

}  // namespace

PrivateKey generate() noexcept {
    PrivateKey key;
    do {
        random_bytes(key.writable());
    } while (secp256k1_ec_seckey_verify(context(), key.data()) != 1);
    return key;
}

bool is_public_key(ByteView key) noexcept {
    secp256k1_pubkey point;
    return key.size() == kPublicKeySize && secp256k1_ec_pubkey_parse(context(), &point, key.data(), key.size()) == 1;
}

std::optional<PublicKey> public_key_of(const PrivateKey& key) noexcept {
    secp256k1_pubkey point;
    if (secp256k1_ec_pubkey_create(context(), &point, key.data()) != 1) {
        return std::nullopt;
    }
    PublicKey compressed;
    std::size_t size = compressed.size();
    must(secp256k1_ec_pubkey_serialize(context(), compressed.data(), &size, &point, SECP256K1_EC_COMPRESSED) == 1);
    return compressed;
}

Bytes sign(const PrivateKey& key, ByteView message) {
    const auto digest = sha256(message);
    secp256k1_ecdsa_signature signature;
    must(secp256k1_ecdsa_sign(context(), &signature, digest.data(), key.data(), nullptr, nullptr) == 1);
    Bytes der(kMaxSignatureSize);
    std::size_t size = der.size();
    must(secp256k1_ecdsa_signature_serialize_der(context(), der.data(), &size, &signature) == 1);
    der.resize(size);
    return der;
}

bool verify(std::span<const std::uint8_t, kPublicKeySize> key, ByteView message, ByteView signature) noexcept {
    secp256k1_pubkey point;
    secp256k1_ecdsa_signature parsed;
    // The library ends the process when it is handed a null pointer, and that is where an empty view may point.
    if (signature.empty() || signature.size() > kMaxSignatureSize ||
        secp256k1_ec_pubkey_parse(context(), &point, key.data(), key.size()) != 1 ||
        secp256k1_ecdsa_signature_parse_der(context(), &parsed, signature.data(), signature.size()) != 1) {
        return false;
    }
    secp256k1_ecdsa_signature_normalize(context(), &parsed, &parsed);
    const auto digest = sha256(message);
    return secp256k1_ecdsa_verify(context(), &parsed, digest.data(), &point) == 1;
}

}  // namespace libp2p::crypto::secp256k1
