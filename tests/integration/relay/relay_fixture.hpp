// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "proto/relay_message.hpp"
#include "tests/integration/relay/relay_node.hpp"

#include <libp2p/conformance/co_assert.hpp>
#include <libp2p/conformance/loop.hpp>
#include <libp2p/protocols/relay_service.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What the tests of relays share.
namespace libp2p::test {

/// A host that relays, on a free port.
struct Relay : RelayNode {
    explicit Relay(asio::io_context& io, relay::RelayServiceOptions options = {})
        : RelayNode(io), service(std::in_place, host, std::move(options)) {
        service->on_event([this](const relay::RelayEvent& event) { events.push_back(event); });
    }

    awaitable<void> listen() {
        auto bound = co_await host.listen(Multiaddr::parse("/ip4/127.0.0.1/tcp/0").value());
        address = bound.value().with_peer(id());
    }

    /// Where `peer` is reached through this relay; without a peer, where to listen.
    Multiaddr circuit() const {
        const auto component = Multiaddr::parse("/p2p-circuit").value();
        return address->encapsulate(component).value();
    }
    Multiaddr circuit(const RelayNode& to) const { return circuit().with_peer(to.id()); }

    template <class Kind>
    std::size_t count() const {
        std::size_t found = 0;
        for (const auto& event : events) {
            found += std::holds_alternative<Kind>(event) ? 1 : 0;
        }
        return found;
    }

    template <class Kind>
    const Kind* last() const {
        for (auto event = events.rbegin(); event != events.rend(); ++event) {
            if (const auto* kind = std::get_if<Kind>(&*event)) {
                return kind;
            }
        }
        return nullptr;
    }

    std::optional<relay::RelayService> service;
    std::optional<Multiaddr> address;  ///< with /p2p
    std::vector<relay::RelayEvent> events;
};

inline awaitable<void> close(RelayNode& node) {
    co_await node.host.close();
    EXPECT_TRUE(node.host.resources().system_usage().is_zero());
}

/// Sends `text` over an echo stream to `to` and returns what comes back.
inline awaitable<result<std::string>> echo_through(RelayNode& from, PeerId to, std::string text) {
    OpenStreamOptions options;
    options.allow_limited = true;
    auto stream = co_await from.host.open_stream(std::move(to), ProtocolId(echo::kProtocol), options);
    if (!stream) {
        co_return stream.error();
    }
    auto sent = co_await write(**stream, as_bytes(text));
    if (sent) {
        sent = co_await (*stream)->close_write();
    }
    if (!sent) {
        co_return sent.error();
    }
    std::string answer;
    Bytes buffer(64 * 1024);
    for (;;) {
        auto got = co_await (*stream)->read_some(buffer);
        if (!got && got.error() == asio::error::make_error_code(asio::error::eof)) {
            co_return answer;
        }
        if (!got) {
            co_return got.error();
        }
        answer.append(as_text(ByteView(buffer).first(*got)));
    }
}

/// Says `octets` on a new hop stream, and returns the answer.
inline awaitable<result<relay::HopMessage>> ask_hop(RelayNode& from, PeerId relay, Bytes octets) {
    auto stream = co_await from.host.open_stream(std::move(relay), ProtocolId(relay::kHopProtocol));
    if (!stream) {
        co_return stream.error();
    }
    (*stream)->expires_after(20s);
    auto sent = co_await write_delimited(**stream, octets);
    if (!sent) {
        co_return sent.error();
    }
    auto answer = co_await read_delimited(**stream, relay::kMaxMessageSize);
    if (!answer) {
        co_return answer.error();
    }
    const auto message = relay::decode_hop_message(*answer);
    if (!message) {
        co_return Error(Errc::protocol_violation, message.error().message());
    }
    co_return *message;
}

inline relay::HopMessage reserve_message() {
    relay::HopMessage message;
    message.type = relay::HopType::reserve;
    return message;
}

inline relay::HopMessage connect_message(const PeerId& to) {
    relay::HopMessage message;
    message.type = relay::HopType::connect;
    message.peer.emplace();
    message.peer->id.assign(to.bytes().begin(), to.bytes().end());
    return message;
}

/// Limits that a test on a slow machine does not meet by accident.
inline relay::RelayServiceOptions unhurried(relay::RelayLimits limits = relay::carry_traffic()) {
    limits.reservation_rate_per_peer.count = 0;
    limits.circuit_rate_per_peer.count = 0;
    relay::RelayServiceOptions options;
    options.limits = limits;
    return options;
}

class RelayTest : public testing::Test {
protected:
    asio::io_context io_{1};
};

}  // namespace libp2p::test
