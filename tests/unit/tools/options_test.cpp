// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/options.hpp"

#include <gtest/gtest.h>

namespace libp2p::tools {
namespace {

TEST(TurnServer, HasAUserAPasswordAndAPlace) {
    const auto server = parse_turn_server("anna:secret@turn.example.org:3478");
    ASSERT_TRUE(server);
    EXPECT_EQ(server->user, "anna");
    EXPECT_EQ(server->password, "secret");
    EXPECT_EQ(server->server, "turn.example.org:3478");
}

TEST(TurnServer, APasswordMayHoldWhatSeparates) {
    const auto server = parse_turn_server("anna:se:c@ret@[2001:db8::1]:3478");
    ASSERT_TRUE(server);
    EXPECT_EQ(server->password, "se:c@ret");
    EXPECT_EQ(server->server, "[2001:db8::1]:3478");
}

TEST(TurnServer, IsReachedOverTcpWhereTheAddressSaysSo) {
    const auto server = parse_turn_server("anna:secret@turn.example.org:3478?transport=tcp");
    ASSERT_TRUE(server);
    EXPECT_EQ(server->server, "turn.example.org:3478");
    EXPECT_TRUE(server->over_tcp);
    EXPECT_FALSE(parse_turn_server("anna:secret@?transport=tcp"));
    EXPECT_FALSE(parse_turn_server("anna:secret@turn.example.org")->over_tcp);
}

TEST(TurnServer, LacksNothing) {
    for (const auto* text :
         {"",
          "turn.example.org",
          "anna@turn.example.org",
          "anna:@turn.example.org",
          ":secret@here",
          "anna:secret@",
          "anna@b:c"}) {
        EXPECT_FALSE(parse_turn_server(text)) << text;
    }
}

}  // namespace
}  // namespace libp2p::tools
