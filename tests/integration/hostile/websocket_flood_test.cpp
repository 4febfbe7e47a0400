// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/hostile/raw_peer.hpp"
#include "tests/support/web_certificates.hpp"

#include <libp2p/conformance/loop.hpp>

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <optional>

/// Crowds at a WebSocket listener, that stop at each of its stages or go on without end.
namespace libp2p::test::hostile {
namespace {

constexpr auto kDeadline = 800ms;
constexpr std::size_t kCrowd = 100;

constexpr std::string_view kUpgrade =
    "GET / HTTP/1.1\r\nHost: node\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

struct Flood {
    const char* name;
    bool tls;
    std::string first;        ///< sent as soon as the system takes it
    std::string drip;         ///< sent octet by octet after that, one in a tenth of the deadline
    bool waits_for_deadline;  ///< else they are cut for what they sent
};

std::ostream& operator<<(std::ostream& out, const Flood& flood) {
    return out << flood.name;
}

std::string repeated(std::string_view text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i) {
        all += text;
    }
    return all;
}

/// Behind the upgrade, masked with zeros.
std::string with_frames(std::string_view frames) {
    return std::string(kUpgrade) + std::string(frames);
}

const Flood kFloods[] = {
    {"Silent", false, "", "", true},
    {"SilentBelowTls", true, "", "", true},
    {"DripTheRequest", false, "", std::string(kUpgrade), true},
    {"HeadersWithoutEnd", false, "GET / HTTP/1.1\r\n" + repeated("X-Header: value\r\n", 4000), "", false},
    {"OneHugeHeader", false, "GET / HTTP/1.1\r\nX: " + std::string(64 * 1024, 'x'), "", false},
    {"NoHttp", false, noise_proposal() + std::string(1000, 'x'), "", false},
    {"SilentBehindTheUpgrade", false, std::string(kUpgrade), "", true},
    {"AFrameThatIsNeverFull", false, with_frames(std::string("\x82\xfe\xff\xff\0\0\0\0", 8)), noise_proposal(), true},
    {"AFrameOfHalfTheWorld", false, with_frames(std::string("\x82\xff\x40\0\0\0\0\0\0\0\0\0\0\0x", 15)), "", false},
    {"Pings", false, with_frames(repeated(std::string("\x89\xfd\0\0\0\0", 6) + std::string(125, 'p'), 400)), "", false},
    {"EmptyFragments",
     false,
     with_frames(std::string("\x02\x80\0\0\0\0", 6) + repeated(std::string("\0\x80\0\0\0\0", 6), 8000)),
     "",
     false},
    {"LongControlFrames",
     false,
     with_frames(std::string("\x89\xfe\0\x80\0\0\0\0", 8) + std::string(128, 'p')),
     "",
     false},
    {"Text", false, with_frames(std::string("\x81\x81\0\0\0\0x", 7)), "", false},
    {"HttpToTls", true, std::string(kUpgrade), "", false},
    {"GarbageToTls", true, std::string(20'000, '\x16'), "", false},
};

class WebSocketFloodTest : public testing::TestWithParam<Flood> {
protected:
    WebSocketFloodTest() {
        raise_descriptor_limit();
        std::string pattern = (std::filesystem::temp_directory_path() / "websocket-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        std::ofstream(folder_ / "certificate") << kCertificate;
        std::ofstream(folder_ / "key") << kKey;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    asio::io_context io_{1};
    std::filesystem::path folder_;
};

/// One of the crowd.
struct Member {
    explicit Member(const Multiaddr& victim) : peer(std::in_place, victim) {}

    void act(const Flood& flood, bool drips) {
        if (!peer) {
            return;
        }
        if (sent < flood.first.size()) {
            sent += peer->send(std::string_view(flood.first).substr(sent));
        } else if (drips && sent < flood.first.size() + flood.drip.size()) {
            sent += peer->send(std::string_view(flood.drip).substr(sent - flood.first.size(), 1));
        }
        if (peer->is_cut()) {
            peer.reset();
        }
    }

    std::optional<RawPeer> peer;
    std::size_t sent = 0;
};

TEST_P(WebSocketFloodTest, EndsAndLeavesNothing) {
    const auto& flood = GetParam();
    HostOptions options;
    options.timeouts.upgrade = flood.waits_for_deadline ? kDeadline : std::chrono::milliseconds(30s);
    const auto identity = Identity::generate();
    Host victim(io_.get_executor(), identity, options);
    WebSocketOptions web;
    web.certificate_file = (folder_ / "certificate").string();
    web.key_file = (folder_ / "key").string();
    web.authorities_file = web.certificate_file;
    victim.add_security(make_noise(identity));
    victim.add_muxer(make_yamux(victim.services().limits(), victim.services().timeouts()));
    victim.add_transport(make_websocket_transport(victim.services(), web));
    const auto& usage = victim.resources().system_usage();
    auto body = [&]() -> awaitable<void> {
        auto where = Multiaddr::parse(flood.tls ? "/ip4/127.0.0.1/tcp/0/tls/ws" : "/ip4/127.0.0.1/tcp/0/ws").value();
        auto bound = co_await victim.listen(where);
        auto text = bound.value().to_string();
        text.resize(text.find(flood.tls ? "/tls" : "/ws"));
        const auto socket_address = Multiaddr::parse(text).value().with_peer(identity.peer_id());
        const auto start = Clock::now();
        std::vector<Member> crowd;
        crowd.reserve(kCrowd);
        while (crowd.size() < kCrowd) {
            crowd.emplace_back(socket_address);
        }
        auto next_drip = start;
        std::size_t most_charged = 0;
        std::size_t left = kCrowd;
        while (left > 0 && Clock::now() < start + 20s) {
            const bool drips = Clock::now() >= next_drip;
            if (drips) {
                next_drip = Clock::now() + kDeadline / 10;
            }
            left = 0;
            for (auto& member : crowd) {
                member.act(flood, drips);
                left += member.peer ? 1 : 0;
            }
            co_await conformance::pause(1ms);
            most_charged = std::max(most_charged, usage.memory);
        }
        EXPECT_EQ(left, 0U);
        EXPECT_LE(most_charged, kCrowd * 256 * 1024);
        if (flood.waits_for_deadline) {
            EXPECT_GE(Clock::now() - start, kDeadline);
        }
        auto gone = co_await conformance::eventually([&] { return usage.is_zero(); });
        EXPECT_TRUE(gone);
        co_await victim.close();
        EXPECT_TRUE(usage.is_zero());
    };
    run(io_, body());
}

INSTANTIATE_TEST_SUITE_P(All, WebSocketFloodTest, testing::ValuesIn(kFloods), [](const auto& tested) {
    return std::string(tested.param.name);
});

}  // namespace
}  // namespace libp2p::test::hostile
