// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/webrtc/private_node.hpp"

#include <libp2p/conformance/loop.hpp>

#include <algorithm>
#include <stdexcept>
#include <vector>

/// Private WebRTC between two hosts of this process.
namespace libp2p::test {
namespace {

TEST(PrivateWebRtc, ConnectsTwoHosts) {
    for (const bool is_trusted : {true, false}) {
        asio::io_context io;
        auto network = std::make_shared<MemorySignallingNetwork>(is_trusted);
        PrivateNode listener(io, network);
        PrivateNode dialer(io, network);
        run(io, [&]() -> awaitable<void> {
            const auto address = co_await listen(listener, "/memory/0/webrtc");
            auto connected = co_await dialer.host.connect(address);
            EXPECT_TRUE(connected) << connected.error().message();
            auto answer = co_await echo_once(dialer, listener.host.id(), "there");
            EXPECT_TRUE(answer && *answer == "there");
            auto back = co_await echo_once(listener, dialer.host.id(), "and back");
            EXPECT_TRUE(back && *back == "and back");
            for (const auto* node : {&listener, &dialer}) {
                const auto infos = node->host.connections();
                EXPECT_EQ(infos.size(), 1U);
                if (infos.empty()) {
                    continue;
                }
                EXPECT_EQ(infos[0]->transport, "webrtc");
                EXPECT_FALSE(infos[0]->limited);
            }
            co_await close(dialer);
            co_await close(listener);
        }());
    }
}

TEST(PrivateWebRtc, ConnectsAHundredTimesInARow) {
    asio::io_context io;
    auto network = std::make_shared<MemorySignallingNetwork>();
    PrivateNode listener(io, network);
    PrivateNode dialer(io, network);
    std::vector<double> times;
    run(io, [&]() -> awaitable<void> {
        const auto address = co_await listen(listener, "/memory/0/webrtc");
        for (int i = 0; i < 100; ++i) {
            const auto start = Clock::now();
            auto connected = co_await dialer.host.connect(address);
            EXPECT_TRUE(connected) << i << ": " << connected.error().message();
            times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
            co_await dialer.host.disconnect(listener.host.id());
        }
        co_await close(dialer);
        co_await close(listener);
    }());
    std::sort(times.begin(), times.end());
    if (times.size() == 100) {
        RecordProperty("median_ms", std::to_string(times[50]));
        RecordProperty("worst_ms", std::to_string(times[99]));
    }
}

TEST(PrivateWebRtc, MakesOneConnectionOfTwoDialsAtOnce) {
    for (int round = 0; round < 5; ++round) {
        asio::io_context io;
        auto network = std::make_shared<MemorySignallingNetwork>();
        PrivateNode one(io, network);
        PrivateNode other(io, network);
        run(io, [&]() -> awaitable<void> {
            const auto to_one = co_await listen(one, "/memory/0/webrtc");
            const auto to_other = co_await listen(other, "/memory/0/webrtc");
            int connected = 0;
            auto dial = [&](Node& from, const Multiaddr& to) -> awaitable<void> {
                auto outcome = co_await from.host.connect(to);
                EXPECT_TRUE(outcome) << outcome.error().message();
                connected += outcome ? 1 : 0;
            };
            auto both = [&](TaskScope& tasks) -> awaitable<void> {
                tasks.spawn(dial(one, to_other));
                tasks.spawn(dial(other, to_one));
                co_await tasks.join();
            };
            co_await with_tasks(both);
            EXPECT_EQ(connected, 2);
            co_await conformance::pause(50ms);
            EXPECT_EQ(one.host.connections().size(), 1U);
            EXPECT_EQ(other.host.connections().size(), 1U);
            auto answer = co_await echo_once(one, other.host.id(), "once");
            EXPECT_TRUE(answer && *answer == "once");
            co_await close(one);
            co_await close(other);
        }());
    }
}

TEST(PrivateWebRtc, ConnectsWhenOnlyOneSideTellsItsCandidates) {
    for (const bool drops_first : {true, false}) {
        asio::io_context io;
        auto network = std::make_shared<MemorySignallingNetwork>();
        PrivateNode listener(io, network);
        PrivateNode dialer(io, network);
        std::string mine;  // the dialer's user name, which its candidates carry
        network->tamper = [&](SignallingMessage& message) {
            if (message.type == SignallingMessage::Type::offer) {
                const auto at = message.data.find("ice-ufrag:") + 10;
                mine = message.data.substr(at, message.data.find('\r', at) - at);
            }
            const bool is_dialers = message.data.find(mine) != std::string::npos;
            return message.type != SignallingMessage::Type::candidate || is_dialers != drops_first;
        };
        run(io, [&]() -> awaitable<void> {
            const auto address = co_await listen(listener, "/memory/0/webrtc");
            auto connected = co_await dialer.host.connect(address);
            EXPECT_TRUE(connected) << drops_first << connected.error().message();
            co_await close(dialer);
            co_await close(listener);
        }());
    }
}

TEST(PrivateWebRtc, GivesLibdatachannelTimeToKnowTheAnswersFingerprint) {
    asio::io_context io;
    auto network = std::make_shared<MemorySignallingNetwork>();
    PrivateNode listener(io, network);
    PrivateNode dialer(io, network);
    network->tamper = [](SignallingMessage& message) {
        if (message.type == SignallingMessage::Type::offer) {
            message.data.replace(message.data.find("o=- "), 4, "o=rtc ");
        }
        return true;
    };
    run(io, [&]() -> awaitable<void> {
        const auto address = co_await listen(listener, "/memory/0/webrtc");
        const auto start = Clock::now();
        auto connected = co_await dialer.host.connect(address);
        EXPECT_TRUE(connected) << connected.error().message();
        EXPECT_GE(Clock::now() - start, 50ms);
        co_await close(dialer);
        co_await close(listener);
    }());
}

TEST(PrivateWebRtc, SignalsOverAStreamOfAConnectionThatStands) {
    asio::io_context io;
    Node listener(io);
    Node dialer(io);
    for (auto* node : {&listener, &dialer}) {
        node->host.add_transport(make_private_webrtc_transport(node->host.services(), on_loopback()));
    }
    run(io, [&]() -> awaitable<void> {
        const auto tcp = co_await listen(listener);
        auto webrtc = co_await listener.host.listen(Multiaddr::parse("/webrtc").value());
        EXPECT_TRUE(webrtc);
        auto connected = co_await dialer.host.connect(tcp);
        EXPECT_TRUE(connected);
        const auto relay = Identity::generate().peer_id().to_string();
        const auto text = "/ip4/127.0.0.1/tcp/1/p2p/" + relay + "/p2p-circuit/webrtc";
        DialOptions fresh;
        fresh.fresh = true;
        const auto address = Multiaddr::parse(text).value().with_peer(listener.host.id());
        auto direct = co_await dialer.host.connect(address, fresh);
        EXPECT_TRUE(direct) << direct.error().message();
        EXPECT_EQ(dialer.host.connections().size(), 2U);
        co_await close(dialer);
        co_await close(listener);
    }());
}

TEST(PrivateWebRtc, RefusesOptionsThatCannotBe) {
    asio::io_context io;
    Node node(io);
    const auto with = [&](const PrivateWebRtcOptions& options) {
        return make_private_webrtc_transport(node.host.services(), options);
    };
    PrivateWebRtcOptions options;
    for (const auto* server : {"", ":3478", "host:0", "host:70000", "host:x", "[::1", "[]:1"}) {
        options.stun_servers = {server};
        EXPECT_THROW(with(options), std::invalid_argument) << server;
    }
    options.stun_servers = {"192.0.2.1", "stun.example.org:3478", "[2001:db8::1]:3478"};
    EXPECT_NO_THROW(with(options));
    options.local_addresses = {"localhost"};
    EXPECT_THROW(with(options), std::invalid_argument);
    options.local_addresses.assign(9, "127.0.0.1");
    EXPECT_THROW(with(options), std::invalid_argument);
}

}  // namespace
}  // namespace libp2p::test
