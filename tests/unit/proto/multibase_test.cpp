// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/multibase.hpp"

#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace libp2p::proto {
namespace {

using tests::hex;
using tests::unhex;

constexpr std::array kBases{
    Base::base16,
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
    Base::base64urlpad
};

Bytes octets_of(std::string_view text) {
    return Bytes(text.begin(), text.end());
}

boost::system::error_code error_of(std::string_view text) {
    const auto read = decode_multibase(text);
    return read ? boost::system::error_code() : read.error();
}

/// The vectors of the multibase specification.
constexpr const char* kHello[] = {
    "f796573206d616e692021",
    "F796573206D616E692021",
    "bpfsxgidnmfxgsibb",
    "BPFSXGIDNMFXGSIBB",
    "cpfsxgidnmfxgsibb",
    "CPFSXGIDNMFXGSIBB",
    "k2lcpzo5yikidynfl",
    "K2LCPZO5YIKIDYNFL",
    "z7paNL19xttacUY",
    "meWVzIG1hbmkgIQ",
    "MeWVzIG1hbmkgIQ==",
    "ueWVzIG1hbmkgIQ",
    "UeWVzIG1hbmkgIQ=="
};
constexpr const char* kZero[] = {
    "f00796573206d616e692021",
    "F00796573206D616E692021",
    "bab4wk4zanvqw42jaee",
    "BAB4WK4ZANVQW42JAEE",
    "cab4wk4zanvqw42jaee======",
    "CAB4WK4ZANVQW42JAEE======",
    "k02lcpzo5yikidynfl",
    "K02LCPZO5YIKIDYNFL",
    "z17paNL19xttacUY",
    "mAHllcyBtYW5pICE",
    "MAHllcyBtYW5pICE=",
    "uAHllcyBtYW5pICE",
    "UAHllcyBtYW5pICE="
};

TEST(Multibase, FollowsTheVectorsOfTheSpecification) {
    const auto hello = octets_of("yes mani !");
    auto zero = hello;
    zero.insert(zero.begin(), 0);
    for (std::size_t i = 0; i < kBases.size(); ++i) {
        for (const auto& [text, data] : {std::pair(kHello[i], hello), std::pair(kZero[i], zero)}) {
            EXPECT_EQ(encode_multibase(kBases[i], data), text);
            const auto read = decode_multibase(text);
            ASSERT_TRUE(read) << text << ": " << read.error().message();
            EXPECT_EQ(read->base, kBases[i]);
            EXPECT_EQ(read->data, data);
        }
    }
}

TEST(Multibase, FollowsTheVectorsOfRfc4648) {
    constexpr const char* kPlain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
    constexpr const char* k64[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    constexpr const char* k32[] = {"", "MY======", "MZXQ====", "MZXW6===", "MZXW6YQ=", "MZXW6YTB", "MZXW6YTBOI======"};
    for (std::size_t i = 0; i < std::size(kPlain); ++i) {
        EXPECT_EQ(encode_base(Base::base64pad, octets_of(kPlain[i])), k64[i]);
        EXPECT_EQ(encode_base(Base::base32padupper, octets_of(kPlain[i])), k32[i]);
        EXPECT_EQ(decode_base(Base::base64pad, k64[i]).value(), octets_of(kPlain[i]));
        EXPECT_EQ(decode_base(Base::base32padupper, k32[i]).value(), octets_of(kPlain[i]));
    }
}

TEST(Multibase, ReadsWhatItWritesForEveryLength) {
    for (const auto base : kBases) {
        for (const auto fill : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{0x7f}, std::uint8_t{0xff}}) {
            for (std::size_t size = 0; size <= kMaxPositionalDataSize; ++size) {
                Bytes data(size, fill);
                if (size > 2) {
                    data[size / 2] = 0x5a;
                }
                const auto text = encode_multibase(base, data);
                const auto read = decode_multibase(text);
                ASSERT_TRUE(read) << text;
                ASSERT_EQ(read->data, data) << text;
            }
        }
    }
}

TEST(Multibase, KeepsLeadingZerosInPositionalBases) {
    EXPECT_EQ(encode_base(Base::base58btc, unhex("0000")), "11");
    EXPECT_EQ(decode_base(Base::base58btc, "11").value(), unhex("0000"));
    EXPECT_EQ(encode_base(Base::base36, unhex("000001")), "001");
    EXPECT_EQ(decode_base(Base::base36, "001").value(), unhex("000001"));
    EXPECT_EQ(encode_base(Base::base58btc, unhex("0000287fb4cd")), "11233QC4");
}

TEST(Multibase, RefusesAnEmptyTextAndAnUnknownPrefix) {
    EXPECT_EQ(error_of(""), DecodeErrc::need_more);
    for (const auto* text : {"?abc", "0101", "9123", "x00", "Zabc", "hyb", " f00"}) {
        EXPECT_EQ(error_of(text), DecodeErrc::unknown_encoding) << text;
    }
    EXPECT_EQ(error_of(std::string_view("\0f", 2)), DecodeErrc::unknown_encoding);
    EXPECT_EQ(error_of("\xff\xff"), DecodeErrc::unknown_encoding);
}

TEST(Multibase, TakesOnlyTheLettersOfItsAlphabet) {
    for (const auto* text :
         {"fAA", "Faa", "fgg", "f-1",   "bAB",   "Bab",  "ba1", "ba0",  "ba8",       "kA",        "Ka",  "k-",    "z0",
          "zO",  "zI",  "zl",  "m-_--", "u+/++", "mA=A", "b a", "f0\n", "m\xc3\xa4", "bpf=xgidn", "z1 ", "kz\xff"}) {
        EXPECT_EQ(error_of(text), DecodeErrc::bad_character) << text;
    }
}

TEST(Multibase, RefusesLengthsThatNoEncoderGives) {
    for (const auto* text : {"f0", "fabc", "ba", "baaa", "baaaaaa", "mA", "mAAAAA", "uA"}) {
        EXPECT_EQ(error_of(text), DecodeErrc::bad_length) << text;
    }
}

TEST(Multibase, RefusesBitsBehindTheLastOctet) {
    for (const auto* text : {"bab", "bmz", "mAB", "mAAB", "MAB==", "UAAB=", "cab======"}) {
        EXPECT_EQ(error_of(text), DecodeErrc::bad_trailing_bits) << text;
    }
}

TEST(Multibase, IgnoresBitsBehindTheLastOctetOnRequest) {
    EXPECT_EQ(decode_base(Base::base32, "mz", TrailingBits::ignore).value(), octets_of("f"));
    EXPECT_EQ(decode_base(Base::base64pad, "Zh==", TrailingBits::ignore).value(), octets_of("f"));
    EXPECT_EQ(decode_base(Base::base32, "mzx", TrailingBits::ignore).error(), DecodeErrc::bad_length);
}

TEST(Multibase, InsistsOnExactPadding) {
    for (const auto* text :
         {"MeWVzIG1hbmkgIQ",
          "MeWVzIG1hbmkgIQ=",
          "MeWVzIG1hbmkgIQ===",
          "MZm9v====",
          "M====",
          "M=",
          "cab",
          "cab=====",
          "c========"}) {
        EXPECT_EQ(error_of(text), DecodeErrc::bad_length) << text;
    }
    EXPECT_EQ(error_of("meWVzIG1hbmkgIQ=="), DecodeErrc::bad_character);
    EXPECT_EQ(error_of("MeW=z"), DecodeErrc::bad_character);
    EXPECT_EQ(error_of("MAAA=AAA="), DecodeErrc::bad_character);
}

TEST(Multibase, BoundsWhatTakesQuadraticTime) {
    for (const auto base : {Base::base36, Base::base36upper, Base::base58btc}) {
        const char zero = base == Base::base58btc ? '1' : '0';
        EXPECT_TRUE(decode_base(base, std::string(kMaxPositionalTextSize, zero)));
        EXPECT_TRUE(decode_base(base, std::string(kMaxPositionalTextSize, '2')));
        EXPECT_EQ(decode_base(base, std::string(kMaxPositionalTextSize + 1, zero)).error(), DecodeErrc::too_long);
        EXPECT_LE(encode_base(base, Bytes(kMaxPositionalDataSize, 0xff)).size(), kMaxPositionalTextSize);
    }
    EXPECT_TRUE(decode_base(Base::base64, std::string(4 * kMaxPositionalTextSize, 'A')));
}

}  // namespace
}  // namespace libp2p::proto
