// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/webrtc/private_node.hpp"
#include "transports/webrtc/private/rendezvous_enrolment.hpp"
#include "transports/webrtc/private/rendezvous_server.hpp"

#include <libp2p/conformance/loop.hpp>
#include <libp2p/tasks.hpp>

#include <boost/asio/ip/address.hpp>

#include <functional>

/// Private WebRTC by way of a rendezvous server, and what the server does with clients that mean ill.
namespace libp2p::test {
namespace {

using webrtc::RendezvousLimits;
using webrtc::RendezvousMessage;
using webrtc::RendezvousServer;
using webrtc::RendezvousSocket;

using Type = RendezvousMessage::Type;

std::unique_ptr<RendezvousServer> serve_on_loopback(asio::io_context& io, const RendezvousLimits& limits = {}) {
    const asio::ip::tcp::endpoint any(asio::ip::make_address("127.0.0.1"), 0);
    return RendezvousServer::bind(io.get_executor(), any, limits).value();
}

Multiaddr address_of(const RendezvousServer& server) {
    const auto port = std::to_string(server.endpoint().port());
    return Multiaddr::parse("/ip4/127.0.0.1/tcp/" + port + "/ws/webrtc").value();
}

struct RendezvousNode : Node {
    explicit RendezvousNode(asio::io_context& io) : Node(io) {
        auto& services = host.services();
        host.add_transport(make_private_webrtc_transport(services, make_rendezvous_signalling(services), on_loopback())
        );
    }
};

/// Runs `body` beside a server.
void with_server(
    const RendezvousLimits& limits, std::function<awaitable<void>(asio::io_context&, RendezvousServer&)> body
) {
    asio::io_context io;
    auto server = serve_on_loopback(io, limits);
    run(io, [&]() -> awaitable<void> {
        auto both = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(server->run());
            co_await body(io, *server);
        };
        co_await with_tasks(both);
        EXPECT_EQ(server->clients(), 0U);
    }());
}

TEST(Rendezvous, ConnectsTwoHosts) {
    with_server({}, [](asio::io_context& io, RendezvousServer& server) -> awaitable<void> {
        RendezvousNode listener(io);
        RendezvousNode dialer(io);
        const auto address = address_of(server);
        auto listening = co_await listener.host.listen(address);
        EXPECT_TRUE(listening);
        for (int i = 0; i < 3; ++i) {
            auto connected = co_await dialer.host.connect(address.with_peer(listener.host.id()));
            EXPECT_TRUE(connected) << connected.error().message();
            auto answer = co_await echo_once(dialer, listener.host.id(), "there");
            EXPECT_TRUE(answer && *answer == "there");
            co_await dialer.host.disconnect(listener.host.id());
        }
        const bool gone = co_await conformance::eventually([&] { return server.clients() == 1; });
        EXPECT_TRUE(gone) << "a dialer stays at the server";
        co_await close(dialer);
        co_await close(listener);
    });
}

TEST(Rendezvous, SaysWhoIsNotThere) {
    with_server({}, [](asio::io_context& io, RendezvousServer& server) -> awaitable<void> {
        RendezvousNode dialer(io);
        const auto start = Clock::now();
        const auto nobody = Identity::generate().peer_id();
        auto connected = co_await dialer.host.connect(address_of(server).with_peer(nobody));
        EXPECT_FALSE(connected);
        EXPECT_EQ(connected.error(), Errc::refused_by_remote) << connected.error();
        EXPECT_LT(Clock::now() - start, 4s);
        co_await close(dialer);
    });
}

/// A client by hand.
class RawClient {
public:
    explicit RawClient(asio::io_context& io) : io_(io), tasks_(io.get_executor()) {}

    /// The challenge.
    awaitable<std::string> open(const RendezvousServer& server) {
        asio::ip::tcp::socket tcp(io_);
        auto [ec] = co_await tcp.async_connect(server.endpoint(), as_result);
        EXPECT_FALSE(ec);
        socket = std::make_unique<RendezvousSocket>(std::move(tcp));
        auto opened = co_await socket->connect("rendezvous", "/");
        EXPECT_TRUE(opened);
        tasks_.spawn(socket->run());
        auto challenge = co_await hear();
        co_return challenge.data;
    }

