// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/swarm/swarm.hpp"

#include "libp2p/swarm/address_scope.hpp"
#include "libp2p/swarm/gate.hpp"

#include <libp2p/log.hpp>
#include <libp2p/timeout.hpp>

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace libp2p::swarm {
namespace {

const Logger log("swarm");

/// How long a listener waits after there was no memory for a connection.
constexpr std::chrono::milliseconds kMemoryPause{100};

}  // namespace

Swarm::Swarm(asio::any_io_executor executor, Identity identity, HostOptions options)
    : executor_(executor),
      identity_(std::move(identity)),
      options_(std::move(options)),
      resources_(options_.limits),
      manager_(options_.connection_manager, options_.limits),
      events_(executor, options_.limits.subscriptions),
      peer_store_(options_.limits),
      resolver_(executor, options_.timeouts.resolve, options_.dns_servers),
      tasks_(executor),
      dialer_(*this, tasks_) {}

void Swarm::add_transport(std::unique_ptr<Transport> transport) {
    transports_.push_back(std::move(transport));
}

// --- listening

awaitable<result<Multiaddr>> Swarm::listen(Multiaddr address) {
    if (closing_) {
        co_return Errc::shut_down;
    }
    auto able = std::find_if(transports_.begin(), transports_.end(), [&](const auto& transport) {
        return transport->can_listen(address);
    });
    if (able == transports_.end()) {
        co_return Error(Errc::unsupported_address, "cannot listen on " + address.to_string());
    }
    auto* transport = able->get();
    auto bound = co_await transport->listen(std::move(address));
    if (!bound) {
        co_return bound.error();
    }
    std::shared_ptr<Listener> listener = std::move(*bound);
    listeners_.push_back(listener);
    log.info("listening", {{"address", listener->address()}});
    spawn(serve_listener(listener, transport->uses_descriptor(Direction::inbound)));
    tell_change();
    co_return listener->address();
}

std::vector<Multiaddr> Swarm::listen_addresses() const {
    std::vector<Multiaddr> addresses;
    for (const auto& listener : listeners_) {
        for (const auto& bound : listener->addresses()) {
            for (auto& address : expand_wildcard(bound)) {
                if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
                    addresses.push_back(std::move(address));
                }
            }
        }
    }
    return addresses;
}

void Swarm::tell_change() const {
    if (changed_) {
        changed_();
    }
}

// --- protocols

void Swarm::handle(ProtocolId protocol, StreamHandler handler) {
    registry_.add(std::move(protocol), std::move(handler));
    tell_change();
}

void Swarm::handle(ProtocolId name, ProtocolMatcher matcher, StreamHandler handler) {
    registry_.add(std::move(name), std::move(matcher), std::move(handler));
    tell_change();
}

void Swarm::unhandle(const ProtocolId& protocol) {
    if (registry_.remove(protocol)) {
        tell_change();
    }
}

awaitable<void> Swarm::serve_listener(std::shared_ptr<Listener> listener, bool uses_descriptor) {
    asio::steady_timer pause(executor_);
    for (;;) {
        try {
            auto inbound = co_await listener->accept();
            if (!inbound) {
                break;
            }
            const auto& remote = (*inbound)->remote_address();
            if (!passes(options_.gater.accept, remote)) {
                log.debug("inbound.gated", {{"remote", remote}});
                continue;
            }
            const bool is_proven = (*inbound)->is_address_proven();
            auto scope = resources_.open_connection(Direction::inbound, uses_descriptor, remote, is_proven);
            if (!scope) {
                log.debug("inbound.refused", {{"remote", remote}, {"error", scope.error()}});
                continue;
            }
            auto deadline = std::make_shared<Deadline>(executor_, Clock::now() + options_.timeouts.upgrade);
            auto task = upgrade_inbound(std::move(*inbound), std::move(*scope), deadline);
            tasks_.spawn_until(deadline, std::move(task), owner_.lock());
            continue;
        } catch (const std::bad_alloc&) {
            // That connection is lost; those to come are not.
            pause.expires_after(kMemoryPause);
        }
        (void)co_await pause.async_wait(as_result);
    }
    std::erase(listeners_, listener);
}

/// Ends at `deadline`, which a newer connection may bring forward. Kept small: crowds come to say nothing.
awaitable<void> Swarm::upgrade_inbound(
    std::unique_ptr<InboundConnection> inbound, ConnectionScope scope, std::shared_ptr<Deadline> deadline
) {
    scope.on_evict([deadline] { deadline->expire(); });
    auto connection = co_await inbound->upgrade(scope);
    scope.on_evict(nullptr);
    if (deadline->has_passed()) {
        const auto why = scope.is_evicted() ? "gave way to a newer one" : "timed out";
        connection = Error(Errc::connection_closed, why);
    }
    adopt_inbound(inbound->remote_address(), std::move(connection), std::move(scope));
}

