// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/hostile/raw_webrtc_client.hpp"
#include "tests/integration/hostile/webrtc_relay.hpp"
#include "transports/webrtc/direct/direct_mux.hpp"
#include "transports/webrtc/ice_lite.hpp"

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

/// Somebody honest on a slow path, whose handshake gives way to a crowd before its second flight has come.
TEST_F(WebRtcHandshakeTest, AHandshakeThatGaveWayIsBegunAnew) {
    HostOptions options;
    options.timeouts.dial = kIsMeasured ? 6s : 40s;
    Node victim(io_);
    Node dialer(io_, options);
    bool is_slow = true;
    std::size_t held = 0;
    auto tap = [&](WebRtcRelay::Way way, ByteView datagram, WebRtcRelay::Send) -> awaitable<bool> {
        const bool is_second_flight = way == WebRtcRelay::Way::to_listener &&
                                      webrtc::classify(datagram) == webrtc::DatagramKind::dtls &&
                                      !crypto::is_client_hello(datagram);
        held += is_second_flight && is_slow;
        co_return !is_second_flight || !is_slow;
    };
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(victim, kWebRtcListen);
        const auto endpoint = udp_endpoint_of(address);
        WebRtcRelay relay(io_, endpoint, tap);
        std::optional<result<PeerId>> dialled;
        auto dial = [&]() -> awaitable<void> {
            auto peer = co_await dialer.host.connect(relay.address(address));
            dialled.emplace(std::move(peer));
        };
        auto both = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(dial());
            auto began = co_await conformance::eventually([&] { return held > 0; });
            EXPECT_TRUE(began);
            co_await conformance::pause(2 * webrtc::DirectMux::kUndisturbed);
            const auto hello = client_hello();
            std::vector<RawUdp> crowd;
            for (std::size_t i = 0; i < webrtc::DirectMux::kUnproven + 16; ++i) {
                auto& socket = crowd.emplace_back(endpoint);
                socket.send(valid_check());
                socket.send(hello);
                socket.send(hello);  // who asks again goes first
                if (i % 8 == 0) {
                    co_await conformance::pause(1ms);
                }
            }
            Witness witness(io_, endpoint);
            co_await witness.settle();
            is_slow = false;
            const auto start = Clock::now();
            co_await tasks.join();
            std::printf(
                "%zu datagrams held; %.0f ms from then on\n",
                held,
                std::chrono::duration<double, std::milli>(Clock::now() - start).count()
            );
        };
        co_await with_tasks(both);
        EXPECT_TRUE(dialled && *dialled) << dialled->error();
        auto answer = co_await echo_once(dialer, victim.host.id(), "after all");
        EXPECT_TRUE(answer);
        co_await close(dialer);
        co_await relay.stop();
        co_await close(victim);
    };
    run(io_, body());
}

/// A listener's socket that answers checks as it should, and DTLS by `answer`.
class FalseListener {
public:
    using Answer = std::function<std::vector<Bytes>(ByteView)>;

    FalseListener(asio::io_context& io, Answer answer)
        : socket_(io, {asio::ip::address_v4::loopback(), 0}), tasks_(io.get_executor()), answer_(std::move(answer)) {
        socket_.non_blocking(true);
        tasks_.spawn(serve());
    }

    /// Under a certificate and a name that somebody else may have.
    Multiaddr address() const {
        const auto who = Identity::generate();
        const auto bare = webrtc::to_direct_multiaddr(socket_.local_endpoint());
        return webrtc::with_certificate(bare, webrtc_certificate(who).fingerprint).with_peer(who.peer_id());
    }

    awaitable<void> stop() {
        tasks_.cancel();
        co_await tasks_.join();
    }

private:
    awaitable<void> serve() {
        for (;;) {
            auto [failed] = co_await socket_.async_wait(asio::socket_base::wait_read, as_result);
            if (failed) {
                co_return;
            }
            take_all();
        }
    }

    void take_all() {
        std::array<std::uint8_t, 2048> buffer;
        for (;;) {
            asio::ip::udp::endpoint from;
            error_code ec;
            const auto size = socket_.receive_from(asio::buffer(buffer), from, 0, ec);
            if (ec) {
                return;
            }
            const auto datagram = ByteView(buffer).first(size);
            std::array<std::uint8_t, webrtc::kBindingResponseSize6> response;
            if (auto check = webrtc::answer_check(datagram, from, response)) {
                socket_.send_to(asio::buffer(response.data(), check->answer_size), from, 0, ec);
                continue;
            }
            for (const auto& answer : answer_(datagram)) {
                socket_.send_to(asio::buffer(answer), from, 0, ec);
            }
        }
    }

