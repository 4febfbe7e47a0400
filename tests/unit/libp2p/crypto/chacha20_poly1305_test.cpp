// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/chacha20_poly1305.hpp"

#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace libp2p::crypto {
namespace {

using tests::hex;
using tests::unhex;

Secret32 key_of(std::string_view text) {
    return Secret32(std::span<const std::uint8_t, 32>(unhex(text)));
}

const std::string_view kKey = "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f";
const std::string_view kAssociated = "50515253c0c1c2c3c4c5c6c7";
const std::string_view kText =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be "
    "it.";

struct Sample {
    std::uint64_t counter;
    std::string_view sealed;
};

/// Made with another implementation (Python's cryptography), with the nonces of Noise.
constexpr Sample kSamples[] = {
    {0,
     "663d7ec45b29ceaaa35505b8c1b3d94613a50fd7e315a748d35a378670746af867ab3404fe7b7655b904162b408190f3f8c781815bb8724e4"
     "a"
     "c22ea6351d38468cd370aa8ffb19e96edc915893cc6e1861c2af01ab0fb02df97ea145499bb87d44ec7d738272327290570a03658b27b1166"
     "6"
     "5c21ea189f9450ff121509fd8142befc"},
    {1,
     "af7010641b0c07870c61fa51ef1af2867c2249b03f466826b4fc74ef71d8eebc3d7d03d408fbc5a69c28a1f237a6be6387273db104002a892"
     "2"
     "78305905a3c55845adcffe878ddbe19d2115ab93a373ac405212f8baf098ce405cb46395c59b5213cd6afa4dea5ed377ecb2bfa4cfdce9716"
     "1"
     "09473dbdcf154e6e253e747918368410"},
    {0x0102030405060708,
     "b8d08ad235a97bbc4dd551cc6b1911b3961e31851245f58e7f581dbe0627e811f7465bd39dd94d5546bf48ac1a2dd43cbda6f795d215ec93a"
     "b"
     "b888192adfa41a10ee4bb956f2bbbe7294b33f513dbeeba962d9c2f8cc18c88a9171bebc9ffb116a4383f49408e055ad9ca5fa75dccb65b94"
     "f"
     "d963bce6a7bfba85f5b845fd1ee7f5f1"},
    {std::numeric_limits<std::uint64_t>::max() - 1,
     "526a608778718850e057bc720c581fd73fc666ef8bfec1956b51f9d8faaeecc51da5a97de07bd489da5e053ff8bf4aa3b841bbe571eb2d601"
     "1"
     "4404280ae1c0863234e79998729753ff3bedbbf8109867d1f7129cd4ac350531894e7b752ce82997794c8dcda522fba91fe9da422a24f3002"
     "7"
     "e11661c47286415a7261b38637d7c4c3"},
};

TEST(ChaCha20Poly1305, SealsAsAnotherImplementationDoes) {
    const ChaCha20Poly1305 cipher(key_of(kKey));
    for (const auto& sample : kSamples) {
        Bytes sealed(kText.size() + 16);
        cipher.seal(sample.counter, unhex(kAssociated), as_bytes(kText), sealed);
        EXPECT_EQ(hex(sealed), sample.sealed);

        Bytes in_place(kText.begin(), kText.end());
        in_place.resize(in_place.size() + 16);
        cipher.seal(sample.counter, unhex(kAssociated), ByteView(in_place).first(kText.size()), in_place);
        EXPECT_EQ(hex(in_place), sample.sealed);
    }
    Bytes empty(16);
    cipher.seal(0, {}, {}, empty);
    EXPECT_EQ(hex(empty), "3ae5d3f2a376d317eaea5aef0215ba54");
}

TEST(ChaCha20Poly1305, OpensTheExampleOfRfc8439) {
    const ChaCha20Poly1305 cipher(key_of("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0"));
    auto sealed = unhex(
        "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18755d43eea09ee94e382d26b0bdb7b73c321b01"
        "00d4f03b7f355894cf332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c8559797a06ef4f0ef61c186324e2b35"
        "06383606907b6a7c02b0f9f6157b53c867e4b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523eaf4534d7f8"
        "3fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a67276"
        "27097a1049e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29a6ad5cb4022b02709beead9d67890cbb223923"
        "36fea1851f38"
    );
    ASSERT_TRUE(cipher.open_in_place(0x0807060504030201, unhex("f33388860000000000004e91"), sealed));
    EXPECT_TRUE(as_text(sealed).starts_with("Internet-Drafts are draft documents valid for a maximum of six months"));
}

class Tampering : public testing::Test {
protected:
    Tampering() : sealed_(kText.size() + 16), plain_(kText.size()) {
        cipher_.seal(7, as_bytes("ad"), as_bytes(kText), sealed_);
    }

