// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/secp256k1.hpp"

#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

#include <string>

namespace libp2p::crypto::secp256k1 {
namespace {

using tests::hex;
using tests::unhex;

constexpr std::string_view kOrder = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

secp256k1::PrivateKey key_of(std::string_view text) {
    return secp256k1::PrivateKey(std::span<const std::uint8_t, 32>(unhex(text)));
}

/// The DER signature with its S replaced by the order less S, which is as right to the mathematics.
Bytes with_other_s(const Bytes& der) {
    const std::size_t r_size = der[3];
    const std::size_t s_size = der[5 + r_size];
    Bytes s(der.end() - static_cast<std::ptrdiff_t>(s_size), der.end());
    s.insert(s.begin(), 32 - std::min<std::size_t>(32, s.size()), 0);
    if (s.size() == 33) {
        s.erase(s.begin());
    }
    const auto order = unhex(kOrder);
    Bytes other(32);
    int borrow = 0;
    for (std::size_t i = 32; i-- > 0;) {
        const int difference = int{order[i]} - int{s[i]} - borrow;
        borrow = difference < 0;
        other[i] = static_cast<std::uint8_t>(difference + (borrow != 0 ? 256 : 0));
    }
    while (other[0] == 0 && other[1] < 0x80) {
        other.erase(other.begin());
    }
    if (other[0] >= 0x80) {
        other.insert(other.begin(), 0);
    }
    Bytes out(der.begin(), der.begin() + static_cast<std::ptrdiff_t>(4 + r_size));
    out.push_back(2);
    out.push_back(static_cast<std::uint8_t>(other.size()));
    out.insert(out.end(), other.begin(), other.end());
    out[1] = static_cast<std::uint8_t>(out.size() - 2);
    return out;
}

TEST(Secp256k1, SignsAndVerifies) {
    const auto key = generate();
    const auto public_key = public_key_of(key).value();
    EXPECT_TRUE(is_public_key(public_key));
    const auto signature = sign(key, as_bytes("message"));
    EXPECT_LE(signature.size(), kMaxSignatureSize);
    EXPECT_TRUE(verify(public_key, as_bytes("message"), signature));
    EXPECT_FALSE(verify(public_key, as_bytes("massage"), signature));
    EXPECT_FALSE(verify(public_key_of(generate()).value(), as_bytes("message"), signature));
}

TEST(Secp256k1, AcceptsEitherSButWritesTheSmaller) {
    const auto key = generate();
    const auto public_key = public_key_of(key).value();
    for (const auto* message : {"one", "two", "three", "four", "five", "six", "seven", "eight"}) {
        const auto low = sign(key, as_bytes(message));
        const std::size_t s_size = low[5 + low[3]];
        EXPECT_TRUE(s_size < 32 || (s_size == 32 && low[low.size() - 32] < 0x80)) << hex(low);
        const auto high = with_other_s(low);
        ASSERT_NE(high, low);
        EXPECT_TRUE(verify(public_key, as_bytes(message), high)) << hex(high);
    }
}

TEST(Secp256k1, KnowsWhichNumbersArePrivateKeys) {
    EXPECT_FALSE(public_key_of(key_of(std::string(64, '0'))));
    EXPECT_TRUE(public_key_of(key_of("0000000000000000000000000000000000000000000000000000000000000001")));
    EXPECT_TRUE(public_key_of(key_of("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140")));
    EXPECT_FALSE(public_key_of(key_of(kOrder)));
    EXPECT_FALSE(public_key_of(key_of(std::string(64, 'f'))));
}

TEST(Secp256k1, RefusesWhatIsNoCompressedPoint) {
    auto point = public_key_of(generate()).value();
    EXPECT_FALSE(is_public_key(ByteView(point).first(32)));
    EXPECT_FALSE(is_public_key({}));
    for (const std::uint8_t prefix : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{4}, std::uint8_t{6}}) {
        point[0] = prefix;
        EXPECT_FALSE(is_public_key(point));
    }
    // No point has this x.
    EXPECT_FALSE(is_public_key(unhex("020000000000000000000000000000000000000000000000000000000000000005")));
    // An x that is not reduced.
    EXPECT_FALSE(is_public_key(unhex("02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30")));
}

TEST(Secp256k1, RefusesSignaturesThatAreNotDer) {
    const auto key = generate();
    const auto public_key = public_key_of(key).value();
    const auto signature = sign(key, as_bytes("m"));
    for (std::size_t size = 0; size < signature.size(); ++size) {
        EXPECT_FALSE(verify(public_key, as_bytes("m"), ByteView(signature).first(size)));
    }
    EXPECT_FALSE(verify(public_key, as_bytes("m"), {}));
    auto longer = signature;
    longer.resize(kMaxSignatureSize + 1);
    EXPECT_FALSE(verify(public_key, as_bytes("m"), longer));
    EXPECT_FALSE(verify(public_key, as_bytes("m"), unhex("3006020100020100")));
}

}  // namespace
}  // namespace libp2p::crypto::secp256k1
