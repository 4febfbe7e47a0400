// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/protocols/internal/relay_voucher.hpp"
#include "tests/integration/relay/relay_fixture.hpp"

#include <libp2p/signed_envelope.hpp>
#include <libp2p/tasks.hpp>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace libp2p::test {
namespace {

using conformance::eventually;
using relay::HopMessage;
using relay::Status;

/// A relay that answers every hop request with what `make` gives, and says nothing more.
struct FakeRelay : RelayNode {
    FakeRelay(asio::io_context& io, std::function<Bytes(const PeerId& client)> make)
        : RelayNode(io), answer(std::move(make)) {
        host.handle(relay::kHopProtocol, [this](std::unique_ptr<Stream> stream) { return serve(std::move(stream)); });
    }

    awaitable<void> serve(std::unique_ptr<Stream> stream) {
        auto request = co_await read_delimited(*stream, relay::kMaxMessageSize);
        if (request) {
            const auto octets = answer(stream->remote_peer());
            auto sent = co_await write_delimited(*stream, octets);
            if (sent) {
                sent = co_await stream->close_write();
            }
            EXPECT_TRUE(sent) << sent.error();
        }
    }

    awaitable<void> listen() {
        auto bound = co_await host.listen(Multiaddr::parse("/ip4/127.0.0.1/tcp/0").value());
        const auto component = Multiaddr::parse("/p2p-circuit").value();
        circuit = bound.value().with_peer(id()).encapsulate(component).value();
    }

    std::function<Bytes(const PeerId&)> answer;
    std::optional<Multiaddr> circuit;
};

/// A reservation for `peer` as `relay` would give it, until `expires`.
HopMessage grant(const Identity& signer, const PeerId& relay, const PeerId& peer, std::chrono::seconds ttl) {
    const auto expires = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) + ttl;
    relay::VoucherMessage voucher;
    voucher.relay = Bytes(relay.bytes().begin(), relay.bytes().end());
    voucher.peer = Bytes(peer.bytes().begin(), peer.bytes().end());
    voucher.expiration = static_cast<std::uint64_t>(expires.time_since_epoch().count());
    HopMessage message;
    message.type = relay::HopType::status;
    message.status = Status::ok;
    message.reservation.emplace();
    message.reservation->expire = voucher.expiration;
    message.reservation->voucher =
        SignedEnvelope::seal(signer, relay::Voucher::kDomain, relay::Voucher::kPayloadType, encode(voucher)).encode();
    return message;
}

/// Listens at a relay whose answers `make` gives.
awaitable<result<Multiaddr>> listen_at(
    asio::io_context& io, std::function<Bytes(const Identity& relay, const PeerId& client)> make
) {
    FakeRelay* self = nullptr;
    FakeRelay fake(io, [&](const PeerId& client) { return make(self->identity, client); });
    self = &fake;
    RelayNode b(io);
    co_await fake.listen();
    auto listening = co_await b.host.listen(*fake.circuit);
    if (!listening) {
        EXPECT_TRUE(b.host.addresses().empty());
    }
    co_await close(b);
    co_await close(fake);
    co_return listening;
}

void expect_error(const result<Multiaddr>& outcome, Errc code, const std::string& words) {
    ASSERT_FALSE(outcome) << words;
    EXPECT_EQ(outcome.error(), code) << outcome.error();
    EXPECT_NE(outcome.error().message().find(words), std::string::npos) << outcome.error();
}

class RelayHostileTest : public RelayTest {
protected:
    awaitable<void> expect_answer(RelayNode& from, Relay& relay, Bytes request, Status status) {
        auto answer = co_await ask_hop(from, relay.id(), std::move(request));
        LIBP2P_CO_ASSERT_OK(answer);
        EXPECT_EQ(answer->type, relay::HopType::status);
        EXPECT_EQ(answer->status, status) << to_string(answer->status.value_or(Status::unused));
    }
};

