// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/hkdf.hpp"

#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

#include <string>

namespace libp2p::crypto {
namespace {

using tests::hex;
using tests::unhex;

TEST(Hmac, FollowsRfc4231) {
    EXPECT_EQ(
        hex(hmac_sha256(Bytes(20, 0x0b), as_bytes("Hi There"))),
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    );
    EXPECT_EQ(
        hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
    EXPECT_EQ(
        hex(hmac_sha256(Bytes(131, 0xaa), as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    );
}

TEST(Hkdf, FollowsRfc5869) {
    Bytes out(42);
    hkdf_sha256(unhex("000102030405060708090a0b0c"), Bytes(22, 0x0b), unhex("f0f1f2f3f4f5f6f7f8f9"), out);
    EXPECT_EQ(hex(out), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    hkdf_sha256({}, Bytes(22, 0x0b), {}, out);
    EXPECT_EQ(hex(out), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

/// Section 4.3 of the Noise specification, step by step.
TEST(NoiseHkdf, ChainsHmacsAsTheSpecificationSays) {
    const Secret32 chaining_key(sha256(as_bytes("chaining key")));
    for (const auto& input : {Bytes(), Bytes(32, 0x42)}) {
        const auto temporary = hmac_sha256(chaining_key.view(), input);
        const auto first = hmac_sha256(temporary, Bytes{1});
        Bytes next(first.begin(), first.end());
        next.push_back(2);
        const auto second = hmac_sha256(temporary, next);

        const auto two = noise_hkdf2(chaining_key, input);
        EXPECT_EQ(hex(two.first.view()), hex(first));
        EXPECT_EQ(hex(two.second.view()), hex(second));
    }
}

}  // namespace
}  // namespace libp2p::crypto
