// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/certificate.hpp"

#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace libp2p::crypto {
namespace {

using tests::hex;

/// The element that stands at the beginning of `der`, header included. Enough of DER for certificates of ours.
ByteView element(ByteView der) {
    const std::size_t first = der[1];
    const auto octets = first < 0x80 ? 0 : first & 0x7f;
    std::size_t length = octets == 0 ? first : 0;
    for (std::size_t i = 0; i < octets; ++i) {
        length = length * 256 + der[2 + i];
    }
    return der.first(2 + octets + length);
}

ByteView content(ByteView der) {
    const auto whole = element(der);
    const auto header = std::size_t{2} + (whole[1] < 0x80 ? 0 : whole[1] & 0x7f);
    return whole.subspan(header);
}

/// The parts of Certificate: what is signed, the algorithm, the signature.
struct Parts {
    explicit Parts(ByteView der) {
        auto rest = content(der);
        body = element(rest);
        rest = rest.subspan(body.size());
        algorithm = element(rest);
        rest = rest.subspan(algorithm.size());
        signature = content(rest).subspan(1);
    }

    ByteView body;
    ByteView algorithm;
    ByteView signature;
};

bool contains(ByteView octets, std::string_view text) {
    return as_text(octets).find(text) != std::string_view::npos;
}

Bytes changed(ByteView octets, std::size_t position, std::uint8_t mask = 1) {
    Bytes copy(octets.begin(), octets.end());
    copy[position] ^= mask;
    return copy;
}

TEST(Certificate, IsSignedWithItsOwnKey) {
    const auto certificate = Certificate::generate();
    const Parts parts(certificate.der());
    EXPECT_EQ(element(certificate.der()).size(), certificate.der().size());
    EXPECT_TRUE(p256::verify(certificate.key().public_key(), parts.body, parts.signature));
    EXPECT_EQ(hex(parts.algorithm), "300a06082a8648ce3d040302");
    EXPECT_EQ(certificate.fingerprint(), sha256(certificate.der()));
    EXPECT_LT(certificate.der().size(), 400U);
}

TEST(Certificate, HasTheFieldsOfVersion3) {
    const auto certificate = Certificate::generate();
    const Parts parts(certificate.der());
    auto rest = content(parts.body);
    EXPECT_EQ(hex(element(rest)), "a003020102");
    rest = rest.subspan(5);
    const auto serial = content(rest);
    EXPECT_EQ(rest[0], 0x02);
    EXPECT_EQ(serial.size(), 16U);
    EXPECT_EQ(serial[0] & 0xc0, 0x40);  // positive, and no leading zero
    EXPECT_TRUE(contains(
        parts.body,
        "\x17\x0d"
        "200101000000Z"
        "\x18\x0f"
        "21200101000000Z"
    ));
    EXPECT_EQ(hex(parts.body.last(p256::kPublicKeySize)), hex(certificate.key().public_key()));
}

TEST(Certificate, SaysNothingAboutWhoMadeIt) {
    const auto one = Certificate::generate();
    const auto other = Certificate::generate();
    EXPECT_FALSE(contains(one.der(), "p2p"));
    EXPECT_NE(one.fingerprint(), other.fingerprint());
    EXPECT_NE(one.key().public_key(), other.key().public_key());
    EXPECT_NE(
        hex(content(content(Parts(one.der()).body).subspan(5))),
        hex(content(content(Parts(other.der()).body).subspan(5)))
    );
}

TEST(Certificate, FollowsFromASecret) {
    const Bytes secret(32, 7);
    const auto one = Certificate::from_secret(secret);
    const auto again = Certificate::from_secret(secret);
    EXPECT_EQ(hex(one.der()), hex(again.der()));
    EXPECT_EQ(hex(one.encode().view()), hex(again.encode().view()));
    const Parts parts(one.der());
    EXPECT_TRUE(p256::verify(one.key().public_key(), parts.body, parts.signature));
    EXPECT_NE(Certificate::from_secret(Bytes(32, 8)).fingerprint(), one.fingerprint());
    // A published address has this in it: it must be the same in all versions to come.
    EXPECT_EQ(hex(one.fingerprint()), "9f187d3a7164c35b8cc4c6fb74d11701202d27b1a6e1e5b9fcaacab6e19f048a");
}

TEST(Certificate, IsStoredAndRead) {
    for (const auto& certificate : {Certificate::generate(), Certificate::from_secret(Bytes(32, 1))}) {
        const auto stored = certificate.encode();
        ASSERT_LE(stored.size(), Certificate::kMaxEncodedSize);
        const auto read = Certificate::parse(stored.view());
        ASSERT_TRUE(read);
        EXPECT_EQ(hex(read->der()), hex(certificate.der()));
        EXPECT_EQ(read->fingerprint(), certificate.fingerprint());
        EXPECT_EQ(hex(read->key().encode().view()), hex(certificate.key().encode().view()));
    }
}

TEST(Certificate, RefusesWhatItDidNotStore) {
    const auto stored = Certificate::generate().encode();
    EXPECT_EQ(Certificate::parse({}).error(), Errc::invalid_key);
    EXPECT_EQ(Certificate::parse(Bytes(5000)).error(), Errc::invalid_key);
    for (std::size_t size = 0; size < stored.size(); ++size) {
        EXPECT_FALSE(Certificate::parse(stored.view().first(size))) << size;
    }
    for (std::size_t i = 0; i < stored.size(); ++i) {
        EXPECT_FALSE(Certificate::parse(changed(stored.view(), i))) << i;
    }
    Bytes longer(stored.view().begin(), stored.view().end());
    longer.push_back(0);
    EXPECT_FALSE(Certificate::parse(longer));
}

TEST(Certificate, RefusesTheKeyOfAnother) {
    const auto one = Certificate::generate();
    const auto other = Certificate::generate();
    const auto key = other.key().encode();
    Bytes pair{0x30, 0x82, 0, 0};
    pair.insert(pair.end(), key.view().begin(), key.view().end());
    pair.insert(pair.end(), one.der().begin(), one.der().end());
    pair[2] = static_cast<std::uint8_t>((pair.size() - 4) / 256);
    pair[3] = static_cast<std::uint8_t>((pair.size() - 4) % 256);
    EXPECT_EQ(Certificate::parse(pair).error(), Errc::invalid_key);
}

}  // namespace
}  // namespace libp2p::crypto
