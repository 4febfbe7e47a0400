// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/peer_id.hpp"

#include "proto/multibase.hpp"
#include "tests/unit/hex.hpp"

#include <libp2p/keys.hpp>

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <unordered_set>

namespace libp2p {
namespace {

using tests::hex;
using tests::unhex;

struct Form {
    const char* text;
    const char* octets;
    const char* base32;
    const char* base36;
};

constexpr Form kForms[] = {
#include "tests/unit/libp2p/vectors/peer_id_forms.inc"
};

constexpr const char* kEd25519 = "0024080112202d3de6d16ae87f7a933fe1552162a2d3f04951e90e8051e4ee2c18f002dd0fb4";
constexpr const char* kSecp256k1 =
    "00250802122103"
    "7777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fea0e630bfca99";

static_assert(sizeof(PeerId) <= 40);
static_assert(std::is_trivially_copyable_v<PeerId>);

bool is_peer_id(std::string_view octets) {
    const auto read = PeerId::from_bytes(unhex(octets));
    EXPECT_TRUE(read || read.error() == Errc::invalid_address);
    return read.has_value();
}

bool is_peer_id_text(std::string_view text) {
    const auto read = PeerId::parse(text);
    EXPECT_TRUE(read || read.error() == Errc::invalid_address);
    return read.has_value();
}

TEST(PeerId, HasOneIdInAllItsForms) {
    for (const auto& form : kForms) {
        const auto peer = PeerId::from_bytes(unhex(form.octets));
        ASSERT_TRUE(peer) << form.text << ": " << peer.error();
        EXPECT_EQ(peer->to_string(), form.text);
        EXPECT_EQ(peer->to_cid_string(), form.base32);
        EXPECT_EQ(hex(peer->bytes()), form.octets);
        for (const auto* text : {form.text, form.base32, form.base36}) {
            const auto read = PeerId::parse(text);
            ASSERT_TRUE(read) << text << ": " << read.error();
            EXPECT_EQ(*read, *peer);
        }
    }
}

TEST(PeerId, ReadsACidInEveryBase) {
    using proto::Base;
    const auto peer = PeerId::from_bytes(unhex(kSecp256k1)).value();
    const auto cid = unhex("0172" + std::string(kSecp256k1));
    for (const auto base :
         {Base::base16,
          Base::base16upper,
          Base::base32,
          Base::base32upper,
          Base::base32pad,
          Base::base32padupper,
          Base::base36,
          Base::base36upper,
          Base::base58btc,
          Base::base64,
          Base::base64pad,
          Base::base64url,
          Base::base64urlpad}) {
        const auto text = proto::encode_multibase(base, cid);
        ASSERT_LE(text.size(), PeerId::kMaxTextSize);
        const auto read = PeerId::parse(text);
        ASSERT_TRUE(read) << text << ": " << read.error();
        EXPECT_EQ(*read, peer);
    }
}

TEST(PeerId, HoldsSmallKeysAndDigestsOfLargeOnes) {
    const auto small = PeerId::from_bytes(unhex(kEd25519)).value();
    EXPECT_TRUE(small.has_public_key());
    const auto key = small.public_key();
    ASSERT_TRUE(key);
    EXPECT_EQ(key->type(), KeyType::ed25519);
    EXPECT_EQ(hex(key->encoded()), std::string(kEd25519).substr(4));
    EXPECT_EQ(key->peer_id(), small);

    const auto large = PeerId::from_bytes(unhex(kForms[0].octets)).value();
    EXPECT_FALSE(large.has_public_key());
    EXPECT_EQ(large.public_key().error(), Errc::invalid_key);
}

TEST(PeerId, TellsWhenTheKeyInsideIsNoPoint) {
    const auto peer =
        PeerId::from_bytes(unhex("002508021221020000000000000000000000000000000000000000000000000000000000000005"));
    ASSERT_TRUE(peer);
    EXPECT_EQ(peer->public_key().error(), Errc::invalid_key);
}

TEST(PeerId, RefusesDigestsOfTheWrongLength) {
    const std::string digest(62, 'a');
    EXPECT_FALSE(is_peer_id("121f" + digest));
    EXPECT_TRUE(is_peer_id("1220" + digest + "aa"));
    EXPECT_FALSE(is_peer_id("1221" + digest + "aaaa"));
    EXPECT_FALSE(is_peer_id("1200"));
    EXPECT_FALSE(is_peer_id("1220" + digest));           // cut
    EXPECT_FALSE(is_peer_id("1220" + digest + "aaaa"));  // goes on
    EXPECT_FALSE(is_peer_id("12a000" + digest + "aa"));  // length in a long form
    EXPECT_FALSE(is_peer_id(""));
    EXPECT_FALSE(is_peer_id("12"));
}

TEST(PeerId, RefusesOtherHashFunctions) {
    const std::string digest(64, 'a');
    for (const auto* code : {"11", "13", "14", "16", "1b", "d501"}) {
        EXPECT_FALSE(is_peer_id(code + std::string("20") + digest)) << code;
    }
}

TEST(PeerId, RefusesKeysThatAreTooLongToStandInside) {
    // 42 octets is the limit of the specification; between that and the keys that exist nothing is canonical.
    for (const std::size_t size : {40U, 41U, 42U, 43U, 128U}) {
        std::string key = "0801122" + std::string("0");
        key += std::string(2 * (size - 4), 'a');
        Bytes octets{0, static_cast<std::uint8_t>(size)};
        if (size >= 128) {
            octets = {0, 0x80, 0x01};
        }
        const auto content = unhex(key);
        octets.insert(octets.end(), content.begin(), content.end());
        const auto read = PeerId::from_bytes(octets);
        ASSERT_FALSE(read) << size;
        EXPECT_EQ(read.error().detail().find("the limit is 42") != std::string_view::npos, size > 42) << read.error();
    }
}

TEST(PeerId, RefusesKeysInsideThatAreNotCanonical) {
    EXPECT_FALSE(is_peer_id("0000"));
    EXPECT_FALSE(
        is_peer_id("000412"
                   "200801")
    );
    const std::string key = std::string(kEd25519).substr(12);
    EXPECT_TRUE(is_peer_id("002408011220" + key));
    EXPECT_FALSE(is_peer_id(
        "0025"
        "0881001220" +
        key
    ));  // type in a long form
    EXPECT_FALSE(is_peer_id(
        "0024"
        "1220" +
        key + "0801"
    ));  // fields in the other order
    EXPECT_FALSE(is_peer_id(
        "0026"
        "08011220" +
        key + "1801"
    ));  // a field more
    EXPECT_FALSE(is_peer_id(
        "0023"
        "0801121f" +
        key.substr(2)
    ));  // 31 octets
    EXPECT_FALSE(is_peer_id(
        "0025"
        "08011221" +
        key + "aa"
    ));  // 33 octets
    EXPECT_FALSE(is_peer_id(
        "0024"
        "08001220" +
        key
    ));  // RSA, ECDSA: never inside
    EXPECT_FALSE(is_peer_id(
        "0024"
        "08031220" +
        key
    ));
    EXPECT_FALSE(is_peer_id(
        "0024"
        "08021220" +
        key
    ));  // secp256k1 of 32 octets
    EXPECT_FALSE(is_peer_id(
        "0025"
        "0802122104" +
        key
    ));  // not compressed
    EXPECT_TRUE(is_peer_id(
        "0025"
        "0802122102" +
        key
    ));
}

TEST(PeerId, RefusesTextThatIsNone) {
    for (const auto* text : {
             "",
             "1",
             "Q",
             "Qm",
             "b",
             "z",
             "k",
             "hello",
             "tcp",
             "/",
             "0",
             "?unknownmultibase",
             "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5",    // a character short
             "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5NN",  // one too many
             "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx0N",   // not of the alphabet
             "zQmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N",  // multibase without a CID
             " QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N",
             "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5S",
             "BAFZBEIE5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe",  // mixed case
             "bafybeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe",  // a CID of dag-pb
             "k2jmtxwoe2phm1hbqp0e7nufqf6umvuu2e9qd7ana7h411a0haqj6i2z",     // a CID of something else
             "k2k4r8oqamigqdo6o7hsbfwd45y70oyynp98usk7zmyfrzpqxh1pohl-",
         }) {
        EXPECT_FALSE(is_peer_id_text(text)) << text;
    }
}

TEST(PeerId, BoundsTheText) {
    const auto longest = PeerId::parse(std::string(PeerId::kMaxTextSize, '1'));
    ASSERT_FALSE(longest);
    EXPECT_EQ(longest.error().detail().find("the limit is"), std::string_view::npos);
    const auto longer = PeerId::parse(std::string(PeerId::kMaxTextSize + 1, '1'));
    ASSERT_FALSE(longer);
    EXPECT_NE(longer.error().detail().find("the limit is 128"), std::string_view::npos);
}

TEST(PeerId, IsComparedAndHashedByItsOctets) {
    const auto a = PeerId::from_bytes(unhex(kEd25519)).value();
    const auto b = PeerId::from_bytes(unhex(kSecp256k1)).value();
    const auto c = PeerId::from_bytes(unhex(kForms[0].octets)).value();
    EXPECT_EQ(a, PeerId::parse(a.to_cid_string()).value());
    EXPECT_LT(a, b);
    EXPECT_LT(b, c);
    EXPECT_GT(c, a);
    EXPECT_NE(a, c);
    const std::unordered_set<PeerId> set{a, b, c, a};
    EXPECT_EQ(set.size(), 3U);
    EXPECT_TRUE(set.contains(PeerId::parse(b.to_string()).value()));
}

TEST(PeerId, PrintsItself) {
    std::ostringstream out;
    out << PeerId::from_bytes(unhex(kForms[0].octets)).value();
    EXPECT_EQ(out.str(), kForms[0].text);
}

}  // namespace
}  // namespace libp2p
