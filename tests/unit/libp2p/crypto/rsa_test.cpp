// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/rsa.hpp"

#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

#include <initializer_list>

namespace libp2p::crypto::rsa {
namespace {

using tests::unhex;

Bytes join(std::initializer_list<Bytes> parts) {
    Bytes out;
    for (const auto& part : parts) {
        out.insert(out.end(), part.begin(), part.end());
    }
    return out;
}

/// DER: tag, length, content.
Bytes der(std::uint8_t tag, const Bytes& content) {
    Bytes out{tag};
    const auto size = content.size();
    if (size < 0x80) {
        out.push_back(static_cast<std::uint8_t>(size));
    } else if (size < 0x100) {
        out.insert(out.end(), {0x81, static_cast<std::uint8_t>(size)});
    } else {
        out.insert(out.end(), {0x82, static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)});
    }
    return join({out, content});
}

Bytes integer(const Bytes& magnitude) {
    const bool needs_zero = magnitude.empty() || magnitude[0] >= 0x80;
    return der(2, needs_zero ? join({{0}, magnitude}) : magnitude);
}

/// An odd number of that many bits.
Bytes modulus(std::size_t bits) {
    Bytes out((bits + 7) / 8, 0xab);
    const auto top = (bits - 1) % 8;
    out[0] = static_cast<std::uint8_t>(1U << top);
    out.back() |= 1;
    return out;
}

const Bytes kExponent{1, 0, 1};
const Bytes kAlgorithm = unhex("300d06092a864886f70d0101010500");

Bytes spki_of(const Bytes& numbers) {
    return der(0x30, join({kAlgorithm, der(3, join({{0}, der(0x30, numbers)}))}));
}

Bytes spki(const Bytes& n, const Bytes& e) {
    return spki_of(join({integer(n), integer(e)}));
}

TEST(Rsa, AllowsAModulusOf2048To8192Bits) {
    EXPECT_EQ(check_public_key(spki(modulus(kMinBits - 1), kExponent)), KeyProblem::modulus);
    EXPECT_EQ(check_public_key(spki(modulus(kMinBits), kExponent)), KeyProblem::none);
    EXPECT_EQ(check_public_key(spki(modulus(kMinBits + 1), kExponent)), KeyProblem::none);
    EXPECT_EQ(check_public_key(spki(modulus(kMaxBits - 1), kExponent)), KeyProblem::none);
    EXPECT_EQ(check_public_key(spki(modulus(kMaxBits), kExponent)), KeyProblem::none);
    EXPECT_EQ(check_public_key(spki(modulus(kMaxBits + 1), kExponent)), KeyProblem::modulus);
    EXPECT_EQ(check_public_key(spki(modulus(1), kExponent)), KeyProblem::modulus);
}

TEST(Rsa, RefusesAnEvenModulus) {
    auto even = modulus(2048);
    even.back() &= 0xfe;
    EXPECT_EQ(check_public_key(spki(even, kExponent)), KeyProblem::modulus);
}

TEST(Rsa, AllowsOddExponentsFrom3To31Bits) {
    const auto n = modulus(2048);
    for (const auto& e : {Bytes{3}, Bytes{5}, Bytes{0x11}, kExponent, Bytes{0x7f, 0xff, 0xff, 0xff}}) {
        EXPECT_EQ(check_public_key(spki(n, e)), KeyProblem::none);
    }
    for (const auto& e :
         {Bytes{1},
          Bytes{2},
          Bytes{4},
          Bytes{1, 0, 0},
          Bytes{0x80, 0, 0, 1},
          Bytes{1, 0, 0, 0, 1},
          Bytes(8, 0xff),
          Bytes(9, 0x11),
          modulus(2048)}) {
        EXPECT_EQ(check_public_key(spki(n, e)), KeyProblem::exponent);
    }
}

TEST(Rsa, RefusesALongKeyBeforeItIsLookedAt) {
    auto key = spki(modulus(kMaxBits), kExponent);
    ASSERT_LE(key.size(), kMaxPublicKeySize);
    key.resize(kMaxPublicKeySize);
    EXPECT_EQ(check_public_key(key), KeyProblem::malformed);
    key.resize(kMaxPublicKeySize + 1);
    EXPECT_EQ(check_public_key(key), KeyProblem::too_long);
    EXPECT_EQ(check_public_key(spki(modulus(16384), kExponent)), KeyProblem::too_long);
}

TEST(Rsa, RefusesEveryOtherForm) {
    const auto n = modulus(2048);
    const auto right = spki(n, kExponent);
    for (std::size_t size = 0; size < right.size(); ++size) {
        EXPECT_EQ(check_public_key(ByteView(right).first(size)), KeyProblem::malformed) << size;
    }
    const Bytes wrong[] = {
        join({right, {0}}),                                              // goes on
        spki_of(join({integer(n), integer(kExponent), integer({1})})),   // a third number
        spki_of(integer(n)),                                             // one number
        spki_of(join({der(2, join({{0, 0}, n})), integer(kExponent)})),  // padded
        spki_of(join({der(2, n), integer(kExponent)})),                  // 2048 bits without the zero: negative
        spki_of(join({der(2, {}), integer(kExponent)})),                 // no octets
        spki_of(join({integer(n), der(2, {0})})),                        // an exponent of zero
        der(0x30, join({kAlgorithm, der(3, join({{1}, der(0x30, join({integer(n), integer(kExponent)}))}))})),
        der(0x30, join({unhex("300b06092a864886f70d010101"), der(3, {0})})),      // no parameters
        der(0x30, join({unhex("300d06092a864886f70d01010a0500"), der(3, {0})})),  // RSA-PSS
    };
    for (const auto& key : wrong) {
        EXPECT_EQ(check_public_key(key), KeyProblem::malformed) << tests::hex(key).substr(0, 60);
    }
    // Lengths in a longer form than needed: BER, not DER.
    auto ber = right;
    ASSERT_EQ(ber[1], 0x82);
    ber.insert(ber.begin() + 2, 0);
    ber[1] = 0x83;
    EXPECT_EQ(check_public_key(ber), KeyProblem::malformed);
}

TEST(Rsa, SignsAndVerifies) {
    const auto key = PrivateKey::generate(2048);
    const auto public_key = key.public_key();
    EXPECT_EQ(check_public_key(public_key), KeyProblem::none);
    const auto signature = key.sign(as_bytes("message"));
    EXPECT_EQ(signature.size(), 256U);
    EXPECT_TRUE(verify(public_key, as_bytes("message"), signature));
    EXPECT_FALSE(verify(public_key, as_bytes("massage"), signature));
    auto broken = signature;
    broken[100] ^= 1;
    EXPECT_FALSE(verify(public_key, as_bytes("message"), broken));
    broken = signature;
    broken.push_back(0);
    EXPECT_FALSE(verify(public_key, as_bytes("message"), broken));
    EXPECT_FALSE(verify(public_key, as_bytes("message"), ByteView(signature).first(255)));
    EXPECT_FALSE(verify(public_key, as_bytes("message"), {}));

    auto problem = KeyProblem::numbers;
    const auto again = PrivateKey::parse(key.encode().view(), problem);
    ASSERT_TRUE(again);
    EXPECT_EQ(problem, KeyProblem::none);
    EXPECT_EQ(again->public_key(), public_key);
    EXPECT_EQ(again->sign(as_bytes("message")), signature);
}

TEST(Rsa, RefusesPrivateKeysByTheirSizesFirst) {
    const auto private_key = [](const Bytes& n, const Bytes& e) {
        const Bytes rest = integer({3});
        return der(0x30, join({integer({}), integer(n), integer(e), rest, rest, rest, rest, rest, rest}));
    };
    auto problem = KeyProblem::none;
    EXPECT_FALSE(PrivateKey::parse(private_key(modulus(2047), kExponent), problem));
    EXPECT_EQ(problem, KeyProblem::modulus);
    EXPECT_FALSE(PrivateKey::parse(private_key(modulus(8193), kExponent), problem));
    EXPECT_EQ(problem, KeyProblem::modulus);
    EXPECT_FALSE(PrivateKey::parse(private_key(modulus(2048), {1}), problem));
    EXPECT_EQ(problem, KeyProblem::exponent);
    EXPECT_FALSE(PrivateKey::parse(private_key(modulus(2048), kExponent), problem));
    EXPECT_EQ(problem, KeyProblem::numbers);
    EXPECT_FALSE(PrivateKey::parse(Bytes(kMaxPrivateKeySize + 1), problem));
    EXPECT_EQ(problem, KeyProblem::too_long);
    EXPECT_FALSE(PrivateKey::parse({}, problem));
    EXPECT_EQ(problem, KeyProblem::malformed);
}

}  // namespace
}  // namespace libp2p::crypto::rsa
