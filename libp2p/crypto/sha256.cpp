// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/sha256.hpp"

#include "libp2p/crypto/boringssl.hpp"

#include <openssl/sha.h>

#include <new>

namespace libp2p::crypto {
namespace {

SHA256_CTX* context(std::array<std::byte, 112>& state) noexcept {
    static_assert(sizeof(SHA256_CTX) == sizeof(state) && alignof(SHA256_CTX) <= 8);
    return std::launder(reinterpret_cast<SHA256_CTX*>(state.data()));
}

}  // namespace

Sha256Digest sha256(ByteView message) noexcept {
    Sha256Digest digest;
    SHA256(message.data(), message.size(), digest.data());
    return digest;
}

Sha256::Sha256() noexcept {
    must(SHA256_Init(::new (state_.data()) SHA256_CTX) == 1);
}

Sha256& Sha256::update(ByteView piece) noexcept {
    must(SHA256_Update(context(state_), piece.data(), piece.size()) == 1);
    return *this;
}

Sha256Digest Sha256::finish() noexcept {
    Sha256Digest digest;
    must(SHA256_Final(digest.data(), context(state_)) == 1);
    must(SHA256_Init(context(state_)) == 1);
    return digest;
}

}  // namespace libp2p::crypto
