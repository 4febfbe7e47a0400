// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/ed25519.hpp"

#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

namespace libp2p::crypto::ed25519 {
namespace {

using tests::hex;
using tests::unhex;

TEST(Ed25519, FollowsRfc8032) {
    const auto seed = unhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    const auto key = from_seed(std::span<const std::uint8_t, 32>(seed));
    const auto public_key = key.view().last<32>();
    EXPECT_EQ(hex(public_key), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    const auto signature = sign(key, {});
    EXPECT_EQ(
        hex(signature),
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe"
        "2465"
        "5141438e7a100b"
    );
    EXPECT_TRUE(verify(public_key, {}, signature));
}

TEST(Ed25519, RefusesAChangedMessageSignatureOrKey) {
    const auto key = generate();
    const auto other = generate();
    const auto signature = sign(key, as_bytes("message"));
    const auto public_key = key.view().last<32>();
    EXPECT_TRUE(verify(public_key, as_bytes("message"), signature));
    EXPECT_FALSE(verify(public_key, as_bytes("massage"), signature));
    EXPECT_FALSE(verify(other.view().last<32>(), as_bytes("message"), signature));
    for (std::size_t i = 0; i < signature.size(); ++i) {
        auto broken = signature;
        broken[i] ^= 1;
        EXPECT_FALSE(verify(public_key, as_bytes("message"), broken)) << i;
    }
}

TEST(Ed25519, RefusesSignaturesOfAnotherLength) {
    const auto key = generate();
    const auto signature = sign(key, as_bytes("message"));
    Bytes longer(signature.begin(), signature.end());
    longer.push_back(0);
    EXPECT_FALSE(verify(key.view().last<32>(), as_bytes("message"), longer));
    EXPECT_FALSE(verify(key.view().last<32>(), as_bytes("message"), ByteView(longer).first(63)));
    EXPECT_FALSE(verify(key.view().last<32>(), as_bytes("message"), {}));
}

/// The second half of a signature counts modulo the order of the group; only its smallest form is right.
TEST(Ed25519, RefusesASignatureWithTheOrderAddedToIt) {
    const auto key = generate();
    const auto signature = sign(key, as_bytes("message"));
    const auto order = unhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    auto malleable = signature;
    unsigned carry = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        carry += static_cast<unsigned>(malleable[32 + i]) + order[i];
        malleable[32 + i] = static_cast<std::uint8_t>(carry);
        carry >>= 8;
    }
    EXPECT_FALSE(verify(key.view().last<32>(), as_bytes("message"), malleable));
}

}  // namespace
}  // namespace libp2p::crypto::ed25519
