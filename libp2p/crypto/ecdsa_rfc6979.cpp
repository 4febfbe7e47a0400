// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/ecdsa_rfc6979.hpp"

#include "libp2p/crypto/boringssl.hpp"
#include "libp2p/crypto/hkdf.hpp"
#include "libp2p/crypto/secure_memory.hpp"
#include "libp2p/crypto/sha256.hpp"

#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/nid.h>

#include <initializer_list>

namespace libp2p::crypto::p256 {
namespace {

// BoringSSL signs with random nonces only, so the equation s = (e + r d) / k mod n is computed here, with those of its
// functions that are constant-time in d and k: fixed-width Montgomery products, a fixed-window exponentiation (the
// inverse of k is its power of n - 2), and the curve's own multiplication.

constexpr std::size_t kScalarSize = 32;

using Scalar = SecretArray<kScalarSize>;

bssl::UniquePtr<BIGNUM> new_number() {
    bssl::UniquePtr<BIGNUM> number(BN_new());
    must(number != nullptr);
    return number;
}

/// A number in octets, and back.
Scalar to_scalar(const BIGNUM* number) {
    Scalar scalar;
    must(BN_bn2bin_padded(scalar.data(), scalar.size(), number) == 1);
    return scalar;
}

bssl::UniquePtr<BIGNUM> to_number(ByteView scalar) {
    bssl::UniquePtr<BIGNUM> number(BN_bin2bn(scalar.data(), scalar.size(), nullptr));
    must(number != nullptr);
    return number;
}

/// HMAC of the pieces one after another.
Scalar hmac(const Scalar& key, std::initializer_list<ByteView> pieces) {
    std::size_t size = 0;
    for (auto piece : pieces) {
        size += piece.size();
    }
    SecretBytes message(size);
    auto out = message.writable().begin();
    for (auto piece : pieces) {
        out = std::copy(piece.begin(), piece.end(), out);
    }
    auto digest = hmac_sha256(key.view(), message.view());
    Scalar result(digest);
    secure_wipe(digest);
    return result;
}

/// The generator of nonces of RFC 6979, section 3.2.
class Nonces {
public:
    Nonces(const Scalar& key, ByteView digest) {
        constexpr std::uint8_t zero[] = {0};
        constexpr std::uint8_t one[] = {1};
        std::fill_n(v_.data(), v_.size(), std::uint8_t{1});
        k_ = hmac(k_, {v_.view(), zero, key.view(), digest});
        v_ = hmac(k_, {v_.view()});
        k_ = hmac(k_, {v_.view(), one, key.view(), digest});
        v_ = hmac(k_, {v_.view()});
    }

    /// The next candidate; it may lie outside of 1 … n - 1.
    const Scalar& next() {
        constexpr std::uint8_t zero[] = {0};
        if (used_) {
            k_ = hmac(k_, {v_.view(), zero});
            v_ = hmac(k_, {v_.view()});
        }
        used_ = true;
        v_ = hmac(k_, {v_.view()});
        return v_;
    }

private:
    Scalar k_;
    Scalar v_;
    bool used_ = false;
};

}  // namespace

Bytes sign_deterministic(const PrivateKey& key, ByteView message) {
    const bssl::UniquePtr<EC_KEY> curve(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
    must(curve != nullptr);
    const auto* group = EC_KEY_get0_group(curve.get());
    const auto* order = EC_GROUP_get0_order(group);
    const bssl::UniquePtr<BN_CTX> scratch(BN_CTX_new());
    must(scratch != nullptr);
    const bssl::UniquePtr<BN_MONT_CTX> domain(BN_MONT_CTX_new_for_modulus(order, scratch.get()));
    must(domain != nullptr);

    const auto encoded = key.encode();
    CBS in;
    CBS_init(&in, encoded.view().data(), encoded.size());
    const bssl::UniquePtr<EC_KEY> parsed(EC_KEY_parse_private_key(&in, group));
    must(parsed != nullptr);
    const auto* d = EC_KEY_get0_private_key(parsed.get());

    const auto digest = sha256(message);
    const auto e = to_number(digest);  // less than 2^256, so one subtraction at most
    must(BN_nnmod(e.get(), e.get(), order, scratch.get()) == 1);

    const auto exponent = new_number();  // n - 2
    must(BN_copy(exponent.get(), order) != nullptr && BN_sub_word(exponent.get(), 2) == 1);
    const auto r = new_number();
    const auto s = new_number();
    const auto t = new_number();
    const bssl::UniquePtr<EC_POINT> point(EC_POINT_new(group));
    must(point != nullptr);

    Nonces nonces(to_scalar(d), to_scalar(e.get()).view());
    for (;;) {
        const auto k = to_number(nonces.next().view());
        if (BN_is_zero(k.get()) || BN_cmp(k.get(), order) >= 0) {
            continue;  // once in 2^32 messages
        }
        must(EC_POINT_mul(group, point.get(), k.get(), nullptr, nullptr, scratch.get()) == 1);
        must(EC_POINT_get_affine_coordinates_GFp(group, point.get(), r.get(), nullptr, scratch.get()) == 1);
        must(BN_nnmod(r.get(), r.get(), order, scratch.get()) == 1);
        // t = r d: one factor in the Montgomery domain, one out of it, gives a plain product.
        must(BN_to_montgomery(t.get(), r.get(), domain.get(), scratch.get()) == 1);
        must(BN_mod_mul_montgomery(t.get(), t.get(), d, domain.get(), scratch.get()) == 1);
        must(BN_mod_add_quick(t.get(), t.get(), e.get(), order) == 1);
        must(BN_mod_exp_mont_consttime(s.get(), k.get(), exponent.get(), order, scratch.get(), domain.get()) == 1);
        must(BN_to_montgomery(s.get(), s.get(), domain.get(), scratch.get()) == 1);
        must(BN_mod_mul_montgomery(s.get(), s.get(), t.get(), domain.get(), scratch.get()) == 1);
        if (!BN_is_zero(r.get()) && !BN_is_zero(s.get())) {
            break;
        }
    }

    const bssl::UniquePtr<ECDSA_SIG> signature(ECDSA_SIG_new());
    must(signature != nullptr);
    bssl::UniquePtr<BIGNUM> owned_r(BN_dup(r.get()));
    bssl::UniquePtr<BIGNUM> owned_s(BN_dup(s.get()));
    must(owned_r != nullptr && owned_s != nullptr);
    must(ECDSA_SIG_set0(signature.get(), owned_r.release(), owned_s.release()) == 1);
    Bytes der(kMaxSignatureSize);
    CBB out;
    std::size_t size = 0;
    must(CBB_init_fixed(&out, der.data(), der.size()) == 1);
    must(ECDSA_SIG_marshal(&out, signature.get()) == 1);
    must(CBB_finish(&out, nullptr, &size) == 1);
    der.resize(size);
    return der;
}

}  // namespace libp2p::crypto::p256
