// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/keys.hpp"

#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>

namespace libp2p {
namespace {

using tests::hex;
using tests::unhex;

struct KeyVector {
    KeyType type;
    const char* peer;
    const char* base32;
    const char* base36;
    const char* private_key;
    const char* public_key;
};

constexpr KeyVector kKeys[] = {
#include "tests/unit/libp2p/vectors/identity_keys.inc"
};

struct LegacyVector {
    const char* peer;
    const char* private_key;
    const char* public_key;
};

constexpr LegacyVector kLegacyKeys[] = {
#include "tests/unit/libp2p/vectors/legacy_ed25519_keys.inc"
};

struct SignatureVector {
    const char* peer;
    const char* message;
    const char* private_key;
    const char* public_key;
    const char* signature;
};

constexpr SignatureVector kSignatures[] = {
#include "tests/unit/libp2p/vectors/signatures.inc"
};

constexpr KeyType kTypes[] = {KeyType::rsa, KeyType::ed25519, KeyType::secp256k1, KeyType::ecdsa};

static_assert(!std::is_copy_constructible_v<PrivateKey> && !std::is_copy_assignable_v<PrivateKey>);
static_assert(std::is_nothrow_move_constructible_v<PrivateKey> && std::is_nothrow_move_assignable_v<PrivateKey>);

/// Why `octets` are no public key; empty when they are one.
std::string public_problem(const Bytes& octets) {
    const auto key = PublicKey::decode(octets);
    EXPECT_TRUE(key || key.error() == Errc::invalid_key);
    return key ? "" : key.error().message();
}

std::string private_problem(const Bytes& octets) {
    const auto key = PrivateKey::decode(octets);
    EXPECT_TRUE(key || key.error() == Errc::invalid_key);
    return key ? "" : key.error().message();
}

bool says(const std::string& problem, std::string_view words) {
    EXPECT_NE(problem.find(words), std::string::npos) << problem;
    return true;
}

TEST(Keys, FollowTheVectorsOfTheSpecification) {
    ASSERT_EQ(std::size(kKeys), 4U);
    for (const auto& vector : kKeys) {
        const auto public_key = PublicKey::decode(unhex(vector.public_key));
        ASSERT_TRUE(public_key) << public_key.error();
        EXPECT_EQ(public_key->type(), vector.type);
        EXPECT_EQ(hex(public_key->encoded()), vector.public_key);
        EXPECT_EQ(public_key->peer_id().to_string(), vector.peer);
        EXPECT_EQ(public_key->peer_id().to_cid_string(), vector.base32);
        EXPECT_EQ(PeerId::parse(vector.base36).value(), public_key->peer_id());

        const auto private_key = PrivateKey::decode(unhex(vector.private_key));
        ASSERT_TRUE(private_key) << private_key.error();
        EXPECT_EQ(private_key->type(), vector.type);
        EXPECT_EQ(hex(private_key->encode().view()), vector.private_key);
        EXPECT_EQ(private_key->public_key(), *public_key);
        EXPECT_TRUE(public_key->verify(as_bytes("m"), private_key->sign(as_bytes("m"))));
    }
}

TEST(Keys, ReadTheOldFormOfEd25519AndWriteTodays) {
    for (const auto& vector : kLegacyKeys) {
        const auto key = PrivateKey::decode(unhex(vector.private_key));
        ASSERT_TRUE(key) << key.error();
        EXPECT_EQ(hex(key->public_key().encoded()), vector.public_key);
        EXPECT_EQ(key->public_key().peer_id().to_string(), vector.peer);
        const auto today = key->encode();
        EXPECT_EQ(hex(today.view()), "08011240" + std::string(vector.private_key).substr(8, 128));
        EXPECT_EQ(PrivateKey::decode(today.view()).value().public_key(), key->public_key());
    }
}

TEST(Keys, VerifyTheSignaturesOfOtherImplementations) {
    ASSERT_EQ(std::size(kSignatures), 6U);
    for (const auto& vector : kSignatures) {
        const auto public_key = PublicKey::decode(unhex(vector.public_key));
        ASSERT_TRUE(public_key) << public_key.error();
        if (*vector.peer != '\0') {
            EXPECT_EQ(public_key->peer_id().to_string(), vector.peer);
        }
        const auto message = as_bytes(vector.message);
        const auto signature = unhex(vector.signature);
        EXPECT_TRUE(public_key->verify(message, signature)) << vector.signature;
        EXPECT_FALSE(public_key->verify(message.subspan(1), signature));
        auto broken = signature;
        broken[broken.size() / 2] ^= 1;
        EXPECT_FALSE(public_key->verify(message, broken));

        const auto private_key = PrivateKey::decode(unhex(vector.private_key));
        ASSERT_TRUE(private_key) << private_key.error();
        EXPECT_EQ(private_key->public_key(), *public_key);
        const auto ours = private_key->sign(message);
        EXPECT_TRUE(public_key->verify(message, ours));
        // The other two take a random number, or one that is chosen in another way.
        if (public_key->type() == KeyType::ed25519 || public_key->type() == KeyType::rsa) {
            EXPECT_EQ(hex(ours), vector.signature);
        }
    }
}

TEST(Keys, AreMadeSignedWithAndReadBackForEveryType) {
    for (const auto type : kTypes) {
        const auto key = PrivateKey::generate(type);
        EXPECT_EQ(key.type(), type);
        EXPECT_EQ(key.public_key().type(), type);
        const auto signature = key.sign(as_bytes("message"));
        EXPECT_TRUE(key.public_key().verify(as_bytes("message"), signature));
        EXPECT_FALSE(key.public_key().verify(as_bytes("message!"), signature));
        EXPECT_FALSE(key.public_key().verify(as_bytes("message"), {}));
        EXPECT_FALSE(PrivateKey::generate().public_key().verify(as_bytes("message"), signature));

        const auto public_again = PublicKey::decode(key.public_key().encoded());
        ASSERT_TRUE(public_again) << public_again.error();
        EXPECT_EQ(*public_again, key.public_key());
        EXPECT_EQ(PublicKey::from_raw(type, key.public_key().data()).value(), key.public_key());

        const auto private_again = PrivateKey::decode(key.encode().view());
        ASSERT_TRUE(private_again) << private_again.error();
        EXPECT_EQ(private_again->public_key(), key.public_key());
        const auto clone = key.clone();
        EXPECT_EQ(hex(clone.encode().view()), hex(key.encode().view()));
        EXPECT_NE(PrivateKey::generate(type == KeyType::rsa ? KeyType::ed25519 : type).public_key(), key.public_key());
    }
}

TEST(Keys, RefuseASignatureOfAnotherKindOfKey) {
    for (const auto& signer : kSignatures) {
        for (const auto& other : kSignatures) {
            if (&signer != &other) {
                const auto key = PublicKey::decode(unhex(other.public_key)).value();
                EXPECT_FALSE(key.verify(as_bytes(signer.message), unhex(signer.signature)));
            }
        }
    }
}

TEST(PublicKey, RefusesEveryBeginningOfOne) {
    for (const auto& vector : kKeys) {
        const auto octets = unhex(vector.public_key);
        for (std::size_t size = 0; size < octets.size(); ++size) {
            EXPECT_FALSE(PublicKey::decode(ByteView(octets).first(size))) << size;
        }
        auto longer = octets;
        longer.push_back(0);
        EXPECT_NE(public_problem(longer), "");
    }
}

TEST(PublicKey, RefusesOtherEncodingsOfTheSameKey) {
    const std::string key(64, 'a');
    EXPECT_EQ(public_problem(unhex("08011220" + key)), "");
    says(public_problem(unhex("0881001220" + key)), "canonical");
    says(public_problem(unhex("080112a000" + key)), "canonical");
    says(public_problem(unhex("1220" + key + "0801")), "canonical");
    says(public_problem(unhex("08011220" + key + "1801")), "goes on");
    says(public_problem(unhex("08041220" + key)), "unknown encoding");
}

TEST(PublicKey, ChecksTheLengthOfItsData) {
    says(public_problem(unhex("0801121f" + std::string(62, 'a'))), "31 octets, not 32");
    says(public_problem(unhex("08011221" + std::string(66, 'a'))), "33 octets, not 32");
    says(public_problem(unhex("08011200")), "0 octets, not 32");
    says(public_problem(unhex("08021220" + std::string(64, 'a'))), "32 octets, not 33");
    says(public_problem(unhex("0802122102" + std::string(62, '0') + "05")), "no compressed point");
    says(public_problem(unhex("08031200")), "P-256");
    says(public_problem(unhex("08001200")), "DER");
}

TEST(PublicKey, BoundsTheMessage) {
    Bytes octets(kMaxPublicKeySize, 0);
    EXPECT_EQ(public_problem(octets).find("the limit is"), std::string::npos);
    octets.push_back(0);
    says(public_problem(octets), "the limit is 1088");
}

TEST(PublicKey, RefusesATypeThatDoesNotExist) {
    EXPECT_EQ(PublicKey::from_raw(static_cast<KeyType>(4), Bytes(32)).error(), Errc::invalid_key);
}

TEST(PrivateKey, ChecksThatItsHalvesBelongTogether) {
    auto octets = unhex(kKeys[0].private_key);
    ASSERT_EQ(kKeys[0].type, KeyType::ed25519);
    octets.back() ^= 1;
    says(private_problem(octets), "belongs to another key");
    for (const std::size_t at : {std::size_t{4 + 33}, std::size_t{4 + 65}}) {
        auto legacy = unhex(kLegacyKeys[0].private_key);
        legacy[at] ^= 1;
        says(private_problem(legacy), "belongs to another key");
    }
}

TEST(PrivateKey, ChecksTheLengthOfItsData) {
    for (const std::size_t size : {0U, 1U, 32U, 63U, 65U, 95U, 97U, 127U}) {
        Bytes octets{8, 1, 0x12, static_cast<std::uint8_t>(size)};
        octets.resize(octets.size() + size, 1);
        says(private_problem(octets), "not 64 or 96");
    }
    for (const std::size_t size : {0U, 31U, 33U}) {
        Bytes octets{8, 2, 0x12, static_cast<std::uint8_t>(size)};
        octets.resize(octets.size() + size, 1);
        says(private_problem(octets), "not 32");
    }
    says(private_problem(unhex("08021220" + std::string(64, '0'))), "zero");
    says(private_problem(unhex("08021220" + std::string(64, 'f'))), "order");
}

TEST(PrivateKey, RefusesEveryBeginningOfOne) {
    for (const auto& vector : kKeys) {
        const auto octets = unhex(vector.private_key);
        for (std::size_t size = 0; size < octets.size(); ++size) {
            EXPECT_FALSE(PrivateKey::decode(ByteView(octets).first(size))) << size;
        }
    }
}

TEST(PrivateKey, BoundsTheMessage) {
    Bytes octets(kMaxPrivateKeySize, 0);
    EXPECT_EQ(private_problem(octets).find("the limit is"), std::string::npos);
    octets.push_back(0);
    says(private_problem(octets), "the limit is 4800");
}

TEST(PrivateKey, RefusesAnRsaKeyWhoseNumbersDoNotFit) {
    auto octets = unhex(kSignatures[0].private_key);
    says(private_problem(octets).empty() ? "fine" : "not fine", "fine");
    octets[100] ^= 1;
    says(private_problem(octets), "do not belong together");
}

TEST(KeyType, HasNamesBothWays) {
    for (const auto type : kTypes) {
        EXPECT_EQ(key_type_of(to_string(type)), type);
    }
    EXPECT_EQ(to_string(KeyType::ed25519), "ed25519");
    EXPECT_EQ(key_type_of("Ed25519"), std::nullopt);
    EXPECT_EQ(key_type_of(""), std::nullopt);
}

TEST(Identity, SharesOneKeyAmongItsCopies) {
    const auto identity = Identity::generate();
    EXPECT_EQ(identity.public_key().type(), KeyType::ed25519);
    const auto copy = identity;  // NOLINT(performance-unnecessary-copy-initialization)
    EXPECT_EQ(&copy.private_key(), &identity.private_key());
    EXPECT_EQ(copy.peer_id(), identity.public_key().peer_id());
    EXPECT_TRUE(copy.public_key().verify(as_bytes("m"), identity.sign(as_bytes("m"))));
    EXPECT_NE(Identity::generate().peer_id(), identity.peer_id());
}

TEST(Identity, IsMadeOfAKey) {
    auto key = PrivateKey::decode(unhex(kKeys[0].private_key)).value();
    EXPECT_EQ(Identity(std::move(key)).peer_id().to_string(), kKeys[0].peer);
}

}  // namespace
}  // namespace libp2p
