// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/support/webrtc_link.hpp"

#include "transports/webrtc/webrtc_connection.hpp"

#include <libp2p/conformance/co_assert.hpp>
#include <libp2p/conformance/connection_scenarios.hpp>
#include <libp2p/conformance/loop.hpp>
#include <libp2p/conformance/stream_tools.hpp>
#include <libp2p/resource_manager.hpp>
#include <libp2p/timeout.hpp>

#include <gtest/gtest.h>

#include <optional>

// WebRTC connections without a socket: DTLS, SCTP and streams between two cores of one process.

namespace libp2p::webrtc {
namespace {

using namespace conformance;
using namespace std::chrono_literals;

struct Side {
    explicit Side(const std::string& secret) : identity(Identity::generate()), name(secret) {
        limits.peer = limits.system;
    }

    Identity identity;
    std::string name;
    Limits limits = suite_limits();
    ResourceManager resources{limits};
    std::shared_ptr<const crypto::DtlsContext> context =
        std::make_shared<crypto::DtlsContext>(crypto::Certificate::generate());
    std::optional<ConnectionScope> scope;
    std::shared_ptr<WebRtcCore> core;
    std::unique_ptr<Connection> connection;
};

struct Quality {
    std::string name;
    LinkQuality link;
    friend std::ostream& operator<<(std::ostream& out, const Quality& quality) { return out << quality.name; }
};

class WebRtcLink : public testing::TestWithParam<Quality> {
protected:
    void play(std::function<awaitable<void>(Ends&)> script) {
        auto test = [&]() -> awaitable<void> {
            co_await connect();
            LIBP2P_CO_ASSERT_TRUE(near_.connection && far_.connection);
            Ends ends(loop_, near_.connection, far_.connection);
            ends.far_memory = [this] { return far_.resources.system_usage().memory; };
            ends.independent_streams = false;
            auto body = [&](TaskScope& tasks) -> awaitable<void> {
                tasks.spawn(keep(ends.near->run(), ends.near_end));
                tasks.spawn(keep(ends.far->run(), ends.far_end));
                co_await script(ends);
            };
            co_await with_tasks(body);
        };
        loop_.run(test());
        for (auto* side : {&near_, &far_}) {
            side->connection.reset();
            side->core.reset();
            side->scope.reset();
        }
        loop_.run(pause(5ms));
        EXPECT_TRUE(near_.resources.system_usage().is_zero()) << near_.resources.system_usage().memory;
        EXPECT_TRUE(far_.resources.system_usage().is_zero()) << far_.resources.system_usage().memory;
        EXPECT_EQ(SctpStack::instance().size(), 0U);
    }

    void make_core(Side& side, Side& remote, WebRtcSession::Role role, MemoryLink link) {
        side.scope.emplace(side.resources
                               .open_connection(
                                   role == WebRtcSession::Role::client ? Direction::outbound : Direction::inbound,
                                   false,
                                   Multiaddr::parse("/memory/1").value()
                               )
                               .value());
        WebRtcSession::Options options;
        options.role = role;
        if (role == WebRtcSession::Role::client) {
            options.remote_certificates = {remote.context->certificate().fingerprint()};
        }
        side.core = std::make_shared<WebRtcCore>(
            loop_.executor(),
            side.context,
            options,
            side.limits,
            side.scope->budget(),
            std::make_unique<MemoryLink>(std::move(link)),
            ticker_
        );
    }

    awaitable<void> connect() {
        MemoryLink there(loop_.executor(), GetParam().link, 1);
        MemoryLink back(loop_.executor(), GetParam().link, 2);
        make_core(near_, far_, WebRtcSession::Role::client, there);
        make_core(far_, near_, WebRtcSession::Role::server, back);
        there.connect(far_.core);
        back.connect(near_.core);
        far_.core->session.start();
        near_.core->session.start();
        auto near_open = co_await with_timeout(10s, near_.core->wait_until_open());
        LIBP2P_EXPECT_OK(near_open);
        auto far_open = co_await with_timeout(10s, far_.core->wait_until_open());
        LIBP2P_EXPECT_OK(far_open);
        if (!near_open || !far_open) {
            co_return;
        }
        finish(near_, far_);
        finish(far_, near_);
    }

    static void finish(Side& side, const Side& remote) {
        side.core->session.set_proven();
        side.core->session.release_handshake_channel();
        auto info = std::make_shared<ConnectionInfo>(ConnectionInfo{
            ConnectionId{1},
            Direction::outbound,
            remote.identity.peer_id(),
            remote.identity.public_key(),
            Multiaddr::parse("/memory/1").value(),
            Multiaddr::parse("/memory/1").value(),
            "link",
            ProtocolId(),
            ProtocolId(),
            false,
            Clock::now()
        });
        side.connection = std::make_unique<WebRtcConnection>(side.core, std::move(info));
    }

    Loop loop_;
    std::shared_ptr<SctpTicker> ticker_ = std::make_shared<SctpTicker>(loop_.executor());
    Side near_{"near"};
    Side far_{"far"};
};

#define LIBP2P_LINK_TEST(name, scenario) \
    TEST_P(WebRtcLink, name) {           \
        play(scenarios::scenario);       \
    }

LIBP2P_CONNECTION_SCENARIOS(LIBP2P_LINK_TEST)

#undef LIBP2P_LINK_TEST

INSTANTIATE_TEST_SUITE_P(
    All,
    WebRtcLink,
    testing::Values(Quality{"perfect", {}}, Quality{"slow", {2ms, 0, 0}}, Quality{"lossy", {1ms, 0.01, 0.01}}),
    [](const auto& info) { return info.param.name; }
);

}  // namespace
}  // namespace libp2p::webrtc
