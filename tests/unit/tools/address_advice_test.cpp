// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/address_advice.hpp"

#include <gtest/gtest.h>

namespace libp2p::tools {
namespace {

const std::string kHash = "uEiBKszEdDOp6hwDW032lkq9meBd-9MXzXMoOiBGRwBRxGw";
const std::string kPeer = "/p2p/12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo";
const std::string kSha512 = "uE0Ckq9REjElWLYKBFdE6H8zqkn9StNVFkpf4tD5C2okji8E2JuQ9yzjdsIJIiSfskE-0IFdEOYPohYUXnVBVGv5i";

/// The number of the component that is remarked on, and the remark.
std::vector<std::pair<std::size_t, std::string>> remarks_on(const std::string& text) {
    std::vector<std::pair<std::size_t, std::string>> remarks;
    const auto address = Multiaddr::parse(text);
    EXPECT_TRUE(address) << text;
    if (!address) {
        return remarks;
    }
    const auto advice = advice_on(*address);
    EXPECT_EQ(advice.size(), address->components().size());
    for (std::size_t i = 0; i < advice.size(); ++i) {
        if (!advice[i].empty()) {
            remarks.emplace_back(i, advice[i]);
        }
    }
    return remarks;
}

void expect_one(const std::string& text, std::size_t place, const std::string& words) {
    const auto remarks = remarks_on(text);
    ASSERT_EQ(remarks.size(), 1U) << text;
    EXPECT_EQ(remarks[0].first, place) << text;
    EXPECT_NE(remarks[0].second.find(words), std::string::npos) << remarks[0].second;
}

TEST(AddressAdvice, IsSilentOnWhatCanBeDialled) {
    for (const auto& text :
         {"/ip4/1.2.3.4/udp/9/webrtc-direct/certhash/" + kHash,
          "/ip6/::1/udp/9/webrtc-direct/certhash/" + kHash + kPeer,
          "/ip4/1.2.3.4/udp/9/webrtc-direct/certhash/" + kHash + "/certhash/" + kHash + kPeer,
          "/dns4/example.com/udp/9/webrtc-direct/certhash/" + kHash,
          "/ip4/1.2.3.4/udp/9/webrtc-direct/certhash/" + kHash + kPeer + "/p2p-circuit" + kPeer,
          "/ip4/1.2.3.4/udp/9/quic-v1/webtransport/certhash/" + kSha512,
          "/webrtc-direct/certhash/" + kHash,
          "/ip4/1.2.3.4/tcp/4001" + kPeer}) {
        EXPECT_TRUE(remarks_on(text).empty()) << text;
    }
}

TEST(AddressAdvice, MissesTheHashThatDialingNeeds) {
    expect_one("/ip4/1.2.3.4/udp/9/webrtc-direct", 2, "certhash");
    expect_one("/ip4/1.2.3.4/udp/9/webrtc-direct" + kPeer, 2, "certhash");
}

TEST(AddressAdvice, KnowsTheOrder) {
    expect_one("/ip4/1.2.3.4/tcp/9/webrtc-direct/certhash/" + kHash, 2, "behind /udp");
    expect_one("/ip4/1.2.3.4/udp/9/webrtc-direct/certhash/" + kHash + "/ws", 4, "cannot stand behind");
    expect_one("/ip4/1.2.3.4/udp/9/certhash/" + kHash, 2, "behind /webrtc-direct");
    const auto swapped = remarks_on("/ip4/1.2.3.4/udp/9/certhash/" + kHash + "/webrtc-direct");
    ASSERT_EQ(swapped.size(), 2U);
    EXPECT_EQ(swapped[0].first, 2U);
    EXPECT_EQ(swapped[1].first, 3U);
}

TEST(AddressAdvice, KnowsTheHashesThatCount) {
    expect_one("/ip4/1.2.3.4/udp/9/webrtc-direct/certhash/" + kSha512, 3, "SHA-256");
    expect_one("/ip4/1.2.3.4/udp/9/webrtc-direct/certhash/" + kHash + "/certhash/" + kSha512, 4, "SHA-256");
    expect_one("/ip4/1.2.3.4/udp/9/webrtc-direct/certhash/uEgIBAg", 3, "SHA-256");  // 2 octets of a SHA-256
}

TEST(AddressAdvice, TellsListenersAddressesFromOthers) {
    EXPECT_TRUE(lacks_certhash(Multiaddr::parse("/ip4/1.2.3.4/udp/9/webrtc-direct" + kPeer).value()));
    EXPECT_FALSE(lacks_certhash(Multiaddr::parse("/ip4/1.2.3.4/udp/9/webrtc-direct/certhash/" + kHash).value()));
    EXPECT_FALSE(lacks_certhash(Multiaddr::parse("/ip4/1.2.3.4/tcp/9" + kPeer).value()));
}

}  // namespace
}  // namespace libp2p::tools
