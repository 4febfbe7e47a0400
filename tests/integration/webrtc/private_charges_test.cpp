// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/webrtc/private_node.hpp"

#include <dirent.h>

#include <algorithm>
#include <cstddef>

/// What a private connection is charged, and what it has.
namespace libp2p::test {
namespace {

/// Descriptors that this process has open.
std::size_t open_descriptors() {
    auto* folder = ::opendir("/proc/self/fd");
    std::size_t count = 0;
    while (::readdir(folder) != nullptr) {
        ++count;
    }
    ::closedir(folder);
    return count;
}

TEST(PrivateWebRtcCharges, AgentsPayForEveryDescriptorThatTheyOpen) {
    asio::io_context io;
    auto network = std::make_shared<MemorySignallingNetwork>();
    PrivateWebRtcOptions options;
    options.local_addresses = {"127.0.0.1", "127.0.0.2", "::1"};
    PrivateNode listener(io, network, options);
    PrivateNode dialer(io, network, options);
    run(io, [&]() -> awaitable<void> {
        const auto address = co_await listen(listener, "/memory/0/webrtc");
        const auto before = open_descriptors();
        auto connected = co_await dialer.host.connect(address);
        EXPECT_TRUE(connected) << connected.error().message();
        const auto opened = open_descriptors() - before;
        const auto charged = dialer.host.resources().system_usage().descriptors;
        EXPECT_EQ(charged, listener.host.resources().system_usage().descriptors);
        EXPECT_EQ(opened, 2 * charged) << "by both hosts";
        co_await close(dialer);
        co_await close(listener);
        EXPECT_EQ(open_descriptors(), before);
    }());
}

TEST(PrivateWebRtcCharges, AnAgentThatTheSystemHasNoDescriptorsForIsRefusedByName) {
    asio::io_context io;
    auto network = std::make_shared<MemorySignallingNetwork>();
    PrivateNode listener(io, network);
    HostOptions few;
    few.limits.system.descriptors = 3;
    Node dialer(io, few);
    auto& services = dialer.host.services();
    auto signalling = std::make_shared<MemorySignalling>(network, io.get_executor(), dialer.identity.public_key());
    dialer.host.add_transport(make_private_webrtc_transport(services, std::move(signalling), on_loopback()));
    run(io, [&]() -> awaitable<void> {
        const auto address = co_await listen(listener, "/memory/0/webrtc");
        auto connected = co_await dialer.host.connect(address);
        EXPECT_FALSE(connected);
        if (!connected) {
            const auto message = connected.error().message();
            EXPECT_NE(message.find("limits.system"), std::string::npos) << message;
            EXPECT_NE(message.find("descriptors"), std::string::npos) << message;
        }
        co_await close(dialer);
        co_await close(listener);
    }());
}

}  // namespace
}  // namespace libp2p::test