TEST_F(RelayHostileTest, WhatIsNoRequestIsToldSo) {
    Relay relay(io_, unhurried());
    RelayNode a(io_);
    auto body = [&]() -> awaitable<void> {
        co_await relay.listen();
        auto connected = co_await a.host.connect(*relay.address);
        LIBP2P_CO_ASSERT_OK(connected);
        const Bytes noise{0xff, 0xff};
        co_await expect_answer(a, relay, noise, Status::malformed_message);
        co_await expect_answer(a, relay, Bytes(), Status::malformed_message);
        HopMessage message;
        message.type = relay::HopType::status;
        co_await expect_answer(a, relay, encode(message), Status::unexpected_message);
        message.type = static_cast<relay::HopType>(9);
        co_await expect_answer(a, relay, encode(message), Status::unexpected_message);
        message.type = relay::HopType::connect;
        co_await expect_answer(a, relay, encode(message), Status::malformed_message);
        message.peer.emplace();
        message.peer->id = Bytes{1, 2, 3};
        co_await expect_answer(a, relay, encode(message), Status::malformed_message);
        co_await expect_answer(a, relay, Bytes(relay::kMaxMessageSize + 1, 0), Status::malformed_message);
        EXPECT_EQ(relay.service->refusals(), 7U);
        co_await close(a);
        co_await close(relay);
    };
    run(io_, body());
}

TEST_F(RelayHostileTest, AFloodOfReservationsEndsAtTheLimitsAndLeavesOthersAlone) {
    auto options = unhurried();
    options.limits.reservations = 3;
    options.limits.reservation_rate_per_peer = {5, 1h};
    Relay relay(io_, options);
    std::vector<std::unique_ptr<RelayNode>> flood;
    for (int i = 0; i < 25; ++i) {
        flood.push_back(std::make_unique<RelayNode>(io_));
    }
    auto body = [&]() -> awaitable<void> {
        co_await relay.listen();
        int granted = 0;
        for (auto& node : flood) {
            auto connected = co_await node->host.connect(*relay.address);
            LIBP2P_CO_ASSERT_OK(connected);
            auto answer = co_await ask_hop(*node, relay.id(), encode(reserve_message()));
            LIBP2P_CO_ASSERT_OK(answer);
            granted += answer->status == Status::ok ? 1 : 0;
            if (answer->status != Status::ok) {
                EXPECT_EQ(answer->status, Status::resource_limit_exceeded);
            }
        }
        EXPECT_EQ(granted, 3);
        // One that stands is renewed, but not all the time.
        for (int i = 0; i < 4; ++i) {
            co_await expect_answer(*flood[0], relay, encode(reserve_message()), Status::ok);
        }
        co_await expect_answer(*flood[0], relay, encode(reserve_message()), Status::reservation_refused);
        EXPECT_EQ(relay.service->reservations().size(), 3U);
        LIBP2P_CO_ASSERT_TRUE(relay.last<relay::RequestRefused>() != nullptr);
        EXPECT_NE(
            relay.last<relay::RequestRefused>()->reason.find("relay.reservation_rate_per_peer"), std::string::npos
        );
        for (auto& node : flood) {
            co_await close(*node);
        }
        auto empty = [&] { return relay.service->reservations().empty(); };
        auto gone = co_await eventually(empty);
        EXPECT_TRUE(gone);
        co_await close(relay);
    };
    run(io_, body());
}

TEST_F(RelayHostileTest, CircuitsPastTheLimitOfAPeerAndOfAllAreRefused) {
    auto options = unhurried();
    options.limits.circuits = 3;
    options.limits.circuits_per_peer = 2;
    Relay relay(io_, options);
    RelayNode a(io_);
    RelayNode b(io_);
    RelayNode c(io_);
    RelayNode d(io_);
    auto body = [&]() -> awaitable<void> {
        co_await relay.listen();
        auto listening = co_await b.host.listen(relay.circuit());
        LIBP2P_CO_ASSERT_OK(listening);
        listening = co_await c.host.listen(relay.circuit());
        LIBP2P_CO_ASSERT_OK(listening);
        DialOptions fresh;
        fresh.fresh = true;
        for (int i = 0; i < 2; ++i) {
            auto connected = co_await a.host.connect(relay.circuit(b), fresh);
            LIBP2P_CO_ASSERT_OK(connected);
        }
        auto refused = co_await a.host.connect(relay.circuit(c), fresh);
        LIBP2P_CO_ASSERT_ERROR(refused, Errc::refused_by_remote);
        EXPECT_NE(refused.error().message().find("RESOURCE_LIMIT_EXCEEDED (201)"), std::string::npos);
        EXPECT_NE(relay.last<relay::RequestRefused>()->reason.find("relay.circuits_per_peer"), std::string::npos);
        auto third = co_await d.host.connect(relay.circuit(c), fresh);
        LIBP2P_CO_ASSERT_OK(third);
        refused = co_await d.host.connect(relay.circuit(c), fresh);
        LIBP2P_EXPECT_ERROR(refused, Errc::refused_by_remote);
        EXPECT_NE(relay.last<relay::RequestRefused>()->reason.find("3 circuits of 3"), std::string::npos);
        EXPECT_EQ(relay.service->circuits().size(), 3U);
        co_await close(a);
        co_await close(d);
        auto ended = [&] { return relay.service->circuits().empty(); };
        auto gone = co_await eventually(ended);
        EXPECT_TRUE(gone);
        co_await close(b);
        co_await close(c);
        co_await close(relay);
    };
    run(io_, body());
}

