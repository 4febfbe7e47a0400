// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/random.hpp"

#include "libp2p/crypto/keyed_hash.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace libp2p::crypto {
namespace {

TEST(Random, FillsEveryOctet) {
    Bytes seen(64);
    for (int round = 0; round < 64; ++round) {
        Bytes fresh(64);
        random_bytes(fresh);
        std::transform(seen.begin(), seen.end(), fresh.begin(), seen.begin(), [](std::uint8_t a, std::uint8_t b) {
            return static_cast<std::uint8_t>(a | b);
        });
    }
    EXPECT_EQ(seen, Bytes(64, 0xff));
    random_bytes({});
}

TEST(Random, DoesNotRepeat) {
    std::set<std::uint64_t> seen;
    for (int round = 0; round < 1000; ++round) {
        EXPECT_TRUE(seen.insert(random_uint64()).second);
    }
}

TEST(KeyedHash, IsTheSameForTheSameOctetsAndSpreadsOthers) {
    EXPECT_EQ(keyed_hash(as_bytes("peer")), keyed_hash(as_bytes("peer")));
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 1000; ++i) {
        EXPECT_TRUE(seen.insert(keyed_hash(as_bytes(std::to_string(i)))).second);
    }
    EXPECT_NE(keyed_hash({}), keyed_hash(Bytes{0}));
}

}  // namespace
}  // namespace libp2p::crypto
