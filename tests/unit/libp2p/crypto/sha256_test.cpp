// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/sha256.hpp"

#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

#include <string>

namespace libp2p::crypto {
namespace {

using tests::hex;

// FIPS 180-4 examples.
constexpr std::string_view kLong = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

TEST(Sha256, FollowsTheStandardsExamples) {
    EXPECT_EQ(hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hex(sha256(as_bytes("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex(sha256(as_bytes(kLong))), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(hex(sha256(Bytes(1'000'000, 'a'))), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, GivesTheSameHoweverTheMessageIsCut) {
    for (std::size_t cut = 0; cut <= kLong.size(); ++cut) {
        Sha256 state;
        state.update(as_bytes(kLong.substr(0, cut))).update({}).update(as_bytes(kLong.substr(cut)));
        EXPECT_EQ(state.finish(), sha256(as_bytes(kLong)));
    }
}

TEST(Sha256, StartsAnewAfterFinish) {
    Sha256 state;
    state.update(as_bytes("something else"));
    state.finish();
    EXPECT_EQ(state.update(as_bytes("abc")).finish(), sha256(as_bytes("abc")));
}

TEST(Sha256, GoesOnFromACopy) {
    Sha256 state;
    state.update(as_bytes("a"));
    auto copy = state;
    EXPECT_EQ(state.update(as_bytes("bc")).finish(), sha256(as_bytes("abc")));
    EXPECT_EQ(copy.update(as_bytes("x")).finish(), sha256(as_bytes("ax")));
}

}  // namespace
}  // namespace libp2p::crypto
