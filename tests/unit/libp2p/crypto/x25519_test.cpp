// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/x25519.hpp"

#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

namespace libp2p::crypto {
namespace {

using tests::hex;
using tests::unhex;

X25519KeyPair pair_of(std::string_view text) {
    return X25519KeyPair::from_private(std::span<const std::uint8_t, 32>(unhex(text)));
}

X25519PublicKey point(std::string_view text) {
    X25519PublicKey out;
    const auto octets = unhex(text);
    std::copy(octets.begin(), octets.end(), out.begin());
    return out;
}

TEST(X25519, FollowsRfc7748) {
    const auto alice = pair_of("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
    const auto bob = pair_of("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    EXPECT_EQ(hex(alice.public_key()), "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    EXPECT_EQ(hex(bob.public_key()), "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    const auto secret = alice.shared_secret(bob.public_key());
    ASSERT_TRUE(secret);
    EXPECT_EQ(hex(secret->view()), "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
}

TEST(X25519, AgreesFromBothSides) {
    const auto a = X25519KeyPair::generate();
    const auto b = X25519KeyPair::generate();
    EXPECT_NE(a.public_key(), b.public_key());
    const auto from_a = a.shared_secret(b.public_key());
    const auto from_b = b.shared_secret(a.public_key());
    ASSERT_TRUE(from_a && from_b);
    EXPECT_EQ(hex(from_a->view()), hex(from_b->view()));
}

TEST(X25519, FindsThePublicKeyOfAPrivateOne) {
    const auto a = X25519KeyPair::generate();
    EXPECT_EQ(X25519KeyPair::from_private(a.private_key().view()).public_key(), a.public_key());
}

TEST(X25519, RefusesPointsOfSmallOrder) {
    const auto pair = X25519KeyPair::generate();
    for (const auto* text : {
             "0000000000000000000000000000000000000000000000000000000000000000",
             "0100000000000000000000000000000000000000000000000000000000000000",
             "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
             "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
             "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
             "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
             "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
         }) {
        const auto secret = pair.shared_secret(point(text));
        ASSERT_FALSE(secret) << text;
        EXPECT_EQ(secret.error(), Errc::authentication_failed);
    }
}

}  // namespace
}  // namespace libp2p::crypto