TEST_F(RelayHostileTest, NothingIsRelayedOverARelayedConnection) {
    Relay relay(io_, unhurried());
    Relay behind(io_, unhurried());
    RelayNode a(io_);
    auto body = [&]() -> awaitable<void> {
        co_await relay.listen();
        auto listening = co_await behind.host.listen(relay.circuit());
        LIBP2P_CO_ASSERT_OK(listening);
        auto connected = co_await a.host.connect(relay.circuit(behind));
        LIBP2P_CO_ASSERT_OK(connected);
        co_await expect_answer(a, behind, encode(reserve_message()), Status::permission_denied);
        co_await expect_answer(a, behind, encode(connect_message(relay.id())), Status::permission_denied);
        co_await close(a);
        co_await close(behind);
        co_await close(relay);
    };
    run(io_, body());
}

TEST_F(RelayHostileTest, TheFilterHasTheLastWord) {
    auto options = unhurried();
    const PeerId* banned = nullptr;
    options.filter.reserve = [&](const PeerId& peer, const Multiaddr&) { return banned == nullptr || peer != *banned; };
    options.filter.connect = [](const PeerId&, const PeerId&) -> bool { throw std::runtime_error("out of order"); };
    Relay relay(io_, options);
    RelayNode a(io_);
    RelayNode b(io_);
    auto body = [&]() -> awaitable<void> {
        banned = &a.id();
        co_await relay.listen();
        auto refused = co_await a.host.listen(relay.circuit());
        LIBP2P_CO_ASSERT_ERROR(refused, Errc::refused_by_remote);
        EXPECT_NE(refused.error().message().find("PERMISSION_DENIED (202)"), std::string::npos);
        auto listening = co_await b.host.listen(relay.circuit());
        LIBP2P_CO_ASSERT_OK(listening);
        auto connected = co_await a.host.connect(relay.circuit(b));
        LIBP2P_CO_ASSERT_ERROR(connected, Errc::refused_by_remote);
        EXPECT_NE(connected.error().message().find("PERMISSION_DENIED (202)"), std::string::npos);
        co_await close(a);
        co_await close(b);
        co_await close(relay);
    };
    run(io_, body());
}

TEST_F(RelayHostileTest, ADestinationThatRefusesOrFailsIsCONNECTIONFAILED) {
    Relay relay(io_, unhurried());
    RelayNode a(io_);
    RelayNode b(io_);
    auto body = [&]() -> awaitable<void> {
        co_await relay.listen();
        // b reserves, and serves no stop streams.
        auto connected = co_await b.host.connect(*relay.address);
        LIBP2P_CO_ASSERT_OK(connected);
        co_await expect_answer(b, relay, encode(reserve_message()), Status::ok);
        connected = co_await a.host.connect(relay.circuit(b));
        LIBP2P_CO_ASSERT_ERROR(connected, Errc::refused_by_remote);
        EXPECT_NE(connected.error().message().find("CONNECTION_FAILED (203)"), std::string::npos) << connected.error();
        EXPECT_TRUE(relay.service->circuits().empty());
        co_await close(a);
        co_await close(b);
        co_await close(relay);
    };
    run(io_, body());
}

