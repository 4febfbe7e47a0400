// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/rsa.hpp"

#include "libp2p/crypto/boringssl.hpp"
#include "libp2p/crypto/sha256.hpp"

#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <bit>

namespace libp2p::crypto::rsa {
namespace {

/// AlgorithmIdentifier: rsaEncryption, no parameters.
constexpr std::array<std::uint8_t, 15> kAlgorithm{
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00
};

/// The magnitude of the INTEGER at the head of `in`; empty when there is none, or when it is negative, zero or padded.
ByteView get_magnitude(CBS& in) noexcept {
    CBS number;
    if (CBS_get_asn1(&in, &number, CBS_ASN1_INTEGER) != 1) {
        return {};
    }
    ByteView octets(CBS_data(&number), CBS_len(&number));
    if (octets.empty() || octets[0] >= 0x80) {
        return {};
    }
    if (octets[0] == 0) {
        octets = octets.subspan(1);
        if (octets.empty() || octets[0] < 0x80) {
            return {};
        }
    }
    return octets;
}

std::size_t bits_of(ByteView magnitude) noexcept {
    return magnitude.empty() ? 0 : magnitude.size() * 8 - static_cast<std::size_t>(std::countl_zero(magnitude[0]));
}

/// Takes modulus and exponent from the head of `in` and judges them.
KeyProblem check_numbers(CBS& in) noexcept {
    const auto modulus = get_magnitude(in);
    const auto exponent = get_magnitude(in);
    if (modulus.empty() || exponent.empty()) {
        return KeyProblem::malformed;
    }
    if (bits_of(modulus) < kMinBits || bits_of(modulus) > kMaxBits || modulus.back() % 2 == 0) {
        return KeyProblem::modulus;
    }
    std::uint64_t value = 0;
    for (const auto octet : exponent.first(std::min(exponent.size(), sizeof value))) {
        value = value << 8 | octet;
    }
    if (exponent.size() > sizeof value || value > kMaxExponent || value < 3 || value % 2 == 0) {
        return KeyProblem::exponent;
    }
    return KeyProblem::none;
}

/// The RSAPublicKey inside of a SubjectPublicKeyInfo; empty when the outside is wrong.
std::optional<CBS> unwrap(ByteView der) noexcept {
    CBS in;
    CBS info;
    CBS bits;
    CBS algorithm;
    std::uint8_t unused_bits = 1;
    CBS_init(&in, der.data(), der.size());
    if (CBS_get_asn1(&in, &info, CBS_ASN1_SEQUENCE) != 1 || CBS_len(&in) != 0 ||
        CBS_get_bytes(&info, &algorithm, kAlgorithm.size()) != 1 ||
        !std::equal(kAlgorithm.begin(), kAlgorithm.end(), CBS_data(&algorithm)) ||
        CBS_get_asn1(&info, &bits, CBS_ASN1_BITSTRING) != 1 || CBS_len(&info) != 0 ||
        CBS_get_u8(&bits, &unused_bits) != 1 || unused_bits != 0) {
        return std::nullopt;
    }
    return bits;
}

KeyProblem check_private_key(ByteView der) noexcept {
    if (der.size() > kMaxPrivateKeySize) {
        return KeyProblem::too_long;
    }
    CBS in;
    CBS key;
    std::uint64_t version = 1;
    CBS_init(&in, der.data(), der.size());
    if (CBS_get_asn1(&in, &key, CBS_ASN1_SEQUENCE) != 1 || CBS_len(&in) != 0 ||
        CBS_get_asn1_uint64(&key, &version) != 1 || version != 0) {
        return KeyProblem::malformed;
    }
    return check_numbers(key);
}

}  // namespace

struct PrivateKey::Impl {
    bssl::UniquePtr<RSA> key;
};

KeyProblem check_public_key(ByteView der) noexcept {
    if (der.size() > kMaxPublicKeySize) {
        return KeyProblem::too_long;
    }
    auto bits = unwrap(der);
    CBS numbers;
    if (!bits || CBS_get_asn1(&*bits, &numbers, CBS_ASN1_SEQUENCE) != 1 || CBS_len(&*bits) != 0) {
        return KeyProblem::malformed;
    }
    const auto problem = check_numbers(numbers);
    return problem == KeyProblem::none && CBS_len(&numbers) != 0 ? KeyProblem::malformed : problem;
}

bool verify(ByteView key, ByteView message, ByteView signature) noexcept {
    if (check_public_key(key) != KeyProblem::none) {
        return false;
    }
    auto bits = unwrap(key);
    bssl::UniquePtr<RSA> parsed(RSA_parse_public_key(&*bits));
    const auto digest = sha256(message);
    const bool fits =
        parsed != nullptr && signature.size() == RSA_size(parsed.get()) &&
        RSA_verify(NID_sha256, digest.data(), digest.size(), signature.data(), signature.size(), parsed.get()) == 1;
    ERR_clear_error();
    return fits;
}

PrivateKey PrivateKey::generate(std::size_t bits) {
    bssl::UniquePtr<RSA> key(RSA_new());
    bssl::UniquePtr<BIGNUM> exponent(BN_new());
    must(key != nullptr && exponent != nullptr && BN_set_word(exponent.get(), RSA_F4) == 1);
    must(RSA_generate_key_ex(key.get(), static_cast<int>(bits), exponent.get(), nullptr) == 1);
    return PrivateKey(std::make_unique<Impl>(Impl{std::move(key)}));
}

std::optional<PrivateKey> PrivateKey::parse(ByteView der, KeyProblem& problem) {
    problem = check_private_key(der);
    if (problem != KeyProblem::none) {
        return std::nullopt;
    }
    CBS in;
    CBS_init(&in, der.data(), der.size());
    // Checks, among other things, that the primes make the modulus and that the exponents are inverse to each other.
    bssl::UniquePtr<RSA> key(RSA_parse_private_key(&in));
    if (key == nullptr || CBS_len(&in) != 0) {
        ERR_clear_error();
        problem = KeyProblem::numbers;
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
    must(CBB_init_fixed(&out, buffer.writable().data(), buffer.size()) == 1);
    must(RSA_marshal_private_key(&out, impl_->key.get()) == 1);
    must(CBB_finish(&out, nullptr, &size) == 1);
    return SecretBytes(buffer.view().first(size));
}

Bytes PrivateKey::public_key() const {
    Bytes der(kMaxPublicKeySize);
    CBB out;
    CBB info;
    CBB bits;
    std::size_t size = 0;
    must(CBB_init_fixed(&out, der.data(), der.size()) == 1);
    must(CBB_add_asn1(&out, &info, CBS_ASN1_SEQUENCE) == 1);
    must(CBB_add_bytes(&info, kAlgorithm.data(), kAlgorithm.size()) == 1);
    must(CBB_add_asn1(&info, &bits, CBS_ASN1_BITSTRING) == 1);
    must(CBB_add_u8(&bits, 0) == 1);
    must(RSA_marshal_public_key(&bits, impl_->key.get()) == 1);
    must(CBB_finish(&out, nullptr, &size) == 1);
    der.resize(size);
    return der;
}

Bytes PrivateKey::sign(ByteView message) const {
    const auto digest = sha256(message);
    Bytes signature(RSA_size(impl_->key.get()));
    unsigned size = 0;
    must(RSA_sign(NID_sha256, digest.data(), digest.size(), signature.data(), &size, impl_->key.get()) == 1);
    signature.resize(size);
    return signature;
}

}  // namespace libp2p::crypto::rsa
