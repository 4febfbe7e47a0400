// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/signed_envelope.hpp"

#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace libp2p {
namespace {

using tests::hex;
using tests::unhex;

constexpr std::string_view kEnvelope =
#include "tests/unit/libp2p/vectors/envelope.inc"
    ;
constexpr std::string_view kDomain = "libp2p-testing";

Bytes replaced(std::string_view from, std::string_view to) {
    std::string text(kEnvelope);
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos);
    return unhex(text.replace(at, from.size(), to));
}

TEST(SignedEnvelope, OpensTheOneThatGoMade) {
    const auto envelope = SignedEnvelope::open(unhex(kEnvelope), kDomain);
    ASSERT_TRUE(envelope) << envelope.error();
    EXPECT_EQ(as_text(envelope->payload_type()), "/libp2p/testdata");
    EXPECT_EQ(as_text(envelope->payload()), "hello world!");
    EXPECT_EQ(envelope->signer().type(), KeyType::ed25519);
    EXPECT_EQ(envelope->signature().size(), 64U);
    EXPECT_EQ(hex(envelope->encode()), kEnvelope);
}

TEST(SignedEnvelope, IsWorthNothingInAnotherDomain) {
    for (const auto* domain : {"", "libp2p-testin", "libp2p-testing ", "libp2p-peer-record"}) {
        EXPECT_EQ(SignedEnvelope::open(unhex(kEnvelope), domain).error(), Errc::invalid_signature) << domain;
    }
}

TEST(SignedEnvelope, NoticesAChangedPayloadTypeOrSignature) {
    EXPECT_EQ(SignedEnvelope::open(replaced("6865", "0000"), kDomain).error(), Errc::invalid_signature);
    EXPECT_EQ(SignedEnvelope::open(replaced("746573", "746574"), kDomain).error(), Errc::invalid_signature);
    EXPECT_EQ(SignedEnvelope::open(replaced("2a40117867", "2a40117866"), kDomain).error(), Errc::invalid_signature);
    EXPECT_FALSE(SignedEnvelope::open(replaced("6f1581", "6f1582"), kDomain));
}

TEST(SignedEnvelope, DoesNotLetPayloadTypeAndPayloadTradePlaces) {
    const auto signer = Identity::generate();
    const auto first = SignedEnvelope::seal(signer, "d", as_bytes("ab"), as_bytes("c"));
    const auto second = SignedEnvelope::seal(signer, "d", as_bytes("a"), as_bytes("bc"));
    EXPECT_NE(hex(first.signature()), hex(second.signature()));
}

TEST(SignedEnvelope, OpensWhatItSealedWithEveryTypeOfKey) {
    for (const auto type : {KeyType::ed25519, KeyType::secp256k1, KeyType::ecdsa, KeyType::rsa}) {
        const auto signer = Identity::generate(type);
        const auto sealed = SignedEnvelope::seal(signer, "domain", Bytes{3, 1}, as_bytes("payload"));
        const auto opened = SignedEnvelope::open(sealed.encode(), "domain");
        ASSERT_TRUE(opened) << opened.error();
        EXPECT_EQ(*opened, sealed);
        EXPECT_EQ(opened->signer(), signer.public_key());
    }
}

TEST(SignedEnvelope, PassesOverUnknownFields) {
    auto octets = unhex(kEnvelope);
    const auto unknown = unhex(
        "2201aa"
        "7a03010203"
    );
    octets.insert(octets.end(), unknown.begin(), unknown.end());
    EXPECT_EQ(hex(SignedEnvelope::open(octets, kDomain).value().encode()), kEnvelope);
}

TEST(SignedEnvelope, RefusesAKeyThatIsNoneOrNotCanonical) {
    EXPECT_EQ(SignedEnvelope::open({}, kDomain).error(), Errc::invalid_key);
    // The key's fields in the other order: protobuf would read it, but its digest would be another.
    std::string text(kEnvelope);
    const auto key = text.substr(4, 72);
    const auto reordered = key.substr(4) + key.substr(0, 4);
    EXPECT_EQ(SignedEnvelope::open(replaced(key, reordered), kDomain).error(), Errc::invalid_key);
}

TEST(SignedEnvelope, RefusesEveryBeginning) {
    const auto octets = unhex(kEnvelope);
    for (std::size_t size = 0; size < octets.size(); ++size) {
        EXPECT_FALSE(SignedEnvelope::open(ByteView(octets).first(size), kDomain)) << size;
    }
}

TEST(SignedEnvelope, BoundsTheSize) {
    const auto signer = Identity::generate();
    const auto overhead = SignedEnvelope::seal(signer, "d", {}, Bytes(20'000)).encode().size() - 20'000;
    const auto largest = SignedEnvelope::seal(signer, "d", {}, Bytes(kMaxEnvelopeSize - overhead)).encode();
    ASSERT_EQ(largest.size(), kMaxEnvelopeSize);
    EXPECT_TRUE(SignedEnvelope::open(largest, "d"));
    const auto larger = SignedEnvelope::seal(signer, "d", {}, Bytes(kMaxEnvelopeSize - overhead + 1)).encode();
    const auto refused = SignedEnvelope::open(larger, "d");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message().find("the limit is 65536"), std::string::npos) << refused.error();
}

}  // namespace
}  // namespace libp2p
