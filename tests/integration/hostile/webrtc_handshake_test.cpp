// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/hostile/raw_webrtc_client.hpp"

#include <cstdio>

/// WebRTC-Direct handshakes that end badly, on either side.
namespace libp2p::test::hostile {
namespace {

constexpr auto kDeadline = 300ms;

class WebRtcHandshakeTest : public testing::Test {
protected:
    asio::io_context io_{1};
};

TEST_F(WebRtcHandshakeTest, WhoeverStopsHalfwayIsGoneAtTheDeadline) {
    HostOptions options;
    options.timeouts.upgrade = kIsMeasured ? kDeadline : 10 * kDeadline;
    Node victim(io_, options);
    const auto& usage = victim.host.resources().system_usage();
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(victim, kWebRtcListen);
        const auto endpoint = udp_endpoint_of(address);
        HonestDialer honest(io_, address);
        co_await honest.dial(2);

        // Somebody who goes on to the end tells how many datagrams there are.
        auto whole = RawWebRtcClient::make(io_, endpoint, 1'000'000);
        auto joined = co_await whole->join();
        EXPECT_TRUE(joined);
        const auto datagrams = whole->datagrams_sent();
        EXPECT_EQ(usage.connections_inbound, 1U);
        whole->close();
        auto left = co_await conformance::eventually([&] { return usage.connections_inbound == 0; });
        EXPECT_TRUE(left);
        EXPECT_GT(datagrams, 6U);
        std::printf("%zu datagrams of DTLS before the dialer is proven\n", datagrams);

        // All at once; none of them answers Noise.
        const auto before = support::heap_bytes();
        std::vector<std::shared_ptr<RawWebRtcClient>> clients;
        for (std::size_t n = 0; n <= datagrams; ++n) {
            auto client = RawWebRtcClient::make(io_, endpoint, n);
            auto checked = co_await client->check();
            EXPECT_TRUE(checked);
            client->start_dtls();
            clients.push_back(std::move(client));
        }
        auto half = RawWebRtcClient::make(io_, endpoint);
        auto checked = co_await half->check();
        EXPECT_TRUE(checked);
        half->send_half_a_hello();
        auto silent = RawWebRtcClient::make(io_, endpoint);  // connects, and does not answer Noise
        auto connected = co_await silent->connect();
        EXPECT_TRUE(connected);
        EXPECT_GE(usage.connections_inbound, 2U);
        co_await honest.dial_once();

        const auto start = Clock::now();
        left = co_await conformance::eventually([&] { return usage.is_zero(); });
        EXPECT_TRUE(left) << usage.connections_inbound << " are still there";
        EXPECT_LT(Clock::now() - start, 2 * options.timeouts.upgrade + 2s);
        EXPECT_TRUE(victim.host.connections().empty());
        // The same addresses may come again: nothing keeps their places.
        auto again = co_await half->join();
        EXPECT_TRUE(again);
        for (auto& client : clients) {
            client->close();
        }
        half->close();
        silent->close();
        clients.clear();
        half.reset();
        silent.reset();
        whole.reset();
        left = co_await conformance::eventually([&] { return usage.is_zero(); });
        EXPECT_TRUE(left);
        EXPECT_LT(support::heap_bytes(), before + 1024 * 1024);
        co_await honest.dial_once();
        co_await close(honest.node());
        co_await close(victim);
    };
    run(io_, body());  // which ends only when the listener's socket has: no path is left in it
}

TEST_F(WebRtcHandshakeTest, AWrongCertificateAndAWrongPeerAreToldApart) {
    Node a(io_);
    Node b(io_);
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(b, kWebRtcListen);
        auto other = Identity::generate();
        const auto plain = address.without_peer().value();
        auto impostor = co_await a.host.connect(plain.with_peer(other.peer_id()));
        EXPECT_EQ(impostor.error(), Errc::peer_mismatch) << impostor.error();

        const auto bare = Multiaddr::parse(plain.to_string().substr(0, plain.to_string().find("/certhash"))).value();
        const auto wrong = webrtc::with_certificate(bare, webrtc_certificate(other).fingerprint);
        const auto right = webrtc_certificate(b.identity).fingerprint;
        auto refused = co_await a.host.connect(wrong.with_peer(b.host.id()));
        EXPECT_EQ(refused.error(), Errc::authentication_failed) << refused.error();
        const auto two_wrong = webrtc::with_certificate(wrong, webrtc_certificate(Identity::generate()).fingerprint);
        refused = co_await a.host.connect(two_wrong.with_peer(b.host.id()));
        EXPECT_EQ(refused.error(), Errc::authentication_failed) << refused.error();
        auto gone = co_await conformance::eventually([&] { return b.host.connections().empty(); });
        EXPECT_TRUE(gone);

        auto peer = co_await a.host.connect(webrtc::with_certificate(wrong, right).with_peer(b.host.id()));
        EXPECT_TRUE(peer) << peer.error();
        auto answer = co_await echo_once(a, b.host.id(), "of several, one");
        EXPECT_TRUE(answer);
        co_await close(a);
        co_await close(b);
    };
    run(io_, body());
}

}  // namespace
}  // namespace libp2p::test::hostile
