// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/candidate_json.hpp"

#include <gtest/gtest.h>

#include <string>

namespace libp2p::webrtc {
namespace {

std::string read(const std::string& text) {
    return parse_candidate_json(text).value().candidate;
}

TEST(CandidateJson, ReadsChromiums) {
    EXPECT_EQ(
        read(R"({"candidate":"candidate:3196762304 1 udp 2113937151 192.0.2.2 39025 typ host generation 0 ufrag FiYx )"
             R"(network-cost 999","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"FiYx"})"),
        "candidate:3196762304 1 udp 2113937151 192.0.2.2 39025 typ host generation 0 ufrag FiYx network-cost 999"
    );
}

TEST(CandidateJson, ReadsThoseOfJsInNode) {
    EXPECT_EQ(
        read(R"({"candidate":"a=candidate:2 1 UDP 2116026111 fd00::2 35662 typ host","sdpMLineIndex":null,)"
             R"("sdpMid":"0","usernameFragment":null})"),
        "a=candidate:2 1 UDP 2116026111 fd00::2 35662 typ host"
    );
    EXPECT_EQ(read(R"({"candidate":"candidate:1","sdpMid":null})"), "candidate:1");
}

TEST(CandidateJson, ReadsTheEnd) {
    for (const auto* text : {"null", "\"\"", R"({"candidate":""})"}) {
        EXPECT_TRUE(parse_candidate_json(text).value().is_end()) << text;
    }
}

TEST(CandidateJson, ReadsItsOwn) {
    const auto text = to_candidate_json("candidate:1 \"\\", "0", "FiYx");
    EXPECT_EQ(text, R"({"candidate":"candidate:1 \"\\","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"FiYx"})");
    EXPECT_EQ(read(text), "candidate:1 \"\\");
}

TEST(CandidateJson, RefusesOtherThings) {
    for (const auto* text :
         {"", "{", "[]", "1", "{}", R"({"candidate":1})", R"({"candidate":null})", R"({"candidate":"x"}x)", "[[[[[[[[[["
         }) {
        auto parsed = parse_candidate_json(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error(), Errc::protocol_violation) << text;
    }
    EXPECT_FALSE(parse_candidate_json("\"" + std::string(kMaxCandidateJsonSize, 'x') + "\""));
    EXPECT_FALSE(parse_candidate_json(R"({"x":[[[[[[[[[[]]]]]]]]]],"candidate":""})"));
}

}  // namespace
}  // namespace libp2p::webrtc
