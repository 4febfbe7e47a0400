// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/connection.hpp>
#include <libp2p/multiaddr.hpp>
#include <libp2p/resource_manager.hpp>

#include <memory>
#include <string_view>
#include <vector>

namespace libp2p {

class Identity;
class Upgrader;
struct Timeouts;

/// What a transport may ask of its host. Outlives every transport.
class TransportServices {
public:
    virtual ~TransportServices() = default;

    virtual asio::any_io_executor executor() const noexcept = 0;
    virtual const Identity& identity() const noexcept = 0;
    virtual const Limits& limits() const noexcept = 0;
    virtual const Timeouts& timeouts() const noexcept = 0;

    /// Turns a raw byte stream into a connection; transports that bring their own security do not need it.
    virtual Upgrader& upgrader() noexcept = 0;

    /// A fresh name for a connection.
    virtual ConnectionId next_connection_id() noexcept = 0;
};

/// A connection that has arrived and is not secured yet. Destroying it closes it.
class InboundConnection {
public:
    virtual ~InboundConnection() = default;

    /// Where it comes from, without /p2p.
    virtual const Multiaddr& remote_address() const noexcept = 0;

    /// False when anybody could have written that address on what has come. Then `upgrade` calls
    /// `ConnectionScope::prove_address` as soon as it knows better.
    virtual bool is_address_proven() const noexcept { return true; }

    /// Secures and multiplexes it. Everything the handshake holds is charged to `scope`, which the caller made before
    /// the first octet was read and keeps while the connection lives; once the remote is proven the scope moves to its
    /// peer. Called once. The caller bounds the time; cancellation closes the half-made connection.
    virtual awaitable<result<std::unique_ptr<Connection>>> upgrade(ConnectionScope& scope) = 0;
};

/// An address that accepts connections until it is closed or destroyed.
class Listener {
public:
    virtual ~Listener() = default;

    /// What was bound, with the real port in the place of 0; without /p2p.
    virtual const Multiaddr& address() const noexcept = 0;

    /// Where dialers reach it, wildcards and all; without /p2p. A listener behind a relay may have several, or none for
    /// a while: it tells `HostServices::addresses_changed`.
    virtual std::vector<Multiaddr> addresses() const { return {address()}; }

    /// The next connection. Recovers by itself from errors that concern one connection or pass by (out of descriptors);
    /// fails with `Errc::shut_down` once the listener is closed. One caller at a time; cancellation loses nothing.
    virtual awaitable<result<std::unique_ptr<InboundConnection>>> accept() = 0;

    /// Stops listening and wakes `accept`. Idempotent.
    virtual void close() noexcept = 0;
};

/// One way to reach a peer. Implement it, hand it to `Host::add_transport`, done: limits, connection manager, events,
/// identify and protocol handlers work over it like over any other. `libp2p::conformance` has its tests.
class Transport {
public:
    virtual ~Transport() = default;

    /// A word for logs and `ConnectionInfo::transport`: "tcp".
    virtual std::string_view name() const noexcept = 0;

    /// True when `dial` understands every component of `address` (without /p2p). Does no I/O.
    virtual bool can_dial(const Multiaddr& address) const noexcept = 0;

    /// True when `listen` understands `address`. Does no I/O.
    virtual bool can_listen(const Multiaddr& address) const noexcept = 0;

    /// True when a connection of this transport takes a descriptor of its own; inbound ones may share the listener's.
    virtual bool uses_descriptor(Direction direction) const noexcept = 0;

    /// Connects, authenticates, multiplexes. Fails with `Errc::peer_mismatch` when the remote is not `expected`.
    /// `scope` is the caller's and as in `InboundConnection::upgrade`. Cancellation closes the half-made connection.
    virtual awaitable<result<std::unique_ptr<Connection>>> dial(
        Multiaddr address, PeerId expected, ConnectionScope& scope
    ) = 0;

    /// Binds `address`. Fails with what the system says, for example `address_in_use`.
    virtual awaitable<result<std::unique_ptr<Listener>>> listen(Multiaddr address) = 0;
};

}  // namespace libp2p