TEST_F(RelayHostileTest, StopStreamsThatNobodyAskedForAreRefused) {
    Relay relay(io_, unhurried());
    RelayNode liar(io_);
    RelayNode b(io_);
    auto body = [&]() -> awaitable<void> {
        co_await relay.listen();
        auto listening = co_await b.host.listen(relay.circuit());
        LIBP2P_CO_ASSERT_OK(listening);
        auto bound = co_await b.host.listen(Multiaddr::parse("/ip4/127.0.0.1/tcp/0").value());
        auto connected = co_await liar.host.connect(bound.value().with_peer(b.id()));
        LIBP2P_CO_ASSERT_OK(connected);
        const auto ask = [&](Bytes octets) -> awaitable<result<relay::StopMessage>> {
            auto stream = co_await liar.host.open_stream(b.id(), ProtocolId(relay::kStopProtocol));
            if (!stream) {
                co_return stream.error();
            }
            auto sent = co_await write_delimited(**stream, octets);
            auto answer = co_await read_delimited(**stream, relay::kMaxMessageSize);
            if (!sent || !answer) {
                co_return Errc::stream_reset;
            }
            co_return relay::decode_stop_message(*answer).value();
        };
        relay::StopMessage message;
        message.type = relay::StopType::connect;
        message.peer.emplace();
        message.peer->id.assign(liar.id().bytes().begin(), liar.id().bytes().end());
        auto answer = co_await ask(encode(message));
        LIBP2P_CO_ASSERT_OK(answer);
        EXPECT_EQ(answer->status, Status::permission_denied);
        message.type = relay::StopType::status;
        answer = co_await ask(encode(message));
        LIBP2P_CO_ASSERT_OK(answer);
        EXPECT_EQ(answer->status, Status::unexpected_message);
        answer = co_await ask(Bytes(1, 0xff));
        LIBP2P_CO_ASSERT_OK(answer);
        EXPECT_EQ(answer->status, Status::malformed_message);
        co_await close(liar);
        co_await close(b);
        co_await close(relay);
    };
    run(io_, body());
}

TEST_F(RelayHostileTest, AVoucherThatIsNotRightIsNoReservation) {
    auto body = [&]() -> awaitable<void> {
        const auto honest = [](const Identity& relay, const PeerId& client) {
            return encode(grant(relay, relay.peer_id(), client, 1h));
        };
        auto outcome = co_await listen_at(io_, honest);
        LIBP2P_EXPECT_OK(outcome);
        const auto without = [](const Identity& relay, const PeerId& client) {
            auto message = grant(relay, relay.peer_id(), client, 1h);
            message.reservation->voucher.reset();
            return encode(message);
        };
        outcome = co_await listen_at(io_, without);
        LIBP2P_EXPECT_OK(outcome);
        const auto other = Identity::generate();
        const auto forged = [&](const Identity& relay, const PeerId& client) {
            return encode(grant(other, relay.peer_id(), client, 1h));
        };
        outcome = co_await listen_at(io_, forged);
        expect_error(outcome, Errc::invalid_signature, "but signed by " + other.peer_id().to_string());
        const auto of_another = [&](const Identity&, const PeerId& client) {
            return encode(grant(other, other.peer_id(), client, 1h));
        };
        outcome = co_await listen_at(io_, of_another);
        expect_error(outcome, Errc::invalid_signature, "of relay " + other.peer_id().to_string() + ", not of");
        const auto for_another = [&](const Identity& relay, const PeerId&) {
            return encode(grant(relay, relay.peer_id(), other.peer_id(), 1h));
        };
        outcome = co_await listen_at(io_, for_another);
        expect_error(outcome, Errc::invalid_signature, "for peer " + other.peer_id().to_string() + ", not for");
        const auto old_voucher = [&](const Identity& relay, const PeerId& client) {
            auto message = grant(relay, relay.peer_id(), client, -10s);
            *message.reservation->expire += 3600;
            return encode(message);
        };
        outcome = co_await listen_at(io_, old_voucher);
        expect_error(outcome, Errc::invalid_signature, "expired 1");
    };
    run(io_, body());
}

