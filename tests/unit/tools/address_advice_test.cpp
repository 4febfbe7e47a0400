// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/address_advice.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <utility>

namespace libp2p::tools {
namespace {

/// `text` with HASH, LONG (a SHA-512) and PEER written out.
std::string address(std::string text) {
    constexpr std::pair<std::string_view, std::string_view> words[] = {
        {"HASH", "uEiBKszEdDOp6hwDW032lkq9meBd-9MXzXMoOiBGRwBRxGw"},
        {"LONG", "uE0Ckq9REjElWLYKBFdE6H8zqkn9StNVFkpf4tD5C2okji8E2JuQ9yzjdsIJIiSfskE-0IFdEOYPohYUXnVBVGv5i"},
        {"PEER", "12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo"},
    };
    for (const auto& [word, value] : words) {
        for (auto at = text.find(word); at != text.npos; at = text.find(word)) {
            text.replace(at, word.size(), value);
        }
    }
    return text;
}

/// The number of the component that is remarked on, and the remark.
std::vector<std::pair<std::size_t, std::string>> remarks_on(const std::string& text) {
    std::vector<std::pair<std::size_t, std::string>> remarks;
    const auto parsed = Multiaddr::parse(address(text));
    EXPECT_TRUE(parsed) << text;
    if (!parsed) {
        return remarks;
    }
    const auto advice = advice_on(*parsed);
    EXPECT_EQ(advice.size(), parsed->components().size());
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
         {"/ip4/1.2.3.4/udp/9/webrtc-direct/certhash/HASH",
          "/ip6/::1/udp/9/webrtc-direct/certhash/HASH/p2p/PEER",
          "/ip4/1.2.3.4/udp/9/webrtc-direct/certhash/HASH/certhash/HASH/p2p/PEER",
          "/dns4/example.com/udp/9/webrtc-direct/certhash/HASH",
          "/ip4/1.2.3.4/udp/9/webrtc-direct/certhash/HASH/p2p/PEER/p2p-circuit/p2p/PEER",
          "/ip4/1.2.3.4/udp/9/quic-v1/webtransport/certhash/LONG",
          "/webrtc-direct/certhash/HASH",
          "/ip4/1.2.3.4/tcp/4001/p2p/PEER"}) {
        EXPECT_TRUE(remarks_on(text).empty()) << text;
    }
}

TEST(AddressAdvice, MissesTheHashThatDialingNeeds) {
    expect_one("/ip4/1.2.3.4/udp/9/webrtc-direct", 2, "certhash");
    expect_one("/ip4/1.2.3.4/udp/9/webrtc-direct/p2p/PEER", 2, "certhash");
}

TEST(AddressAdvice, KnowsTheOrder) {
    expect_one("/ip4/1.2.3.4/tcp/9/webrtc-direct/certhash/HASH", 2, "behind /udp");
    expect_one("/ip4/1.2.3.4/udp/9/webrtc-direct/certhash/HASH/ws", 4, "cannot stand behind");
    expect_one("/ip4/1.2.3.4/udp/9/certhash/HASH", 2, "behind /webrtc-direct");
    const auto swapped = remarks_on("/ip4/1.2.3.4/udp/9/certhash/HASH/webrtc-direct");
    ASSERT_EQ(swapped.size(), 2U);
    EXPECT_EQ(swapped[0].first, 2U);
    EXPECT_EQ(swapped[1].first, 3U);
}

TEST(AddressAdvice, KnowsTheHashesThatCount) {
    expect_one("/ip4/1.2.3.4/udp/9/webrtc-direct/certhash/LONG", 3, "SHA-256");
    expect_one("/ip4/1.2.3.4/udp/9/webrtc-direct/certhash/HASH/certhash/LONG", 4, "SHA-256");
    expect_one("/ip4/1.2.3.4/udp/9/webrtc-direct/certhash/uEgIBAg", 3, "SHA-256");  // 2 octets of a SHA-256
}

TEST(AddressAdvice, TellsListenersAddressesFromOthers) {
    EXPECT_TRUE(lacks_certhash(Multiaddr::parse(address("/ip4/1.2.3.4/udp/9/webrtc-direct/p2p/PEER")).value()));
    EXPECT_FALSE(lacks_certhash(Multiaddr::parse(address("/ip4/1.2.3.4/udp/9/webrtc-direct/certhash/HASH")).value()));
    EXPECT_FALSE(lacks_certhash(Multiaddr::parse(address("/ip4/1.2.3.4/tcp/9/p2p/PEER")).value()));
}

}  // namespace
}  // namespace libp2p::tools
