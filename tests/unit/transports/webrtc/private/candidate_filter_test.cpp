// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/candidate_filter.hpp"

#include <gtest/gtest.h>

#include <string>

namespace libp2p::webrtc {
namespace {

namespace ip = boost::asio::ip;

using Verdict = CandidateFilter::Verdict;

IceCandidate candidate(const std::string& address, std::uint16_t port = 40'000) {
    IceCandidate candidate;
    candidate.foundation = "1";
    candidate.address = ip::make_address(address);
    candidate.port = port;
    return candidate;
}

CandidateFilter offering(const std::vector<std::string>& addresses) {
    std::vector<ip::address> local;
    for (const auto& address : addresses) {
        local.push_back(ip::make_address(address));
    }
    return CandidateFilter(local);
}

TEST(CandidateFilter, LetsPublicAddressesThrough) {
    auto filter = offering({});
    EXPECT_EQ(filter.check(candidate("198.51.100.1")), Verdict::contact);
    EXPECT_EQ(filter.check(candidate("2001:db8::1")), Verdict::contact);
    EXPECT_EQ(filter.contacted(), 2U);
}

TEST(CandidateFilter, NeverContactsWhatIsNoHost) {
    auto filter = offering({"127.0.0.1", "::1", "10.0.0.1", "fe80::1", "169.254.0.1", "fd00::1"});
    for (const auto* address :
         {"0.0.0.0",
          "0.1.2.3",
          "224.0.0.1",
          "239.255.255.250",
          "240.0.0.1",
          "255.255.255.255",
          "::",
          "ff02::1",
          "ff0e::1",
          "::ffff:224.0.0.1",
          "::ffff:0.0.0.0",
          "64:ff9b::255.255.255.255",
          "2002:e000:1::1"}) {
        EXPECT_EQ(filter.check(candidate(address)), Verdict::forbidden) << address;
    }
    EXPECT_EQ(filter.contacted(), 0U);
}

TEST(CandidateFilter, NeverContactsTheServicesOfAHost) {
    auto filter = offering({});
    for (const int port : {0, 22, 53, 123, 161, 443, 1023}) {
        EXPECT_EQ(filter.check(candidate("198.51.100.1", static_cast<std::uint16_t>(port))), Verdict::forbidden)
            << port;
    }
    EXPECT_EQ(filter.check(candidate("198.51.100.1", 1024)), Verdict::contact);
}

TEST(CandidateFilter, ContactsLocalNetworksThatItIsInItself) {
    const std::vector<std::string> local = {"127.0.0.1", "169.254.0.1", "10.0.0.1", "fe80::1", "fd00::1", "::1"};
    const std::vector<std::vector<std::string>> remote = {
        {"127.0.0.2", "127.255.255.254"},
        {"169.254.169.254"},
        {"10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.127.255.255"},
        {"fe80::2", "febf::1"},
        {"fd12::1", "fc00::1", "fec0::1"},
        {"::1"},
    };
    for (std::size_t i = 0; i < local.size(); ++i) {
        auto filter = offering({local[i], "198.51.100.1", "2001:db8::1"});
        for (std::size_t j = 0; j < remote.size(); ++j) {
            for (const auto& address : remote[j]) {
                const auto expected = i == j ? Verdict::contact : Verdict::not_shared;
                EXPECT_EQ(filter.check(candidate(address)), expected) << local[i] << " " << address;
            }
        }
    }
}

TEST(CandidateFilter, SeesAddressesOfIpv4ThroughIpv6) {
    auto filter = offering({"fd00::1", "fe80::1", "::1"});
    for (const auto* address :
         {"::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::10.0.0.1", "2002:0a00:0001::1", "::ffff:192.168.0.1"}) {
        EXPECT_NE(filter.check(candidate(address)), Verdict::contact) << address;
    }
}

TEST(CandidateFilter, KnowsTheBordersOfPrivateNetworks) {
    for (const auto* address :
         {"9.255.255.255",
          "11.0.0.0",
          "172.15.255.255",
          "172.32.0.0",
          "192.167.255.255",
          "192.169.0.0",
          "100.63.255.255",
          "100.128.0.0",
          "126.255.255.255",
          "128.0.0.1",
          "169.253.255.255",
          "169.255.0.0",
          "223.255.255.255"}) {
        EXPECT_EQ(scope_of(ip::make_address(address)), AddressScope::global) << address;
    }
}

TEST(CandidateFilter, SendsNobodyToAPrivateAddressByWayOfARelay) {
    auto filter = offering({"10.0.0.1"});
    auto relayed = candidate("10.0.0.2");
    relayed.type = IceCandidate::Type::relayed;
    EXPECT_EQ(filter.check(relayed), Verdict::not_shared);
    relayed.address = ip::make_address("198.51.100.1");
    EXPECT_EQ(filter.check(relayed), Verdict::contact);
}

TEST(CandidateFilter, SkipsWhatItCannotUse) {
    auto filter = offering({});
    auto name = candidate("198.51.100.1");
    name.address.reset();
    EXPECT_EQ(filter.check(name), Verdict::name);
    auto tcp = candidate("198.51.100.1");
    tcp.is_udp = false;
    EXPECT_EQ(filter.check(tcp), Verdict::transport);
    auto second = candidate("198.51.100.1");
    second.component = 2;
    EXPECT_EQ(filter.check(second), Verdict::transport);
    EXPECT_EQ(filter.check(candidate("198.51.100.1")), Verdict::contact);
    EXPECT_EQ(filter.check(candidate("198.51.100.1")), Verdict::repeated);
}

TEST(CandidateFilter, ScansNoHostAndNoNetwork) {
    auto filter = offering({});
    for (std::uint16_t i = 0; i < CandidateFilter::kMaxPorts; ++i) {
        EXPECT_EQ(filter.check(candidate("198.51.100.1", static_cast<std::uint16_t>(2000 + i))), Verdict::contact);
    }
    EXPECT_EQ(filter.check(candidate("198.51.100.1", 3000)), Verdict::too_many);
    auto other = offering({});
    for (std::size_t i = 0; i < 10 * CandidateFilter::kMaxCandidates; ++i) {
        const auto address = "198.51." + std::to_string(i / 256) + "." + std::to_string(i % 256);
        const auto expected = i < CandidateFilter::kMaxCandidates ? Verdict::contact : Verdict::too_many;
        EXPECT_EQ(other.check(candidate(address)), expected);
    }
}

TEST(CandidateFilter, HasWordsForEachVerdict) {
    EXPECT_EQ(describe(Verdict::name), "a name, not an address");
    EXPECT_EQ(describe(Verdict::too_many), "too many");
}

}  // namespace
}  // namespace libp2p::webrtc
