// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/websocket/websocket_address.hpp"

#include "transports/tcp/tcp_address.hpp"

#include <gtest/gtest.h>

namespace libp2p::websocket {
namespace {

struct Shape {
    const char* text;
    bool secure;
    const char* name;
    const char* target;
    const char* host;
    const char* certified;
};

const Shape kShapes[] = {
    {"/ip4/192.0.2.1/tcp/4001/ws", false, "", "/", "192.0.2.1:4001", "192.0.2.1"},
    {"/ip4/192.0.2.1/tcp/80/ws", false, "", "/", "192.0.2.1", "192.0.2.1"},
    {"/ip4/192.0.2.1/tcp/443/ws", false, "", "/", "192.0.2.1:443", "192.0.2.1"},
    {"/ip6/2001:db8::1/tcp/4001/ws", false, "", "/", "[2001:db8::1]:4001", "2001:db8::1"},
    {"/ip6/2001:db8::1/tcp/443/wss", true, "", "/", "[2001:db8::1]", "2001:db8::1"},
    {"/ip4/192.0.2.1/tcp/443/tls/ws", true, "", "/", "192.0.2.1", "192.0.2.1"},
    {"/ip4/192.0.2.1/tcp/80/tls/ws", true, "", "/", "192.0.2.1:80", "192.0.2.1"},
    {"/ip4/192.0.2.1/tcp/443/tls/sni/a.example/ws", true, "a.example", "/", "a.example", "a.example"},
    {"/ip4/192.0.2.1/tcp/8443/tls/sni/a.example/ws", true, "a.example", "/", "a.example:8443", "a.example"},
    {"/ip4/192.0.2.1/tcp/80/ws/http-path/a%2Fb", false, "", "/a/b", "192.0.2.1", "192.0.2.1"},
    {"/ip4/192.0.2.1/tcp/80/ws/http-path/%2Fa b%0D%0AX: y", false, "", "/a%20b%0D%0AX:%20y", "192.0.2.1", "192.0.2.1"},
};

TEST(WebSocketAddress, TellsWhatStandsBehindThePort) {
    for (const auto& shape : kShapes) {
        SCOPED_TRACE(shape.text);
        const auto address = Multiaddr::parse(shape.text);
        if (!address) {  // what cannot be written as an address cannot get here
            continue;
        }
        const auto parsed = parse_websocket_address(*address);
        ASSERT_TRUE(parsed);
        const auto endpoint = tcp::endpoint_in(*address).value();
        EXPECT_EQ(parsed->secure, shape.secure);
        EXPECT_EQ(parsed->name, shape.name);
        EXPECT_EQ(parsed->target, shape.target);
        EXPECT_EQ(parsed->host(endpoint), shape.host);
        EXPECT_EQ(parsed->certified_name(endpoint), shape.certified);
    }
}

TEST(WebSocketAddress, KnowsNoOtherShape) {
    for (const auto* text :
         {"/ip4/192.0.2.1/tcp/80",
          "/ip4/192.0.2.1/udp/80/ws",
          "/ip4/192.0.2.1/tcp/80/tls",
          "/ip4/192.0.2.1/tcp/80/tls/sni/a.example",
          "/ip4/192.0.2.1/tcp/80/sni/a.example/ws",
          "/ip4/192.0.2.1/tcp/80/ws/ws",
          "/ip4/192.0.2.1/tcp/80/tls/wss",
          "/ip4/192.0.2.1/tcp/80/ws/p2p-circuit",
          "/dns4/a.example/tcp/80/ws",
          "/ws",
          "/memory/1"}) {
        EXPECT_FALSE(parse_websocket_address(Multiaddr::parse(text).value())) << text;
    }
}

TEST(WebSocketAddress, NamesTheEndsLikeTheAddressThatWasAskedFor) {
    const auto endpoint = tcp::endpoint_in(Multiaddr::parse("/ip4/192.0.2.1/tcp/4001").value()).value();
    for (const auto* behind : {"/ws", "/wss", "/tls/ws", "/tls/sni/a.example/ws"}) {
        const auto like = Multiaddr::parse(std::string("/ip6/::/tcp/0") + behind).value();
        EXPECT_EQ(to_multiaddr(endpoint, like).to_string(), std::string("/ip4/192.0.2.1/tcp/4001") + behind);
    }
}

}  // namespace
}  // namespace libp2p::websocket
