// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/ice_candidate.hpp"

#include <gtest/gtest.h>

#include <string>

namespace libp2p::webrtc {
namespace {

namespace ip = boost::asio::ip;

using Type = IceCandidate::Type;

IceCandidate read(const std::string& text) {
    return parse_ice_candidate(text).value();
}

TEST(IceCandidate, ReadsChromiums) {
    const auto candidate =
        read("candidate:3196762304 1 udp 2113937151 192.0.2.2 39025 typ host generation 0 ufrag FiYx network-cost 999");
    IceCandidate expected;
    expected.foundation = "3196762304";
    expected.priority = 2'113'937'151;
    expected.address = ip::make_address("192.0.2.2");
    expected.port = 39'025;
    EXPECT_EQ(candidate, expected);
}

TEST(IceCandidate, ReadsLibdatachannels) {
    const auto candidate = read("a=candidate:2 1 UDP 2116026111 fd00::2 35662 typ host");
    EXPECT_EQ(candidate.address, ip::make_address("fd00::2"));
    EXPECT_TRUE(candidate.is_udp);
    EXPECT_EQ(candidate.port, 35'662);
}

TEST(IceCandidate, ReadsWhatAServerSaw) {
    const auto text = "candidate:842163049 1 udp 1677729535 198.51.100.7 46154 typ srflx raddr 10.0.0.1 rport 5000";
    const auto candidate = read(text);
    EXPECT_EQ(candidate.type, Type::server_reflexive);
    EXPECT_EQ(candidate.related, ip::udp::endpoint(ip::make_address("10.0.0.1"), 5000));
    EXPECT_EQ(to_string(candidate), text);
}

TEST(IceCandidate, ReadsWhatIsOfNoUse) {
    EXPECT_FALSE(read("candidate:1 1 udp 2113937151 1f2e3d4c-aaaa-bbbb-cccc-0123456789ab.local 9 typ host").address);
    EXPECT_FALSE(read("candidate:1 1 udp 1 fe80::1%eth0 4000 typ host").address);
    EXPECT_FALSE(read("candidate:1 1 tcp 1518280447 192.0.2.2 9 typ host tcptype active").is_udp);
    EXPECT_EQ(read("candidate:1 2 udp 1 192.0.2.2 4000 typ host").component, 2U);
    EXPECT_EQ(read("candidate:1 1 udp 1 192.0.2.2 0 typ relay raddr x rport y").port, 0);
}

TEST(IceCandidate, ReadsItsOwn) {
    for (const auto type : {Type::host, Type::server_reflexive, Type::peer_reflexive, Type::relayed}) {
        IceCandidate candidate;
        candidate.foundation = "a+/9";
        candidate.priority = 4'294'967'295;
        candidate.address = ip::make_address("2001:db8::1");
        candidate.port = 65'535;
        candidate.type = type;
        EXPECT_EQ(read(to_string(candidate)), candidate);
    }
}

TEST(IceCandidate, RefusesWhatIsNone) {
    for (const auto* text : {
             "",
             "candidate:",
             "candidat:1 1 udp 1 192.0.2.2 4000 typ host",
             "candidate: 1 udp 1 192.0.2.2 4000 typ host",
             "candidate:a_b 1 udp 1 192.0.2.2 4000 typ host",
             "candidate:012345678901234567890123456789012 1 udp 1 192.0.2.2 4000 typ host",
             "candidate:1 0 udp 1 192.0.2.2 4000 typ host",
             "candidate:1 257 udp 1 192.0.2.2 4000 typ host",
             "candidate:1 x udp 1 192.0.2.2 4000 typ host",
             "candidate:1 1 udp -1 192.0.2.2 4000 typ host",
             "candidate:1 1 udp 4294967296 192.0.2.2 4000 typ host",
             "candidate:1 1 udp 1 192.0.2.2 65536 typ host",
             "candidate:1 1 udp 1 192.0.2.2 4000 host",
             "candidate:1 1 udp 1 192.0.2.2 4000 typ guest",
             "candidate:1 1 udp 1 192.0.2.2 4000 typ",
         }) {
        auto parsed = parse_ice_candidate(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error(), Errc::protocol_violation) << text;
    }
    EXPECT_FALSE(parse_ice_candidate("candidate:1 1 udp 1 192.0.2.2 4000 typ host " + std::string(1024, 'x')));
}

}  // namespace
}  // namespace libp2p::webrtc
