// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/multiaddr_protocol.hpp"

#include <gtest/gtest.h>

namespace libp2p {
namespace {

static_assert(find_protocol(std::uint64_t{4})->name == "ip4");

TEST(ProtocolTable, IsSortedByCodeAndHasNoNameTwice) {
    for (std::size_t i = 0; i + 1 < kProtocols.size(); ++i) {
        EXPECT_LT(kProtocols[i].code, kProtocols[i + 1].code);
        for (std::size_t k = i + 1; k < kProtocols.size(); ++k) {
            EXPECT_NE(kProtocols[i].name, kProtocols[k].name);
        }
    }
}

TEST(ProtocolTable, FindsEachRowByCodeAndByName) {
    for (const auto& row : kProtocols) {
        EXPECT_EQ(find_protocol(static_cast<std::uint64_t>(row.code)), &row);
        EXPECT_EQ(find_protocol(row.name), &row);
        EXPECT_EQ(to_string(row.code), row.name);
    }
}

TEST(ProtocolTable, KnowsTheOldNameOfP2p) {
    ASSERT_NE(find_protocol("ipfs"), nullptr);
    EXPECT_EQ(find_protocol("ipfs")->code, Protocol::p2p);
}

TEST(ProtocolTable, HasNoOthers) {
    for (const std::uint64_t code : {0ULL, 3ULL, 5ULL, 43ULL + 1, 7367776ULL, 7367778ULL, ~0ULL, (1ULL << 32) + 4}) {
        EXPECT_EQ(find_protocol(code), nullptr) << code;
    }
    for (const auto* name : {"", "IP4", "ip", "unix_path", "webrtc_direct", "ip4 "}) {
        EXPECT_EQ(find_protocol(std::string_view(name)), nullptr) << name;
    }
    EXPECT_EQ(to_string(static_cast<Protocol>(5)), "unknown");
}

}  // namespace
}  // namespace libp2p