    ChaCha20Poly1305 cipher_{key_of(kKey)};
    Bytes sealed_;
    Bytes plain_;
};

TEST_F(Tampering, OpensWhatWasNotTouched) {
    EXPECT_TRUE(cipher_.open(7, as_bytes("ad"), sealed_, plain_));
    EXPECT_EQ(as_text(plain_), kText);
    EXPECT_TRUE(cipher_.open_in_place(7, as_bytes("ad"), sealed_));
    EXPECT_EQ(as_text(ByteView(sealed_).first(kText.size())), kText);
}

TEST_F(Tampering, RefusesAnyChangedBitAndGivesNothingAway) {
    for (std::size_t i = 0; i < sealed_.size(); ++i) {
        auto broken = sealed_;
        broken[i] ^= 1;
        EXPECT_FALSE(cipher_.open(7, as_bytes("ad"), broken, plain_));
        EXPECT_NE(as_text(plain_).substr(0, 16), kText.substr(0, 16));
        EXPECT_FALSE(cipher_.open_in_place(7, as_bytes("ad"), broken));
        EXPECT_NE(as_text(broken).substr(0, 16), kText.substr(0, 16));
    }
}

TEST_F(Tampering, RefusesAnotherCounterAssociatedDataOrKey) {
    EXPECT_FALSE(cipher_.open(6, as_bytes("ad"), sealed_, plain_));
    EXPECT_FALSE(cipher_.open(7 + (std::uint64_t{1} << 32), as_bytes("ad"), sealed_, plain_));
    EXPECT_FALSE(cipher_.open(7, as_bytes("aD"), sealed_, plain_));
    EXPECT_FALSE(cipher_.open(7, {}, sealed_, plain_));
    EXPECT_FALSE(ChaCha20Poly1305(Secret32()).open(7, as_bytes("ad"), sealed_, plain_));
}

TEST_F(Tampering, RefusesWhatIsTooShortForATag) {
    for (std::size_t size = 0; size < ChaCha20Poly1305::kTagSize; ++size) {
        EXPECT_FALSE(cipher_.open(7, as_bytes("ad"), ByteView(sealed_).first(size), {}));
        EXPECT_FALSE(cipher_.open_in_place(7, as_bytes("ad"), MutableByteView(sealed_).first(size)));
    }
    EXPECT_FALSE(cipher_.open(7, as_bytes("ad"), ByteView(sealed_).first(16), {}));
}

TEST(ChaCha20Poly1305, KeepsItsKeyWhenItIsMoved) {
    ChaCha20Poly1305 first(key_of(kKey));
    ChaCha20Poly1305 second(std::move(first));
    ChaCha20Poly1305 third{Secret32()};
    third = std::move(second);
    Bytes sealed(kText.size() + 16);
    third.seal(0, unhex(kAssociated), as_bytes(kText), sealed);
    EXPECT_EQ(hex(sealed), kSamples[0].sealed);
}

TEST(ChaCha20Poly1305, RoundTripsEverySizeAroundABlock) {
    const ChaCha20Poly1305 cipher(key_of(kKey));
    for (std::size_t size = 0; size < 600; ++size) {
        const Bytes text(size, static_cast<std::uint8_t>(size));
        Bytes sealed(size + 16);
        cipher.seal(size, {}, text, sealed);
        ASSERT_TRUE(cipher.open_in_place(size, {}, sealed)) << size;
        sealed.resize(size);
        ASSERT_EQ(sealed, text);
    }
}

}  // namespace
}  // namespace libp2p::crypto
