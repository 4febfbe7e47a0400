// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/rendezvous_message.hpp"

#include <gtest/gtest.h>

#include <string>

namespace libp2p::webrtc {
namespace {

using Type = RendezvousMessage::Type;

TEST(RendezvousMessage, ReadsItsOwn) {
    for (const auto type :
         {Type::offer, Type::answer, Type::candidate, Type::challenge, Type::enrol, Type::enrolled, Type::error}) {
        const RendezvousMessage message{type, "12D3KooWA", "12D3KooWB", "v=0\r\n\"x\""};
        EXPECT_EQ(parse_rendezvous_message(to_json(message)).value(), message);
    }
    EXPECT_EQ(to_json({Type::candidate, "a", "b", "c"}), R"({"type":"ice-candidate","to":"a","from":"b","data":"c"})");
}

TEST(RendezvousMessage, ReadsAnObjectWhereATextIsExpected) {
    const auto message = parse_rendezvous_message(R"({"type":"ice-candidate","data":{"candidate":"x"},"more":[1]})");
    EXPECT_EQ(message.value(), (RendezvousMessage{Type::candidate, "", "", R"({"candidate":"x"})"}));
    EXPECT_EQ(parse_rendezvous_message(R"({"type":"offer","to":null,"data":null})").value(), RendezvousMessage{});
}

TEST(RendezvousMessage, RefusesOtherThings) {
    for (const std::string text :
         {"",
          "[]",
          "{}",
          "\"offer\"",
          R"({"type":1})",
          R"({"type":"bye"})",
          R"({"type":"offer","to":1})",
          R"({"type":"offer","from":{}})",
          R"({"type":"offer"}x)"}) {
        auto parsed = parse_rendezvous_message(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error(), Errc::protocol_violation) << text;
    }
    const RendezvousMessage name{Type::offer, std::string(kMaxRendezvousName + 1, 'x'), "", ""};
    EXPECT_FALSE(parse_rendezvous_message(to_json(name)));
    const RendezvousMessage large{Type::offer, "", "", std::string(kMaxRendezvousMessageSize, 'x')};
    EXPECT_FALSE(parse_rendezvous_message(to_json(large)));
}

}  // namespace
}  // namespace libp2p::webrtc
