// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/x25519.hpp"

#include "libp2p/crypto/boringssl.hpp"

#include <openssl/curve25519.h>

namespace libp2p::crypto {

X25519KeyPair X25519KeyPair::generate() noexcept {
    static_assert(kX25519KeySize == X25519_PRIVATE_KEY_LEN && kX25519KeySize == X25519_PUBLIC_VALUE_LEN);
    X25519KeyPair pair;
    X25519_keypair(pair.public_key_.data(), pair.private_key_.data());
    return pair;
}

X25519KeyPair X25519KeyPair::from_private(std::span<const std::uint8_t, kX25519KeySize> private_key) noexcept {
    X25519KeyPair pair;
    pair.private_key_ = Secret32(private_key);
    X25519_public_from_private(pair.public_key_.data(), pair.private_key_.data());
    return pair;
}

result<Secret32> X25519KeyPair::shared_secret(std::span<const std::uint8_t, kX25519KeySize> remote) const noexcept {
    Secret32 secret;
    if (X25519(secret.data(), private_key_.data(), remote.data()) != 1) {
        return Error(Errc::authentication_failed, "the remote's X25519 key gives an all-zero secret");
    }
    return secret;
}

}  // namespace libp2p::crypto
