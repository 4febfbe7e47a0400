// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/chacha20_poly1305.hpp"

#include "libp2p/crypto/boringssl.hpp"

#include <boost/assert.hpp>

#include <openssl/aead.h>
#include <openssl/err.h>

#include <new>

namespace libp2p::crypto {
namespace {

constexpr std::size_t kContextSize = 600;

const EVP_AEAD_CTX* context(const std::array<std::byte, kContextSize>& storage) noexcept {
    static_assert(sizeof(EVP_AEAD_CTX) == kContextSize && alignof(EVP_AEAD_CTX) <= 8);
    return std::launder(reinterpret_cast<const EVP_AEAD_CTX*>(storage.data()));
}

EVP_AEAD_CTX* context(std::array<std::byte, kContextSize>& storage) noexcept {
    return std::launder(reinterpret_cast<EVP_AEAD_CTX*>(storage.data()));
}

using Nonce = std::array<std::uint8_t, 12>;

Nonce nonce_of(std::uint64_t counter) noexcept {
    Nonce nonce{};
    for (std::size_t i = 0; i < sizeof counter; ++i) {
        nonce[4 + i] = static_cast<std::uint8_t>(counter >> (8 * i));
    }
    return nonce;
}

MutableByteView octets(std::array<std::byte, kContextSize>& storage) noexcept {
    return {reinterpret_cast<std::uint8_t*>(storage.data()), storage.size()};
}

}  // namespace

ChaCha20Poly1305::ChaCha20Poly1305(std::span<const std::uint8_t, kKeySize> key) noexcept {
    auto* made = ::new (context_.data()) EVP_AEAD_CTX;
    must(EVP_AEAD_CTX_init(made, EVP_aead_chacha20_poly1305(), key.data(), key.size(), kTagSize, nullptr) == 1);
}

// The context of this cipher holds the key and constants, and no pointer into itself, so moving is copying the octets.
ChaCha20Poly1305::ChaCha20Poly1305(ChaCha20Poly1305&& other) noexcept : context_(other.context_) {
    secure_wipe(octets(other.context_));
}

ChaCha20Poly1305& ChaCha20Poly1305::operator=(ChaCha20Poly1305&& other) noexcept {
    if (this != &other) {
        context_ = other.context_;
        secure_wipe(octets(other.context_));
    }
    return *this;
}

ChaCha20Poly1305::~ChaCha20Poly1305() {
    EVP_AEAD_CTX_cleanup(context(context_));
    secure_wipe(octets(context_));
}

void ChaCha20Poly1305::seal(std::uint64_t counter, ByteView associated, ByteView plaintext, MutableByteView sealed)
    const noexcept {
    BOOST_ASSERT(sealed.size() == plaintext.size() + kTagSize);
    const auto nonce = nonce_of(counter);
    std::size_t written = 0;
    must(
        EVP_AEAD_CTX_seal(
            context(context_),
            sealed.data(),
            &written,
            sealed.size(),
            nonce.data(),
            nonce.size(),
            plaintext.data(),
            plaintext.size(),
            associated.data(),
            associated.size()
        ) == 1
    );
    BOOST_ASSERT(written == sealed.size());
}

bool ChaCha20Poly1305::open(std::uint64_t counter, ByteView associated, ByteView sealed, MutableByteView plaintext)
    const noexcept {
    if (sealed.size() < kTagSize) {
        return false;
    }
    const auto body = sealed.first(sealed.size() - kTagSize);
    const auto tag = sealed.last(kTagSize);
    BOOST_ASSERT(plaintext.size() == body.size());
    const auto nonce = nonce_of(counter);
    const bool fits = EVP_AEAD_CTX_open_gather(
                          context(context_),
                          plaintext.data(),
                          nonce.data(),
                          nonce.size(),
                          body.data(),
                          body.size(),
                          tag.data(),
                          tag.size(),
                          associated.data(),
                          associated.size()
                      ) == 1;
    if (!fits) {
        ERR_clear_error();  // or a TLS connection of this thread finds it and takes it for its own
    }
    return fits;
}

bool ChaCha20Poly1305::open_in_place(std::uint64_t counter, ByteView associated, MutableByteView sealed)
    const noexcept {
    if (sealed.size() < kTagSize) {
        return false;
    }
    return open(counter, associated, sealed, sealed.first(sealed.size() - kTagSize));
}

}  // namespace libp2p::crypto