/// No coroutine: what logging takes would be in its frame all the time.
void Swarm::adopt_inbound(
    const Multiaddr& remote, result<std::unique_ptr<Connection>> connection, ConnectionScope scope
) {
    if (!connection) {
        log.debug("inbound.failed", {{"remote", remote}, {"error", connection.error()}});
        return;
    }
    auto adopted = adopt(std::move(*connection), std::move(scope));
    if (!adopted) {
        log.debug("inbound.refused", {{"remote", remote}, {"error", adopted.error()}});
    }
}

// --- connections

awaitable<result<ConnectionPtr>> Swarm::connect(PeerId peer, std::vector<Multiaddr> addresses, DialOptions options) {
    if (closing_) {
        co_return Errc::shut_down;
    }
    if (peer == identity_.peer_id()) {
        co_return Error(Errc::invalid_address, "dialling oneself, " + peer.to_string());
    }
    if (!options.fresh) {
        if (auto standing = connections_.usable(peer, false)) {
            co_return standing;
        }
    }
    auto known = peer_store_.addresses(peer, Clock::now());
    addresses.insert(addresses.end(), known.begin(), known.end());
    if (!options.fresh && std::all_of(addresses.begin(), addresses.end(), is_circuit)) {
        if (auto limited = connections_.usable(peer, true)) {
            co_return limited;
        }
    }
    auto dialled = co_await dialer_.dial(std::move(peer), std::move(addresses), options, owner_.lock());
    co_return dialled;
}

awaitable<result<PeerId>> Swarm::connect(PeerId peer, std::vector<Multiaddr> addresses) {
    DialOptions options;
    auto connection = co_await connect(std::move(peer), std::move(addresses), options);
    if (!connection) {
        co_return connection.error();
    }
    co_return (*connection)->info().peer;
}

awaitable<result<void>> Swarm::connect_apart(PeerId peer, Multiaddr address) {
    if (closing_) {
        co_return Errc::shut_down;
    }
    if (connections_.usable(peer, true)) {
        co_return ok();
    }
    DialOptions apart;
    apart.fresh = true;
    std::vector<Multiaddr> addresses{std::move(address)};
    auto dialled = co_await dialer_.dial(std::move(peer), std::move(addresses), apart, owner_.lock());
    if (!dialled) {
        co_return dialled.error();
    }
    co_return ok();
}

Transport* Swarm::transport_for(const Multiaddr& address) const noexcept {
    for (const auto& transport : transports_) {
        if (transport->can_dial(address)) {
            return transport.get();
        }
    }
    return nullptr;
}

result<ConnectionPtr> Swarm::adopt(std::unique_ptr<Connection> connection, ConnectionScope scope) {
    if (closing_) {
        connection->abort(ConnectionErrorCode::shut_down);
        return Error(Errc::shut_down);
    }
    if (!passes(options_.gater.secured, connection->info())) {
        connection->abort(ConnectionErrorCode::gated);
        return Error(Errc::gated, "peer " + connection->info().peer.to_string());
    }
    auto managed = std::make_shared<ManagedConnection>(executor_, std::move(connection), std::move(scope));
    try {
        connection_started(managed);
        spawn(run_connection(managed));
    } catch (...) {
        // A connection that nobody runs must not stand in the tables.
        managed->ended = true;
        connection_ended(managed, Error(asio::error::make_error_code(asio::error::no_memory)));
        throw;
    }
    return managed;
}

awaitable<void> Swarm::run_connection(ConnectionPtr connection) {
    // However this ends, the connection leaves the tables before its handlers are waited for.
    struct Ending {
        Swarm& swarm;
        const ConnectionPtr& connection;
        Error reason = asio::error::make_error_code(asio::error::operation_aborted);
        ~Ending() { end(); }
        void end() {
            if (!connection->ended) {
                connection->ended = true;
                swarm.connection_ended(connection, reason);
            }
        }
    };
    Ending ending{*this, connection};
    auto body = [&](TaskScope& handlers) -> awaitable<void> {
        handlers.spawn(accept_streams(connection, handlers));
        if (hook_) {
            handlers.spawn(hook_(connection));
        }
        ending.reason = co_await connection->connection->run();
        ending.end();
        co_await handlers.join();
    };
    co_await with_tasks(body);
}