TEST_F(RelayHostileTest, AnswersThatAreNoneFailTheListenWithTheirWords) {
    auto body = [&]() -> awaitable<void> {
        const auto noise = [](const Identity&, const PeerId&) { return Bytes{0xff, 0xff}; };
        auto outcome = co_await listen_at(io_, noise);
        expect_error(outcome, Errc::protocol_violation, "no hop message");
        const auto echoed = [](const Identity&, const PeerId&) { return encode(reserve_message()); };
        outcome = co_await listen_at(io_, echoed);
        expect_error(outcome, Errc::protocol_violation, "no STATUS");
        const auto unknown = [](const Identity&, const PeerId&) {
            HopMessage message;
            message.type = relay::HopType::status;
            message.status = static_cast<Status>(299);
            return encode(message);
        };
        outcome = co_await listen_at(io_, unknown);
        expect_error(outcome, Errc::refused_by_remote, "answered status 299");
        const auto timeless = [](const Identity&, const PeerId&) {
            HopMessage message;
            message.type = relay::HopType::status;
            message.status = Status::ok;
            return encode(message);
        };
        outcome = co_await listen_at(io_, timeless);
        expect_error(outcome, Errc::protocol_violation, "without saying until when");
        const auto past = [](const Identity& relay, const PeerId& client) {
            auto message = grant(relay, relay.peer_id(), client, -10s);
            message.reservation->voucher.reset();
            return encode(message);
        };
        outcome = co_await listen_at(io_, past);
        expect_error(outcome, Errc::protocol_violation, "by this clock");
    };
    run(io_, body());
}

TEST_F(RelayHostileTest, CircuitsThatNobodyAcceptsAreBoundedAndPaidBack) {
    auto options = unhurried();
    options.limits.connect_timeout = 2s;
    Relay relay(io_, options);
    RelayNode b(io_);
    std::vector<std::unique_ptr<RelayNode>> flood;
    for (int i = 0; i < 3; ++i) {
        flood.push_back(std::make_unique<RelayNode>(io_));
    }
    auto body = [&]() -> awaitable<void> {
        co_await relay.listen();
        auto listening = co_await b.host.listen(relay.circuit());
        LIBP2P_CO_ASSERT_OK(listening);
        // Circuits that are opened and on which nothing is said: b waits for a handshake on each of them.
        std::vector<std::unique_ptr<Stream>> held;
        for (auto& node : flood) {
            auto connected = co_await node->host.connect(*relay.address);
            LIBP2P_CO_ASSERT_OK(connected);
            for (int i = 0; i < 30; ++i) {
                auto stream = co_await node->host.open_stream(relay.id(), ProtocolId(relay::kHopProtocol));
                LIBP2P_CO_ASSERT_OK(stream);
                auto sent = co_await write_delimited(**stream, encode(connect_message(b.id())));
                LIBP2P_CO_ASSERT_OK(sent);
                held.push_back(std::move(*stream));
            }
        }
        auto full = [&] { return relay.service->circuits().size() + relay.service->refusals() >= held.size(); };
        auto answered = co_await eventually(full);
        EXPECT_TRUE(answered) << relay.service->circuits().size() << " circuits";
        EXPECT_LE(relay.service->circuits().size(), relay.service->limits().circuits_per_peer);
        auto still = co_await b.host.identify(relay.id());
        LIBP2P_EXPECT_OK(still);
        held.clear();
        for (auto& node : flood) {
            co_await close(*node);
        }
        auto ended = [&] { return relay.service->circuits().empty(); };
        auto gone = co_await eventually(ended);
        EXPECT_TRUE(gone);
        co_await close(b);
        co_await close(relay);
    };
    run(io_, body());
}

TEST_F(RelayHostileTest, CancelledAtAnyPointADialLeavesNothing) {
    Relay relay(io_, unhurried());
    RelayNode b(io_);
    auto body = [&]() -> awaitable<void> {
        co_await relay.listen();
        auto listening = co_await b.host.listen(relay.circuit());
        LIBP2P_CO_ASSERT_OK(listening);
        for (int step = 0; step < 12; ++step) {
            RelayNode a(io_);
            DialOptions brief;
            brief.timeout = std::chrono::milliseconds(1 + step);
            auto connected = co_await a.host.connect(relay.circuit(b), brief);
            (void)connected;  // it may have been quick enough
            co_await close(a);
        }
        auto ended = [&] { return relay.service->circuits().empty() && b.host.connections().size() == 1; };
        auto gone = co_await eventually(ended);
        EXPECT_TRUE(gone);
        co_await close(b);
        co_await close(relay);
    };
    run(io_, body());
}

}  // namespace
}  // namespace libp2p::test
