// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/hosts.hpp"

/// Listeners on all addresses of a system that has several.
namespace libp2p::test {
namespace {

/// `address` with another host in its place.
Multiaddr at(const Multiaddr& address, const std::string& host) {
    auto text = address.to_string();
    const std::string before = "/ip4/127.0.0.1/";
    EXPECT_EQ(text.rfind(before, 0), 0U) << text;
    return Multiaddr::parse("/ip4/" + host + "/" + text.substr(before.size())).value();
}

/// What is asked at one address must not be answered from another: a dialer's socket takes nothing from there.
TEST(WebRtcWildcard, AnswersFromTheAddressThatWasDialled) {
    asio::io_context io;
    Node listener(io);
    Node dialer(io);
    run(io, [&]() -> awaitable<void> {
        auto bound = co_await listener.host.listen(Multiaddr::parse("/ip4/0.0.0.0/udp/0/webrtc-direct").value());
        EXPECT_TRUE(bound);
        for (const auto& address : listener.host.addresses()) {
            if (address.to_string().rfind("/ip4/127.0.0.1/", 0) != 0) {
                continue;
            }
            const auto other = at(address.with_peer(listener.host.id()), "127.0.0.2");
            auto connected = co_await dialer.host.connect(other);
            EXPECT_TRUE(connected) << connected.error().message();
            auto answer = co_await echo_once(dialer, listener.host.id(), "there");
            EXPECT_TRUE(answer && *answer == "there");
        }
        EXPECT_EQ(dialer.host.connections().size(), 1U);
        co_await close(dialer);
        co_await close(listener);
    }());
}

}  // namespace
}  // namespace libp2p::test
