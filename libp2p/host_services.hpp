// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/events.hpp>
#include <libp2p/open_stream_options.hpp>
#include <libp2p/protocol_handler.hpp>
#include <libp2p/protocol_id.hpp>
#include <libp2p/transport.hpp>

#include <memory>
#include <vector>

namespace libp2p {

class ConnectionManager;

/// What a transport may ask of its host besides, whose connections run over those of other transports: through a relay,
/// or signalled over one.
class HostServices : public TransportServices {
public:
    /// As `Host::handle` and `Host::unhandle`, for the transport's own protocols.
    virtual void handle(ProtocolId protocol, StreamHandler handler) = 0;
    virtual void unhandle(const ProtocolId& protocol) = 0;

    /// As `Host::connect`: for a peer on the way, which others may be dialling too.
    virtual awaitable<result<PeerId>> connect(PeerId peer, std::vector<Multiaddr> addresses) = 0;

    /// Connects to `peer` at `address` (without the last /p2p) alone, unless a connection stands, limited or not. Joins
    /// no dial in progress, since the caller may be part of it. Fails as `Host::connect` does.
    virtual awaitable<result<void>> connect_apart(PeerId peer, Multiaddr address) = 0;

    /// As `Host::open_stream`.
    virtual awaitable<result<std::unique_ptr<Stream>>> open_stream(
        PeerId peer, ProtocolId protocol, OpenStreamOptions options
    ) = 0;

    /// As `Host::connection_manager`: for peers whose connections must not be trimmed.
    virtual ConnectionManager& connection_manager() noexcept = 0;

    /// The connections with `peer` that stand, best first.
    virtual std::vector<std::shared_ptr<const ConnectionInfo>> infos(const PeerId& peer) const = 0;

    /// As `Host::subscribe`.
    virtual result<EventSubscription> subscribe(std::size_t capacity) = 0;

    /// Where this host can be reached: the addresses of all listeners, wildcards expanded, without the last /p2p.
    virtual std::vector<Multiaddr> listen_addresses() const = 0;

    /// `Listener::addresses` of the caller's are others than before: the remotes are told.
    virtual void addresses_changed() = 0;

    /// Starts a task that the host cancels and joins when it closes.
    virtual void spawn(awaitable<void> task) = 0;
};

}  // namespace libp2p
