// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/ecdsa_rfc6979.hpp"

#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

#include <string>

namespace libp2p::crypto::p256 {
namespace {

using tests::hex;
using tests::unhex;

// RFC 6979, appendix A.2.5, with SHA-256.
TEST(EcdsaRfc6979, GivesTheSignaturesOfTheStandard) {
    const auto key =
        PrivateKey::parse(unhex("30250201010420c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"));
    ASSERT_TRUE(key);
    EXPECT_EQ(
        hex(sign_deterministic(*key, as_bytes("sample"))),
        "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
        "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
    );
    EXPECT_EQ(
        hex(sign_deterministic(*key, as_bytes("test"))),
        "3045022100f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
        "0220019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"
    );
}

TEST(EcdsaRfc6979, SignaturesVerify) {
    for (int i = 0; i < 50; ++i) {
        const auto key = PrivateKey::generate();
        const auto text = "message " + std::to_string(i);
        const auto signature = sign_deterministic(key, as_bytes(text));
        EXPECT_TRUE(verify(key.public_key(), as_bytes(text), signature));
        EXPECT_FALSE(verify(key.public_key(), as_bytes("another"), signature));
        EXPECT_EQ(sign_deterministic(key, as_bytes(text)), signature);
    }
}

}  // namespace
}  // namespace libp2p::crypto::p256