    asio::ip::udp::socket socket_;
    TaskScope tasks_;
    Answer answer_;
};

TEST_F(WebRtcHandshakeTest, ADialerGetsAwayFromFalseListeners) {
    HostOptions options;
    options.timeouts.dial = kIsMeasured ? 2 * kDeadline : 10 * kDeadline;
    std::mt19937 random(9);
    const auto silent = [](ByteView) { return std::vector<Bytes>(); };
    const auto garbage = [&](ByteView) {
        std::vector<Bytes> datagrams(50);
        for (auto& datagram : datagrams) {
            datagram.resize(1 + random() % 1400);
            std::generate(datagram.begin(), datagram.end(), [&] { return static_cast<std::uint8_t>(random()); });
            datagram[0] = static_cast<std::uint8_t>(random() % 2 == 0 ? 22 : random() % 64);
        }
        return datagrams;
    };
    const auto mirror = [](ByteView datagram) { return std::vector<Bytes>{Bytes(datagram.begin(), datagram.end())}; };
    const auto refusal = [](ByteView) {
        const auto alert = crypto::refusal();
        return std::vector<Bytes>{Bytes(alert.begin(), alert.end())};
    };
    const auto timed_out = asio::error::make_error_code(asio::error::timed_out);
    struct Kind {
        const char* name;
        FalseListener::Answer answer;
        error_code expected;
    };
    const std::vector<Kind> kinds{
        {"silent", silent, timed_out},
        {"garbage", garbage, timed_out},
        {"mirror", mirror, make_error_code(Errc::protocol_violation)},
        {"refusal", refusal, make_error_code(Errc::refused_by_remote)},
    };
    Node dialer(io_, options);
    Node honest(io_);
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(honest, kWebRtcListen);
        for (const auto& kind : kinds) {
            FalseListener listener(io_, kind.answer);
            const auto start = Clock::now();
            auto dialled = co_await dialer.host.connect(listener.address());
            EXPECT_EQ(dialled.error(), kind.expected) << kind.name << ": " << dialled.error();
            EXPECT_LT(Clock::now() - start, options.timeouts.dial + 5s);
            auto left =
                co_await conformance::eventually([&] { return dialer.host.resources().system_usage().is_zero(); });
            EXPECT_TRUE(left) << kind.name;
            co_await listener.stop();
        }
        auto peer = co_await dialer.host.connect(address);
        EXPECT_TRUE(peer) << peer.error();
        co_await close(dialer);
        co_await close(honest);
    };
    run(io_, body());
}

/// An address that somebody made up is sent three times at most what came from there, whatever that is.
TEST_F(WebRtcHandshakeTest, AForgedHelloIsNotWorthMuch) {
    HostOptions options;
    options.timeouts.upgrade = 400ms;  // then the address may begin anew
    Node victim(io_, options);
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(victim, kWebRtcListen);
        RawUdp socket(udp_endpoint_of(address));
        const auto check = valid_check();
        const auto hello = client_hello();
        std::size_t sent = 0;
        std::size_t received = 0;
        std::size_t answered = 0;
        auto send = [&](ByteView datagram) {
            socket.send(datagram);
            sent += datagram.size();
        };
        auto expect_little = [&] {
            const auto answers = socket.take();
            received += answers.octets;
            answered += answers.datagrams;
            EXPECT_LE(received, 3 * sent);
        };
        send(check);
        for (int i = 0; i < 30; ++i) {
            // Once; then it goes on, in the end without a check between one handshake and the next.
            const bool is_silent = i > 0 && i < 8;
            if (i == 12) {
                send(check);
            }
            if (!is_silent) {
                send(hello);
            }
            co_await conformance::pause(100ms);
            expect_little();
            if (i == 7) {
                EXPECT_GE(answered, 2U);
                std::printf(
                    "%zu octets in %zu datagrams for a check and a ClientHello of %zu\n", received, answered, sent
                );
            }
        }
        std::printf("%zu octets in %zu datagrams for %zu in the end\n", received, answered, sent);
        EXPECT_GE(answered, 4U);
        co_await close(victim);
    };
    run(io_, body());
}

}  // namespace
}  // namespace libp2p::test::hostile
