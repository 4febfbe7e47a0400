// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/p256.hpp"

#include "libp2p/crypto/boringssl.hpp"
#include "libp2p/crypto/sha256.hpp"

#include <openssl/bytestring.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/nid.h>

#include <algorithm>

namespace libp2p::crypto::p256 {
namespace {

/// A SubjectPublicKeyInfo up to the point: algorithm id-ecPublicKey, parameters prime256v1, a bit string of 65 octets.
constexpr std::array<std::uint8_t, 26> kSpkiPrefix{0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                                   0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                                   0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
constexpr std::size_t kPointSize = 65;
constexpr std::uint8_t kUncompressed = 0x04;

bssl::UniquePtr<EC_KEY> new_key() {
    bssl::UniquePtr<EC_KEY> key(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
    must(key != nullptr);
    return key;
}

/// Null when `der` is no public key.
bssl::UniquePtr<EC_KEY> parse_public_key(ByteView der) {
    if (der.size() != kPublicKeySize || !std::equal(kSpkiPrefix.begin(), kSpkiPrefix.end(), der.begin()) ||
        der[kSpkiPrefix.size()] != kUncompressed) {
        return nullptr;
    }
    auto key = new_key();
    const auto* curve = EC_KEY_get0_group(key.get());
    const bssl::UniquePtr<EC_POINT> point(EC_POINT_new(curve));
    must(point != nullptr);
    if (EC_POINT_oct2point(curve, point.get(), der.data() + kSpkiPrefix.size(), kPointSize, nullptr) != 1) {
        ERR_clear_error();
        return nullptr;
    }
    must(EC_KEY_set_public_key(key.get(), point.get()) == 1);
    return key;
}

}  // namespace

struct PrivateKey::Impl {
    bssl::UniquePtr<EC_KEY> key;
};

bool is_public_key(ByteView der) noexcept {
    return parse_public_key(der) != nullptr;
}

bool verify(ByteView key, ByteView message, ByteView signature) noexcept {
    const auto parsed = parse_public_key(key);
    if (parsed == nullptr || signature.size() > kMaxSignatureSize) {
        return false;
    }
    const auto digest = sha256(message);
    const bool fits =
        ECDSA_verify(0, digest.data(), digest.size(), signature.data(), signature.size(), parsed.get()) == 1;
    ERR_clear_error();
    return fits;
}

PrivateKey PrivateKey::generate() {
    auto key = new_key();
    must(EC_KEY_generate_key(key.get()) == 1);
    return PrivateKey(std::make_unique<Impl>(Impl{std::move(key)}));
}

std::optional<PrivateKey> PrivateKey::parse(ByteView der) {
    if (der.size() > kMaxPrivateKeySize) {
        return std::nullopt;
    }
    CBS in;
    CBS_init(&in, der.data(), der.size());
    const auto curve = new_key();
    bssl::UniquePtr<EC_KEY> key(EC_KEY_parse_private_key(&in, EC_KEY_get0_group(curve.get())));
    if (key == nullptr || CBS_len(&in) != 0 || EC_KEY_check_key(key.get()) != 1) {
        ERR_clear_error();
        return std::nullopt;
    }
    return PrivateKey(std::make_unique<Impl>(Impl{std::move(key)}));
}

PrivateKey::PrivateKey(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
PrivateKey::PrivateKey(PrivateKey&&) noexcept = default;
PrivateKey& PrivateKey::operator=(PrivateKey&&) noexcept = default;
PrivateKey::~PrivateKey() = default;

SecretBytes PrivateKey::encode() const {
    SecretBytes buffer(kMaxPrivateKeySize);
    CBB out;
    std::size_t size = 0;
    // Parameters and public key are always written, whatever the parsed form left out: one key, one encoding.
    must(CBB_init_fixed(&out, buffer.writable().data(), buffer.size()) == 1);
    must(EC_KEY_marshal_private_key(&out, impl_->key.get(), 0) == 1);
    must(CBB_finish(&out, nullptr, &size) == 1);
    return SecretBytes(buffer.view().first(size));
}

PublicKey PrivateKey::public_key() const {
    PublicKey der;
    std::copy(kSpkiPrefix.begin(), kSpkiPrefix.end(), der.begin());
    must(
        EC_POINT_point2oct(
            EC_KEY_get0_group(impl_->key.get()),
            EC_KEY_get0_public_key(impl_->key.get()),
            POINT_CONVERSION_UNCOMPRESSED,
            der.data() + kSpkiPrefix.size(),
            kPointSize,
            nullptr
        ) == kPointSize
    );
    return der;
}

Bytes PrivateKey::sign(ByteView message) const {
    const auto digest = sha256(message);
    Bytes signature(ECDSA_size(impl_->key.get()));
    unsigned size = 0;
    must(ECDSA_sign(0, digest.data(), digest.size(), signature.data(), &size, impl_->key.get()) == 1);
    signature.resize(size);
    return signature;
}

}  // namespace libp2p::crypto::p256
