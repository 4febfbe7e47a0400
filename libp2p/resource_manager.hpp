// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/budget.hpp>
#include <libp2p/error.hpp>
#include <libp2p/limits.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace libp2p {

class Multiaddr;
class PeerId;

/// What pays for one connection, from before its first octet until it has ended; gives back when destroyed. Move-only.
class ConnectionScope {
public:
    ConnectionScope(ConnectionScope&&) noexcept;
    ConnectionScope& operator=(ConnectionScope&&) noexcept;
    ~ConnectionScope();

    Direction direction() const noexcept;

    /// The connection's node in the tree: charge to it what the handshake and the muxer hold.
    const std::shared_ptr<Budget>& budget() const noexcept;

    /// Moves the connection from `transient` to the scope of its proven peer. Call it once. Fails with
    /// `Errc::limit_exceeded`, staying in `transient`, when the peer has too many connections or this one was evicted.
    result<void> set_peer(const PeerId& peer);

    /// Pays for one stream: in a scope of its own, below the connection and, until `negotiated`, below `transient`.
    /// Fails with `Errc::limit_exceeded`.
    result<Charge> open_stream(Direction direction);

    /// The protocol of the stream is agreed: its charge leaves `transient`.
    static void negotiated(Charge& stream) noexcept;

    /// The address that an inbound connection comes from is proven now: counts it in its networks. Fails with
    /// `Errc::limit_exceeded` when they are full. Does nothing where that was known from the start.
    result<void> prove_address(const Multiaddr& remote);

    /// Lets this inbound connection give way to a newer one while its peer is not proven yet: `abort` is then called,
    /// once. It must end the socket, and must not open connections. Ignored for outbound connections, and after
    /// `set_peer`.
    void on_evict(std::function<void()> abort);

    /// True once the connection has given way. Its place is taken already.
    bool is_evicted() const noexcept;

private:
    friend class ResourceManager;
    struct State;
    explicit ConnectionScope(std::unique_ptr<State> state) noexcept;

    std::unique_ptr<State> state_;
};

/// One scope, for display.
struct ScopeUsage {
    std::string name;
    std::string_view setting;  ///< member of Limits that bounds it: "limits.peer"
    Usage used;
    ScopeLimits limits;
};

/// The budget of a host: owns the scopes `system` and `transient` and finds those of peers, which exist while something
/// is charged to them.
///
/// When `transient`, or the limit of a network, is full of inbound connections, the oldest one that is still being
/// upgraded gives way to a new connection: somebody who connects and says nothing cannot keep others out.
class ResourceManager {
public:
    explicit ResourceManager(const Limits& limits);
    ~ResourceManager();
    ResourceManager(const ResourceManager&) = delete;
    ResourceManager& operator=(const ResourceManager&) = delete;

    /// Pays for a connection: before its first octet, in `transient`. Fails with `Errc::limit_exceeded`. The scope may
    /// outlive the manager. An inbound connection whose address may be forged is not counted in its networks, or others
    /// could fill them in its owner's name, until `prove_address`.
    result<ConnectionScope> open_connection(
        Direction direction, bool uses_descriptor, const Multiaddr& remote, bool is_address_proven = true
    );

    const Limits& limits() const noexcept;

    /// For what belongs to no peer and no connection.
    const std::shared_ptr<Budget>& system() const noexcept;
    const std::shared_ptr<Budget>& transient() const noexcept;

    const Usage& system_usage() const noexcept { return system()->used(); }

    /// Every scope but those of streams: system, transient, peers by name, connections by age.
    std::vector<ScopeUsage> snapshot() const;

    std::uint64_t evictions() const noexcept;  ///< connections that gave way
    std::uint64_t refusals() const noexcept;   ///< connections that found no place

private:
    friend class ConnectionScope;
    struct State;

    std::shared_ptr<State> state_;  // shared with the connection scopes, which come back here when they end
};

}  // namespace libp2p
