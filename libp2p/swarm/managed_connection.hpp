// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/buffers/memory_account.hpp"

#include <libp2p/connection.hpp>
#include <libp2p/identify_info.hpp>
#include <libp2p/peer_store.hpp>
#include <libp2p/resource_manager.hpp>
#include <libp2p/waiter.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

namespace libp2p::swarm {

/// Keeps what is known of a peer from being forgotten, for the time of a connection.
class PeerHold {
public:
    PeerHold(PeerStore& store, const PeerId& peer) : store_(store), peer_(peer) { store_.hold(peer_); }
    PeerHold(const PeerHold&) = delete;
    PeerHold& operator=(const PeerHold&) = delete;
    ~PeerHold() { store_.unhold(peer_); }

private:
    PeerStore& store_;
    const PeerId& peer_;
};

/// A connection as the swarm keeps it. Shared by the task that runs it and by whoever opens a stream on it.
struct ManagedConnection {
    ManagedConnection(asio::any_io_executor executor, std::unique_ptr<Connection> running, ConnectionScope paid)
        : scope(std::move(paid)), connection(std::move(running)), negotiated(std::move(executor)) {
        identity_memory.emplace(scope->budget(), 0);
    }

    const ConnectionInfo& info() const noexcept { return connection->info(); }

    std::optional<ConnectionScope> scope;  ///< empty once the connection has ended
    std::unique_ptr<Connection> connection;
    std::optional<PeerHold> hold;  ///< while the connection stands in the tables
    std::chrono::steady_clock::time_point last_stream = std::chrono::steady_clock::now();  ///< latest one opened
    std::shared_ptr<const IdentifyInfo> identity;  ///< what the remote told last; shared with events
    std::optional<MemoryAccount> identity_memory;  ///< pays for it, as `scope` does for the rest
    std::size_t negotiating = 0;                   ///< inbound streams whose protocol is not agreed yet
    Waiter negotiated;                             ///< whoever accepts more of them
    bool identifying = false;                      ///< it is being asked for the first time
    bool releasing = false;                        ///< gives way to a better one once it has no streams
    bool closing = false;                          ///< takes no new streams
    bool ended = false;                            ///< `run` has returned
};

using ConnectionPtr = std::shared_ptr<ManagedConnection>;

/// The place of an inbound stream among those of its connection whose protocol is not agreed yet.
class NegotiationPlace {
public:
    explicit NegotiationPlace(ConnectionPtr connection) noexcept : connection_(std::move(connection)) {
        ++connection_->negotiating;
    }
    NegotiationPlace(NegotiationPlace&&) noexcept = default;
    NegotiationPlace& operator=(NegotiationPlace&&) = delete;
    ~NegotiationPlace() { leave(); }

    void leave() noexcept {
        if (const auto left = std::exchange(connection_, nullptr)) {
            --left->negotiating;
            left->negotiated.notify();
        }
    }

private:
    ConnectionPtr connection_;
};

}  // namespace libp2p::swarm
