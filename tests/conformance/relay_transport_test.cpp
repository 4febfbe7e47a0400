// SPDX-License-Identifier: MIT OR Apache-2.0
#include <libp2p/conformance/transport_suite.hpp>
#include <libp2p/host.hpp>
#include <libp2p/muxers.hpp>
#include <libp2p/protocols/relay_service.hpp>
#include <libp2p/security_protocols.hpp>
#include <libp2p/transports.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// The suite gives a transport services alone; a relayed connection needs hosts below it: the relay, and one for each
// side that reaches it. They are there while something of theirs is: a listener, a connection, a dial.
namespace {

using namespace libp2p;

/// What all sides share.
struct Place {
    std::shared_ptr<MemoryNetwork> network = make_memory_network();
    Identity relay = Identity::generate();
    std::weak_ptr<class RelayHost> standing;

    Multiaddr relay_address() const { return Multiaddr::parse("/memory/1001").value(); }
    std::string circuit() const { return "/memory/1001/p2p/" + relay.peer_id().to_string() + "/p2p-circuit"; }
};

void add_stack(Host& host, const Identity& identity, const Place& place) {
    auto& services = host.services();
    host.add_security(make_noise(identity));
    host.add_muxer(make_yamux(services.limits(), services.timeouts()));
    host.add_transport(make_memory_transport(services, place.network));
}

relay::RelayServiceOptions open_to_all() {
    relay::RelayServiceOptions options;
    options.limits = relay::carry_traffic();
    options.limits.circuits_per_peer = 1000;
    options.limits.circuit_rate_per_peer.count = 0;
    options.limits.reservation_rate_per_peer.count = 0;
    return options;
}

/// Identify has nothing to say here, and would make the loop wait for it.
HostOptions quiet() {
    HostOptions options;
    options.identify = false;
    options.timeouts.keep_alive = std::chrono::milliseconds(0);
    options.limits.peer = options.limits.system;
    return options;
}

class RelayHost {
public:
    RelayHost(asio::any_io_executor executor, const Place& place)
        : host_(std::move(executor), place.relay, quiet()), service_(host_, open_to_all()) {
        add_stack(host_, place.relay, place);
    }

    awaitable<result<void>> listen(const Place& place) {
        auto bound = co_await host_.listen(place.relay_address());
        if (!bound) {
            co_return bound.error();
        }
        co_return ok();
    }

private:
    Host host_;
    relay::RelayService service_;
};

/// A host below a relayed transport, whose connections are made and paid for by the suite's services.
class Below final : public HostServices {
public:
    Below(TransportServices& above, std::shared_ptr<RelayHost> relay, const Place& place)
        : above_(above), relay_(std::move(relay)), host_(above.executor(), above.identity(), quiet()) {
        add_stack(host_, above.identity(), place);
        transport_ = make_relay_transport(*this);
    }

    Transport& transport() const noexcept { return *transport_; }

    asio::any_io_executor executor() const noexcept override { return above_.executor(); }
    const Identity& identity() const noexcept override { return above_.identity(); }
    const Limits& limits() const noexcept override { return above_.limits(); }
    const Timeouts& timeouts() const noexcept override { return above_.timeouts(); }
    Upgrader& upgrader() noexcept override { return above_.upgrader(); }
    ConnectionId next_connection_id() noexcept override { return above_.next_connection_id(); }

    void handle(ProtocolId protocol, StreamHandler handler) override {
        below().handle(std::move(protocol), std::move(handler));
    }
    void unhandle(const ProtocolId& protocol) override { below().unhandle(protocol); }
    awaitable<result<PeerId>> connect(PeerId peer, std::vector<Multiaddr> addresses) override {
        return below().connect(std::move(peer), std::move(addresses));
    }
    awaitable<result<void>> connect_apart(PeerId peer, Multiaddr address) override {
        return below().connect_apart(std::move(peer), std::move(address));
    }
    awaitable<result<std::unique_ptr<Stream>>> open_stream(PeerId peer, ProtocolId protocol, OpenStreamOptions options)
        override {
        return below().open_stream(std::move(peer), std::move(protocol), options);
    }
    ConnectionManager& connection_manager() noexcept override { return host_.connection_manager(); }
    std::vector<std::shared_ptr<const ConnectionInfo>> infos(const PeerId& peer) const override {
        return host_.connections(peer);
    }
    result<EventSubscription> subscribe(std::size_t capacity) override { return host_.subscribe(capacity); }
    std::vector<Multiaddr> listen_addresses() const override { return {}; }
    void addresses_changed() override {}
    void spawn(awaitable<void> task) override { below().spawn(std::move(task)); }

private:
    HostServices& below() noexcept { return host_.services(); }

