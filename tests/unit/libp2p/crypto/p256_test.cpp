// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/p256.hpp"

#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

namespace libp2p::crypto::p256 {
namespace {

using tests::hex;
using tests::unhex;

// One of go-libp2p's test keys.
constexpr std::string_view kPrivate =
    "307702010104201fc05449e3a3423bb8b59447a43c3e23ad4095ac4f9fbb75457acef34b68949fa00a06082a8648ce3d030107a14403420004"
    "e29a"
    "8674f3614e0ccb72406bfe2137e9f8c5f7d62d137f0a2edd233e35374777fd1f9aed4d2cfa7371caafc6ef02db83b81f77cfe1bcd8c715acf0"
    "b9a2"
    "778ea9";
constexpr std::string_view kPublic =
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004e29a8674f3614e0ccb72406bfe2137e9f8c5f7d62d137f0a2edd233e3537"
    "4777"
    "fd1f9aed4d2cfa7371caafc6ef02db83b81f77cfe1bcd8c715acf0b9a2778ea9";

TEST(P256, ReadsAndWritesKeys) {
    const auto key = PrivateKey::parse(unhex(kPrivate));
    ASSERT_TRUE(key);
    EXPECT_EQ(hex(key->encode().view()), kPrivate);
    EXPECT_EQ(hex(key->public_key()), kPublic);
    EXPECT_TRUE(is_public_key(unhex(kPublic)));
}

TEST(P256, AddsWhatAPrivateKeyLeftOut) {
    // Neither parameters nor public key: RFC 5915 allows it.
    const auto key =
        PrivateKey::parse(unhex("302502010104201fc05449e3a3423bb8b59447a43c3e23ad4095ac4f9fbb75457acef34b68949f"));
    ASSERT_TRUE(key);
    EXPECT_EQ(hex(key->encode().view()), kPrivate);
}

TEST(P256, SignsAndVerifies) {
    const auto key = PrivateKey::generate();
    const auto public_key = key.public_key();
    const auto signature = key.sign(as_bytes("message"));
    EXPECT_LE(signature.size(), kMaxSignatureSize);
    EXPECT_TRUE(verify(public_key, as_bytes("message"), signature));
    EXPECT_FALSE(verify(public_key, as_bytes("massage"), signature));
    EXPECT_FALSE(verify(PrivateKey::generate().public_key(), as_bytes("message"), signature));
    auto longer = signature;
    longer.push_back(0);
    EXPECT_FALSE(verify(public_key, as_bytes("message"), longer));
    EXPECT_FALSE(verify(public_key, as_bytes("message"), {}));
    EXPECT_FALSE(verify(ByteView(public_key).first(90), as_bytes("message"), signature));
}

TEST(P256, RefusesPublicKeysThatAreNotInTheirOneForm) {
    const auto right = unhex(kPublic);
    for (std::size_t i = 0; i < 27; ++i) {
        auto broken = right;
        broken[i] ^= 1;
        EXPECT_FALSE(is_public_key(broken)) << i;
    }
    auto off_curve = right;
    off_curve.back() ^= 1;
    EXPECT_FALSE(is_public_key(off_curve));
    auto longer = right;
    longer.push_back(0);
    EXPECT_FALSE(is_public_key(longer));
    EXPECT_FALSE(is_public_key(ByteView(right).first(90)));
    // The same point, compressed: 59 octets.
    EXPECT_FALSE(
        is_public_key(unhex("3039301306072a8648ce3d020106082a8648ce3d030107032200"
                            "03e29a8674f3614e0ccb72406bfe2137e9f8c5f7d62d137f0a2edd233e35374777"))
    );
}

TEST(P256, RefusesPrivateKeysThatAreBroken) {
    const auto right = unhex(kPrivate);
    for (std::size_t size = 0; size < right.size(); ++size) {
        EXPECT_FALSE(PrivateKey::parse(ByteView(right).first(size))) << size;
    }
    auto longer = right;
    longer.push_back(0);
    EXPECT_FALSE(PrivateKey::parse(longer));
    auto other_point = right;
    other_point[10] ^= 1;  // the private half no longer fits the public one
    EXPECT_FALSE(PrivateKey::parse(other_point));
    longer.resize(kMaxPrivateKeySize + 1);
    EXPECT_FALSE(PrivateKey::parse(longer));
}

}  // namespace
}  // namespace libp2p::crypto::p256
