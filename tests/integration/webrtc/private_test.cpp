// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/hosts.hpp"
#include "tests/support/memory_signalling.hpp"

#include <libp2p/conformance/loop.hpp>
#include <libp2p/private_webrtc.hpp>

#include <algorithm>
#include <vector>

/// Private WebRTC between two hosts of this process.
namespace libp2p::test {
namespace {

PrivateWebRtcOptions on_loopback() {
    PrivateWebRtcOptions options;
    options.local_addresses = {"127.0.0.1"};
    return options;
}

/// A node that signals in memory.
struct PrivateNode : Node {
    PrivateNode(
        asio::io_context& io,
        const std::shared_ptr<MemorySignallingNetwork>& network,
        const PrivateWebRtcOptions& options = on_loopback(),
        Identity who = Identity::generate()
    )
        : Node(io, HostOptions(), std::move(who)) {
        auto& services = host.services();
        auto signalling = std::make_shared<MemorySignalling>(network, io.get_executor(), identity.public_key());
        host.add_transport(make_private_webrtc_transport(services, std::move(signalling), options));
    }
};

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

}  // namespace
}  // namespace libp2p::test