    TransportServices& above_;
    std::shared_ptr<RelayHost> relay_;  // shared by all sides: goes with the last
    Host host_;
    std::unique_ptr<Transport> transport_;
};

/// A connection, and the host that it runs through.
class Kept final : public Connection {
public:
    Kept(std::unique_ptr<Below> below, std::unique_ptr<Connection> connection)
        : Connection(connection->shared_info()), below_(std::move(below)), connection_(std::move(connection)) {}

    awaitable<Error> run() override { return connection_->run(); }
    awaitable<result<std::unique_ptr<Stream>>> open_stream() override { return connection_->open_stream(); }
    bool can_open_stream() const noexcept override { return connection_->can_open_stream(); }
    awaitable<result<std::unique_ptr<Stream>>> accept_stream() override { return connection_->accept_stream(); }
    awaitable<result<void>> close(ConnectionErrorCode code) override { return connection_->close(code); }
    void abort(ConnectionErrorCode code) noexcept override { connection_->abort(code); }
    ConnectionErrorCode remote_error() const noexcept override { return connection_->remote_error(); }
    std::size_t stream_count() const noexcept override { return connection_->stream_count(); }
    std::chrono::nanoseconds round_trip() const noexcept override { return connection_->round_trip(); }

private:
    std::unique_ptr<Below> below_;
    std::unique_ptr<Connection> connection_;
};

class KeptListener final : public Listener {
public:
    KeptListener(std::unique_ptr<Below> below, std::unique_ptr<Listener> listener)
        : below_(std::move(below)), listener_(std::move(listener)) {}

    const Multiaddr& address() const noexcept override { return listener_->address(); }
    std::vector<Multiaddr> addresses() const override { return listener_->addresses(); }
    awaitable<result<std::unique_ptr<InboundConnection>>> accept() override { return listener_->accept(); }
    void close() noexcept override { listener_->close(); }

private:
    std::unique_ptr<Below> below_;
    std::unique_ptr<Listener> listener_;
};

class OverRelay final : public Transport {
public:
    OverRelay(TransportServices& services, std::shared_ptr<Place> place)
        : services_(services), place_(std::move(place)), plain_(services, nullptr, *place_) {}

    std::string_view name() const noexcept override { return plain_.transport().name(); }
    bool can_dial(const Multiaddr& address) const noexcept override { return transport().can_dial(address); }
    bool can_listen(const Multiaddr& address) const noexcept override { return transport().can_listen(address); }
    bool uses_descriptor(Direction direction) const noexcept override { return transport().uses_descriptor(direction); }

    awaitable<result<std::unique_ptr<Connection>>> dial(Multiaddr address, PeerId expected, ConnectionScope& scope)
        override {
        auto below = co_await make_below();
        if (!below) {
            co_return below.error();
        }
        auto dialled = co_await (*below)->transport().dial(std::move(address), std::move(expected), scope);
        if (!dialled) {
            co_return dialled.error();
        }
        co_return std::make_unique<Kept>(std::move(*below), std::move(*dialled));
    }

    awaitable<result<std::unique_ptr<Listener>>> listen(Multiaddr address) override {
        auto below = co_await make_below();
        if (!below) {
            co_return below.error();
        }
        auto listener = co_await (*below)->transport().listen(std::move(address));
        if (!listener) {
            co_return listener.error();
        }
        co_return std::make_unique<KeptListener>(std::move(*below), std::move(*listener));
    }

private:
    const Transport& transport() const noexcept { return plain_.transport(); }

    awaitable<result<std::unique_ptr<Below>>> make_below() {
        auto relay = place_->standing.lock();
        if (!relay) {
            relay = std::make_shared<RelayHost>(services_.executor(), *place_);
            place_->standing = relay;
            auto listening = co_await relay->listen(*place_);
            if (!listening) {
                co_return listening.error();
            }
        }
        co_return std::make_unique<Below>(services_, std::move(relay), *place_);
    }

    TransportServices& services_;
    std::shared_ptr<Place> place_;
    Below plain_;
};

conformance::TransportProvider relayed() {
    auto place = std::make_shared<Place>();
    conformance::TransportProvider provider;
    provider.name = "relay";
    provider.make = [place](TransportServices& services) { return std::make_unique<OverRelay>(services, place); };
    provider.security = make_noise;
    provider.muxer = make_yamux;
    provider.listen_address = place->circuit();
    provider.refused_address = "/memory/4711/p2p/" + Identity::generate().peer_id().to_string() + "/p2p-circuit";
    provider.foreign_addresses = {
        "/ip4/127.0.0.1/tcp/1",
        "/memory/1",
        "/ip4/127.0.0.1/tcp/1/p2p-circuit",
        place->circuit() + "/webrtc",
        place->circuit() + "/p2p/" + place->relay.peer_id().to_string() + "/p2p-circuit",
    };
    provider.reached_by_peer = true;
    return provider;
}

INSTANTIATE_TEST_SUITE_P(Relay, TransportSuite, testing::Values(relayed()), conformance::name_of);

}  // namespace
