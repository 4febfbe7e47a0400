// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/cid.hpp"

#include "proto/multicodec.hpp"
#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

#include <string>

namespace libp2p::proto {
namespace {

using tests::hex;
using tests::unhex;

constexpr const char* kHash = "12209dff3b17d74cf4d38a50d8b6383e92d181a10395a5e73a726dcccbd21bf6f0b9";
constexpr const char* kVersion0 = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N";
constexpr const char* kKeyBase32 = "bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe";
constexpr const char* kKeyBase36 = "k2k4r8ncs1yoluq95unsd7x2vfhgve0ncjoggwqx9vyh3vl8warrcp15";

boost::system::error_code error_of(const DecodeResult<Cid>& read) {
    return read ? boost::system::error_code() : read.error();
}

TEST(Cid, ReadsAndPrintsVersion1InSeveralBases) {
    for (const auto* text : {kKeyBase32, kKeyBase36}) {
        const auto cid = parse_cid(text);
        ASSERT_TRUE(cid) << cid.error().message();
        EXPECT_EQ(cid->version, 1U);
        EXPECT_EQ(cid->codec, multicodec::kLibp2pKey);
        EXPECT_EQ(hex(cid->multihash), kHash);
        EXPECT_EQ(hex(encode_cid(*cid)), "0172" + std::string(kHash));
        EXPECT_EQ(to_text(*cid), kKeyBase32);
        EXPECT_EQ(to_text(*cid, Base::base36), kKeyBase36);
    }
}

TEST(Cid, RecognisesVersion0) {
    const auto cid = parse_cid(kVersion0);
    ASSERT_TRUE(cid);
    EXPECT_EQ(cid->version, 0U);
    EXPECT_EQ(cid->codec, multicodec::kDagPb);
    EXPECT_EQ(to_text(*cid), kVersion0);
    EXPECT_EQ(hex(encode_cid(*cid)), kHash);
    EXPECT_EQ(decode_cid(unhex(kHash)).value(), *cid);
}

TEST(Cid, ReadsOctetsAsItWroteThem) {
    for (const auto* text :
         {"0155"
          "0000",
          "01701220e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
          "01f201"
          "1201aa"}) {
        const auto cid = decode_cid(unhex(text));
        ASSERT_TRUE(cid) << text;
        EXPECT_EQ(hex(encode_cid(*cid)), text);
        EXPECT_EQ(parse_cid(to_text(*cid)).value(), *cid);
    }
}

TEST(Cid, RefusesOtherVersions) {
    for (const auto* text : {"00721201aa", "02721201aa", "03721201aa"}) {
        EXPECT_EQ(error_of(decode_cid(unhex(text))), DecodeErrc::unknown_encoding) << text;
    }
}

TEST(Cid, RefusesVersion0InMultibase) {
    EXPECT_EQ(error_of(parse_cid("z" + std::string(kVersion0))), DecodeErrc::unknown_encoding);
    EXPECT_EQ(error_of(parse_cid("f" + std::string(kHash))), DecodeErrc::unknown_encoding);
}

TEST(Cid, RefusesWhatIsCutOrGoesOn) {
    for (const auto* text : {"", "01", "0172", "017212", "01721220", "0172120201"}) {
        EXPECT_EQ(error_of(decode_cid(unhex(text))), DecodeErrc::need_more) << text;
    }
    EXPECT_EQ(error_of(decode_cid(unhex("01721201aabb"))), DecodeErrc::trailing_bytes);
    EXPECT_EQ(error_of(decode_cid(unhex("8100721201aa"))), DecodeErrc::not_minimal);
    EXPECT_EQ(error_of(parse_cid("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5")), DecodeErrc::unknown_encoding);
    EXPECT_EQ(error_of(parse_cid("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5NN")), DecodeErrc::unknown_encoding);
    EXPECT_EQ(error_of(parse_cid("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx0N")), DecodeErrc::bad_character);
    EXPECT_EQ(error_of(parse_cid("Qm11111111111111111111111111111111111111111111")), DecodeErrc::bad_length);
}

TEST(Cid, BoundsTheText) {
    Bytes octets = unhex("0172128001");
    octets.resize(octets.size() + kMaxDigestSize, 0xff);
    const auto cid = decode_cid(octets);
    ASSERT_TRUE(cid);
    const auto longest = to_text(*cid, Base::base16);
    EXPECT_LE(longest.size(), kMaxCidTextSize);
    EXPECT_EQ(parse_cid(longest).value(), *cid);
    EXPECT_EQ(error_of(parse_cid(std::string(kMaxCidTextSize + 1, 'f'))), DecodeErrc::too_long);
    EXPECT_NE(error_of(parse_cid(std::string(kMaxCidTextSize, 'f'))), DecodeErrc::too_long);
}

}  // namespace
}  // namespace libp2p::proto