void Swarm::connection_started(const ConnectionPtr& connection) {
    const auto& info = connection->info();
    connection->hold.emplace(peer_store_, info.peer);
    const bool is_first = connections_.add(connection);
    log.debug(
        "connected",
        {{"peer", info.peer},
         {"remote", info.remote_address},
         {"transport", info.transport},
         {"limited", info.limited},
         {"inbound", info.direction == Direction::inbound}}
    );
    std::weak_ptr<ManagedConnection> weak = connection;
    manager_.add(info.id, info.peer, info.direction, Clock::now(), [weak] {
        ConnectionManager::Activity activity;
        if (auto managed = weak.lock()) {
            activity.streams = managed->connection->stream_count();
            activity.last = managed->last_stream;
            activity.half_open = managed->identifying;
        }
        return activity;
    });
    events_.publish(ConnectionOpened{connection->connection->shared_info()});
    if (is_first) {
        events_.publish(PeerConnected{info.peer});
    }
    if (!is_first && worth(connections_.best(info.peer)) == Worth::direct) {
        for (const auto& sibling : connections_.with(info.peer)) {
            if (worth(sibling) != Worth::direct && !std::exchange(sibling->releasing, true)) {
                spawn(release_relayed(sibling->info().id));
            }
        }
    }
    if (!trimming_ && manager_.size() > manager_.high_water()) {
        trimming_ = true;
        spawn(trim_connections());
    }
}

void Swarm::connection_ended(const ConnectionPtr& connection, const Error& reason) {
    const auto& info = connection->info();
    connection->closing = true;
    manager_.remove(info.id);
    const bool was_last = connections_.remove(connection);
    log.debug("disconnected", {{"peer", info.peer}, {"remote", info.remote_address}, {"reason", reason}});
    const auto code = connection->connection->remote_error();
    events_.publish(ConnectionClosed{connection->connection->shared_info(), reason, code});
    if (was_last) {
        events_.publish(PeerDisconnected{info.peer, reason, code});
    }
    connection->hold.reset();
    connection->identity_memory.reset();
    connection->scope.reset();  // streams that are still served pay for themselves
}

awaitable<void> Swarm::close_connection(ConnectionPtr connection, ConnectionErrorCode code) {
    connection->closing = true;
    auto said = co_await with_timeout(options_.timeouts.close, connection->connection->close(code));
    if (!said) {
        connection->connection->abort(code);
    }
}

awaitable<void> Swarm::disconnect(PeerId peer) {
    auto closing = connections_.with(peer);
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        for (auto& connection : closing) {
            tasks.spawn(close_connection(connection, ConnectionErrorCode::none));
        }
        co_await tasks.join();
    };
    co_await with_tasks(body);
}

awaitable<void> Swarm::trim_connections() {
    struct Ending {
        bool& trimming;
        ~Ending() { trimming = false; }
    };
    Ending ending{trimming_};
    while (manager_.size() > manager_.high_water()) {
        auto victims = manager_.victims(Clock::now());
        for (auto id : victims) {
            auto victim = connections_.find(id);
            if (!victim) {
                continue;
            }
            log.info("trimmed", {{"peer", victim->info().peer}});
            spawn(close_connection(std::move(victim), ConnectionErrorCode::garbage_collected));
        }
        asio::steady_timer silence(executor_, options_.connection_manager.silence_period);
        auto [ec] = co_await silence.async_wait(as_result);
        if (ec) {
            co_return;
        }
    }
}

/// A connection through a relay has done its work once a direct one stands; what still runs on it may end, and what was
/// begun on it may still be under way at the remote.
awaitable<void> Swarm::release_relayed(ConnectionId id) {
    asio::steady_timer pause(executor_);
    for (;;) {
        pause.expires_after(options_.timeouts.release_relayed);
        auto [interrupted] = co_await pause.async_wait(as_result);
        auto relayed = connections_.find(id);
        if (interrupted || !relayed || relayed->closing) {
            co_return;
        }
        if (worth(connections_.best(relayed->info().peer)) != Worth::direct) {
            relayed->releasing = false;
            co_return;
        }
        if (relayed->connection->stream_count() == 0) {
            log.debug("relayed.released", {{"peer", relayed->info().peer}, {"remote", relayed->info().remote_address}});
            co_await close_connection(std::move(relayed), ConnectionErrorCode::none);
            co_return;
        }
    }
}

// --- the end

awaitable<void> Swarm::close() {
    // Who is cancelled here gives up on saying goodbye, not on joining.
    bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    closing_ = true;
    for (auto& listener : listeners_) {
        listener->close();
    }
    auto body = [&](TaskScope& goodbyes) -> awaitable<void> {
        for (auto& connection : connections_.all()) {
            goodbyes.spawn(close_connection(connection, ConnectionErrorCode::shut_down));
        }
        co_await goodbyes.join();
    };
    co_await with_tasks(body);
    tasks_.cancel();
    try {
        co_await tasks_.join();
    } catch (const std::exception& failure) {
        log.error("task.failed", {{"what", failure.what()}});  // its connection or dial has ended with it
    }
    resolver_.cancel();
    events_.close();
    co_await asio::this_coro::throw_if_cancelled(throws);
}

void Swarm::abort() noexcept {
    closing_ = true;
    for (auto& listener : listeners_) {
        listener->close();
    }
    for (const auto& [id, connection] : connections_.by_id()) {
        connection->connection->abort(ConnectionErrorCode::none);  // its task takes it from the table, later
    }
    tasks_.cancel();
    events_.close();
}

}  // namespace libp2p::swarm