    awaitable<void> enrol(const RendezvousServer& server) {
        const auto challenge = co_await open(server);
        socket->send(to_json(webrtc::enrol(who, challenge)));
        const auto answer = co_await hear();
        EXPECT_EQ(answer.type, Type::enrolled);
    }

    /// An error message where nothing more comes.
    awaitable<RendezvousMessage> hear() {
        auto text = co_await socket->receive();
        if (!text) {
            co_return RendezvousMessage{Type::error, "", "", "end"};
        }
        co_return webrtc::parse_rendezvous_message(*text).value();
    }

    awaitable<bool> is_cut() {
        for (int i = 0; i < 1000; ++i) {
            const auto message = co_await hear();
            if (message.data == "end") {
                co_return true;
            }
        }
        co_return false;
    }

    awaitable<void> close() {
        socket->close();
        co_await tasks_.join();
    }

    Identity who = Identity::generate();
    std::unique_ptr<RendezvousSocket> socket;

private:
    asio::io_context& io_;
    TaskScope tasks_;
};

TEST(Rendezvous, NobodySpeaksInTheNameOfAnother) {
    with_server({}, [](asio::io_context& io, RendezvousServer& server) -> awaitable<void> {
        RawClient victim(io);
        RawClient liar(io);
        co_await victim.enrol(server);
        co_await liar.enrol(server);
        RendezvousMessage forged;
        forged.type = Type::offer;
        forged.from = Identity::generate().peer_id().to_string();
        forged.to = victim.who.peer_id().to_string();
        liar.socket->send(to_json(forged));
        const bool cut = co_await liar.is_cut();
        EXPECT_TRUE(cut);
        co_await liar.close();
        RawClient honest(io);
        co_await honest.enrol(server);
        forged.from = honest.who.peer_id().to_string();
        forged.data = "mine";
        honest.socket->send(to_json(forged));
        const auto first = co_await victim.hear();
        EXPECT_EQ(first.data, "mine") << "what was forged has arrived";
        co_await honest.close();
        co_await victim.close();
    });
}

TEST(Rendezvous, NamesAreProven) {
    with_server({}, [](asio::io_context& io, RendezvousServer& server) -> awaitable<void> {
        for (int kind = 0; kind < 4; ++kind) {
            RawClient liar(io);
            const auto challenge = co_await liar.open(server);
            auto message = webrtc::enrol(liar.who, kind == 0 ? "another challenge" : challenge);
            if (kind == 1) {
                message.from = Identity::generate().peer_id().to_string();
            } else if (kind == 2) {
                message.data = "{}";
            } else if (kind == 3) {
                message.type = Type::offer;
            }
            liar.socket->send(to_json(message));
            const bool cut = co_await liar.is_cut();
            EXPECT_TRUE(cut) << kind;
            co_await liar.close();
        }
    });
}

TEST(Rendezvous, FloodsAreCut) {
    RendezvousLimits limits;
    limits.message_burst = 20;
    limits.messages_per_second = 1;
    with_server(limits, [](asio::io_context& io, RendezvousServer& server) -> awaitable<void> {
        RawClient flooder(io);
        co_await flooder.enrol(server);
        RendezvousMessage message;
        message.type = Type::offer;
        message.from = flooder.who.peer_id().to_string();
        message.to = "nobody";
        for (int i = 0; i < 40; ++i) {
            flooder.socket->send(to_json(message));
        }
        const bool cut = co_await flooder.is_cut();
        EXPECT_TRUE(cut);
        co_await flooder.close();
    });
}

TEST(Rendezvous, CrowdsOfOneAddressAreTurnedAway) {
    RendezvousLimits limits;
    limits.clients_per_address = 2;
    limits.enrol = std::chrono::milliseconds(200);
    with_server(limits, [](asio::io_context& io, RendezvousServer& server) -> awaitable<void> {
        std::vector<asio::ip::tcp::socket> crowd;
        for (int i = 0; i < 20; ++i) {
            crowd.emplace_back(io);
            auto [ec] = co_await crowd.back().async_connect(server.endpoint(), as_result);
            EXPECT_FALSE(ec);
            co_await conformance::settle();
            EXPECT_LE(server.clients(), 2U);
        }
        const bool gone = co_await conformance::eventually([&] { return server.clients() == 0; });
        EXPECT_TRUE(gone) << "who says nothing keeps the place";
    });
}

}  // namespace
}  // namespace libp2p::test
