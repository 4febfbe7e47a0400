// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/relay_config.hpp"

#include <gtest/gtest.h>

#include <string>

namespace libp2p::tools {
namespace {

using namespace std::chrono_literals;

void expect_refusal(std::string_view text, const std::string& words) {
    RelayConfig config;
    const auto parsed = parse_relay_config(text, config);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().message().find(words), std::string::npos) << parsed.error();
}

TEST(RelayConfig, SaysEverythingThatOptionsSay) {
    RelayConfig config;
    const auto parsed = parse_relay_config(
        R"({
            "listen": ["/ip4/0.0.0.0/tcp/4001", "/ip4/0.0.0.0/tcp/4002"],
            "announce": ["/ip4/192.0.2.7/tcp/4001"],  // for clients
            "key": "relay.key",
            "http": "8080",
            "limits": {"reservations": 7, "circuit_octets": "1MiB", "circuit_duration": "90",
                       "reservation_rate_per_peer": "5/10", "circuit_rate_per_address": 0},
            "preset": "carry-traffic",
            "drain": 3,
            "table": "500ms"
        })",
        config
    );
    ASSERT_TRUE(parsed) << parsed.error();
    EXPECT_EQ(config.listen.size(), 2U);
    EXPECT_EQ(config.announce.at(0).to_string(), "/ip4/192.0.2.7/tcp/4001");
    EXPECT_EQ(config.key_file, "relay.key");
    EXPECT_EQ(config.http, "8080");
    EXPECT_EQ(config.limits.reservations, 7U);
    EXPECT_EQ(config.limits.circuits, relay::carry_traffic().circuits);
    EXPECT_EQ(config.limits.circuit_octets, 1024U * 1024);
    EXPECT_EQ(config.limits.circuit_duration, 90s);
    EXPECT_EQ(config.limits.reservation_rate_per_peer.count, 5U);
    EXPECT_EQ(config.limits.reservation_rate_per_peer.period, 10s);
    EXPECT_EQ(config.limits.circuit_rate_per_address.count, 0U);
    EXPECT_EQ(config.drain, 3s);
    EXPECT_EQ(config.table, 500ms);
}

TEST(RelayConfig, WhatIsNotSaidStaysAsItWas) {
    RelayConfig config;
    config.drain = 42s;
    ASSERT_TRUE(parse_relay_config("{}", config));
    EXPECT_EQ(config.drain, 42s);
    EXPECT_EQ(config.limits.circuit_octets, relay::introduce_only().circuit_octets);
}

TEST(RelayConfig, TellsWhatIsWrongWhere) {
    expect_refusal("", "no JSON object");
    expect_refusal("[]", "no JSON object");
    expect_refusal(R"({"listne": []})", "\"listne\" is not known");
    expect_refusal(R"({"listen": "/ip4/0.0.0.0/tcp/1"})", "\"listen\" is no list");
    expect_refusal(R"({"listen": ["/ip4/0.0.0.0/tcp/x"]})", "\"listen\"");
    expect_refusal(R"({"listen": [[]]})", "it is no text");
    expect_refusal(R"({"preset": "generous"})", "\"preset\" is neither");
    expect_refusal(R"({"limits": 3})", "\"limits\" is no object");
    expect_refusal(R"({"limits": {"circuts": 3}})", "there is no limit \"circuts\"");
    expect_refusal(R"({"limits": {"circuits": "many"}})", "\"many\" is not a number");
    expect_refusal(R"({"limits": {"circuit_rate_per_peer": "30"}})", "is not a rate");
    expect_refusal(R"({"limits": {"circuits": -1}})", "no text and no number");
    expect_refusal(R"({"drain": "soon"})", "\"drain\" is not a time");
    expect_refusal(R"({"key": 7})", "\"key\" is no name");
}

TEST(RelayConfig, AFileThatIsNotThereIsAnError) {
    RelayConfig config;
    const auto read = read_relay_config("/nowhere/relay.json", config);
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().message().find("/nowhere/relay.json"), std::string::npos);
}

}  // namespace
}  // namespace libp2p::tools
