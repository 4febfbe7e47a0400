// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/dns/resolver.hpp"
#include "libp2p/swarm/connection_table.hpp"
#include "libp2p/swarm/dialer.hpp"
#include "libp2p/swarm/protocol_registry.hpp"

#include <libp2p/host.hpp>
#include <libp2p/tasks.hpp>
#include <libp2p/upgrader.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace libp2p::swarm {

/// Owns transports, listeners and connections, and the tasks that run them: everything of a host but identify.
class Swarm final : public HostServices, private DialContext {
public:
    /// Runs next to each new connection, and is cancelled with it.
    using ConnectionHook = std::function<awaitable<void>(ConnectionPtr)>;

    Swarm(asio::any_io_executor executor, Identity identity, HostOptions options);

    /// `owner` is kept alive by every task.
    void set_owner(std::weak_ptr<void> owner) { owner_ = std::move(owner); }
    void set_connection_hook(ConnectionHook hook) { hook_ = std::move(hook); }

    /// Called when what identify tells has changed: addresses or protocols.
    void set_change_hook(std::function<void()> hook) { changed_ = std::move(hook); }

    // TransportServices
    asio::any_io_executor executor() const noexcept override { return executor_; }
    const Identity& identity() const noexcept override { return identity_; }
    const Limits& limits() const noexcept override { return options_.limits; }
    const Timeouts& timeouts() const noexcept override { return options_.timeouts; }
    Upgrader& upgrader() noexcept override { return upgrader_; }
    ConnectionId next_connection_id() noexcept override { return ConnectionId{++last_connection_id_}; }

    // HostServices
    void handle(ProtocolId protocol, StreamHandler handler) override;
    void unhandle(const ProtocolId& protocol) override;
    awaitable<result<PeerId>> connect(PeerId peer, std::vector<Multiaddr> addresses) override;
    awaitable<result<void>> connect_apart(PeerId peer, Multiaddr address) override;
    awaitable<result<std::unique_ptr<Stream>>> open_stream(PeerId peer, ProtocolId protocol, OpenStreamOptions options)
        override;
    ConnectionManager& connection_manager() noexcept override { return manager_; }
    std::vector<std::shared_ptr<const ConnectionInfo>> infos(const PeerId& peer) const override {
        return infos_of(connections_.with(peer));
    }
    result<EventSubscription> subscribe(std::size_t capacity) override { return events_.subscribe(capacity); }
    std::vector<Multiaddr> listen_addresses() const override;
    void addresses_changed() override { tell_change(); }
    void spawn(awaitable<void> task) override { tasks_.spawn(std::move(task), owner_.lock()); }

    void handle(ProtocolId name, ProtocolMatcher matcher, StreamHandler handler);

    void add_transport(std::unique_ptr<Transport> transport);

    awaitable<result<Multiaddr>> listen(Multiaddr address);

    /// A standing connection, unless `options.fresh`; else a dial. A limited one counts where `addresses` and what is
    /// known of the peer lead to nothing better.
    awaitable<result<ConnectionPtr>> connect(PeerId peer, std::vector<Multiaddr> addresses, DialOptions options);

    awaitable<result<std::unique_ptr<Stream>>> open_stream(
        PeerId peer, std::vector<ProtocolId> protocols, OpenStreamOptions options
    );
    awaitable<result<std::unique_ptr<Stream>>> open_stream_on(
        ConnectionPtr connection, std::vector<ProtocolId> protocols, std::chrono::milliseconds timeout
    );

    awaitable<void> disconnect(PeerId peer);
    const ConnectionTable& connections() const noexcept { return connections_; }

    awaitable<void> close();

    /// Ends everything without waiting; tasks unwind when the executor runs next.
    void abort() noexcept;

    bool is_closing() const noexcept { return closing_; }
    const HostOptions& options() const noexcept { return options_; }
    ProtocolRegistry& registry() noexcept { return registry_; }
    EventBus& events() noexcept { return events_; }
    PeerStore& peer_store() noexcept { return peer_store_; }
    ResourceManager& resources() noexcept override { return resources_; }

private:
    // DialContext
    Transport* transport_for(const Multiaddr& address) const noexcept override;
    result<ConnectionPtr> adopt(std::unique_ptr<Connection> connection, ConnectionScope scope) override;
    ConnectionPtr standing(const PeerId& peer) const override { return connections_.usable(peer, false); }
    TransportServices& services() noexcept override { return *this; }
    const ConnectionGater& gater() const noexcept override { return options_.gater; }
    dns::Resolver& resolver() noexcept override { return resolver_; }

    void tell_change() const;

    awaitable<void> serve_listener(std::shared_ptr<Listener> listener, bool uses_descriptor);
    awaitable<void> upgrade_inbound(
        std::unique_ptr<InboundConnection> inbound, ConnectionScope scope, std::shared_ptr<Deadline> deadline
    );
    void adopt_inbound(const Multiaddr& remote, result<std::unique_ptr<Connection>> connection, ConnectionScope scope);
    awaitable<void> run_connection(ConnectionPtr connection);
    awaitable<void> accept_streams(ConnectionPtr connection, TaskScope& handlers);
    awaitable<void> serve_stream(ConnectionPtr connection, std::unique_ptr<Stream> stream, NegotiationPlace place);
    awaitable<void> close_connection(ConnectionPtr connection, ConnectionErrorCode code);
    awaitable<void> trim_connections();
    awaitable<void> release_relayed(ConnectionId id);

    std::shared_ptr<const StreamHandler> begin_handling(
        const ManagedConnection& connection, Stream& stream, result<ProtocolId> agreed
    );
    void announce(const ManagedConnection& connection, const Stream& stream);
    void connection_started(const ConnectionPtr& connection);
    void connection_ended(const ConnectionPtr& connection, const Error& reason);

    asio::any_io_executor executor_;
    Identity identity_;
    HostOptions options_;
    std::weak_ptr<void> owner_;
    ConnectionHook hook_;
    std::function<void()> changed_;

    ResourceManager resources_;
    ConnectionManager manager_;
    EventBus events_;
    PeerStore peer_store_;
    ProtocolRegistry registry_;
    Upgrader upgrader_;
    dns::Resolver resolver_;
    std::vector<std::unique_ptr<Transport>> transports_;
    std::vector<std::shared_ptr<Listener>> listeners_;  // shared with the task that accepts from it
    ConnectionTable connections_;
    std::uint64_t last_connection_id_ = 0;
    bool closing_ = false;
    bool trimming_ = false;
    TaskScope tasks_;
    Dialer dialer_;
};

}  // namespace libp2p::swarm
