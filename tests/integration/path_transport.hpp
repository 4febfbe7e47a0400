// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/memory/memory_network.hpp"

#include <libp2p/host_services.hpp>
#include <libp2p/upgrader.hpp>

#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace libp2p::test {

/// `/memory/N/p2p/RELAY/p2p-circuit` and the same with `/webrtc`: connections that look as if they led over a relay,
/// the former under its limit, between hosts of one memory network.
class PathTransport final : public Transport {
public:
    /// Awaited at the beginning of each dial, which fails as it does.
    using BeforeDial = std::function<awaitable<result<void>>(Multiaddr address, PeerId expected)>;

    PathTransport(HostServices& services, std::shared_ptr<MemoryNetwork> network)
        : services_(services), network_(std::move(network)) {}

    BeforeDial before_dial;

    /// Whether the relays that it seems to use have limits.
    bool has_limits = true;

    /// What its listeners say of themselves.
    std::vector<Multiaddr> listener_addresses;

    std::string_view name() const noexcept override { return "path"; }
    bool can_dial(const Multiaddr& address) const noexcept override { return address.has(Protocol::p2p_circuit); }
    bool can_listen(const Multiaddr& address) const noexcept override { return can_dial(address); }
    bool uses_descriptor(Direction) const noexcept override { return false; }

    awaitable<result<std::unique_ptr<Connection>>> dial(Multiaddr address, PeerId expected, ConnectionScope& scope)
        override {
        if (before_dial) {
            auto ready = co_await before_dial(address, expected);
            if (!ready) {
                co_return ready.error();
            }
        }
        const auto from = network_->next_free_number();
        auto pipe = network_->connect(services_.executor(), from, number_of(address));
        if (!pipe) {
            co_return pipe.error();
        }
        auto request = request_for(Direction::outbound, memory::to_multiaddr(from), address);
        request.expected_peer = std::move(expected);
        auto upgraded = co_await services_.upgrader().upgrade(std::move(*pipe), std::move(request), scope);
        co_return upgraded;
    }

    awaitable<result<std::unique_ptr<libp2p::Listener>>> listen(Multiaddr address) override {
        auto door = MemoryNetwork::bind(network_, services_.executor(), number_of(address));
        if (!door) {
            co_return door.error();
        }
        co_return std::make_unique<Listener>(*this, std::move(*door), std::move(address));
    }

private:
    class Inbound final : public InboundConnection {
    public:
        Inbound(PathTransport& transport, std::unique_ptr<ByteStream> raw, Multiaddr local)
            : transport_(transport), raw_(std::move(raw)), remote_(std::move(local)) {}

        const Multiaddr& remote_address() const noexcept override { return remote_; }

        awaitable<result<std::unique_ptr<Connection>>> upgrade(ConnectionScope& scope) override {
            auto request = transport_.request_for(Direction::inbound, remote_, remote_);
            return transport_.services_.upgrader().upgrade(std::move(raw_), std::move(request), scope);
        }

    private:
        PathTransport& transport_;
        std::unique_ptr<ByteStream> raw_;
        Multiaddr remote_;
    };

    class Listener final : public libp2p::Listener {
    public:
        Listener(PathTransport& transport, std::unique_ptr<MemoryNetwork::Door> door, Multiaddr address)
            : transport_(transport), door_(std::move(door)), address_(std::move(address)) {}

        const Multiaddr& address() const noexcept override { return address_; }
        std::vector<Multiaddr> addresses() const override { return transport_.listener_addresses; }

        awaitable<result<std::unique_ptr<InboundConnection>>> accept() override {
            while (door_ && door_->arrivals().empty()) {
                auto interrupted = co_await door_->bell().wait();
                if (interrupted) {
                    break;
                }
            }
            if (!door_ || door_->arrivals().empty()) {
                co_return Errc::shut_down;
            }
            auto arrival = std::move(door_->arrivals().front());
            door_->arrivals().pop_front();
            co_return std::make_unique<Inbound>(transport_, std::move(arrival.stream), address_);
        }

        void close() noexcept override { door_.reset(); }

    private:
        PathTransport& transport_;
        std::unique_ptr<MemoryNetwork::Door> door_;
        Multiaddr address_;
    };

    static std::uint64_t number_of(const Multiaddr& address) {
        const auto head = *address.components().begin();
        return memory::number_of(Multiaddr::from_bytes(head.bytes()).value()).value();
    }

    UpgradeRequest request_for(Direction direction, Multiaddr local, Multiaddr remote) {
        const bool is_limited = has_limits && !remote.has(Protocol::webrtc);
        UpgradeRequest request(
            direction, services_.next_connection_id(), name(), std::move(local), std::move(remote), std::nullopt
        );
        request.limited = is_limited;
        return request;
    }

    HostServices& services_;
    std::shared_ptr<MemoryNetwork> network_;  // shared by the transports of its hosts
};

}  // namespace libp2p::test
