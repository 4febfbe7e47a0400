// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/connection_manager.hpp>
#include <libp2p/events.hpp>
#include <libp2p/host_services.hpp>
#include <libp2p/identify_info.hpp>
#include <libp2p/keys.hpp>
#include <libp2p/limits.hpp>
#include <libp2p/multiaddr.hpp>
#include <libp2p/muxer.hpp>
#include <libp2p/open_stream_options.hpp>
#include <libp2p/peer_store.hpp>
#include <libp2p/protocol_handler.hpp>
#include <libp2p/security.hpp>
#include <libp2p/transport.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace libp2p {

/// Asked at each stage of a connection; returning false, or throwing, refuses it with `Errc::gated`. Members left empty
/// allow.
struct ConnectionGater {
    std::function<bool(const PeerId&, const Multiaddr&)> dial;  ///< before an address is dialled
    std::function<bool(const Multiaddr& remote)> accept;        ///< before the first octet is read
    std::function<bool(const ConnectionInfo&)> secured;         ///< once the peer is proven, both directions
};

struct HostOptions {
    Limits limits;
    Timeouts timeouts;
    ConnectionManagerOptions connection_manager;
    ConnectionGater gater;
    std::string agent = "cpp-libp2p/0.1.0";       ///< what identify tells of the program
    std::string protocol_version = "ipfs/0.1.0";  ///< what identify tells of the network
    bool identify = true;                         ///< run identify on new connections and answer it
    std::string dns_servers;                      ///< "192.0.2.1:53,[2001:db8::1]:53"; empty: the system's
};

struct DialOptions {
    std::chrono::milliseconds timeout{0};  ///< whole dial; 0 takes `Timeouts::dial`
    bool fresh = false;                    ///< make a new connection even when one stands
};

/// A libp2p node: transports below, protocol handlers above, and between them one connection manager, one budget and
/// one protocol registry.
///
/// Everything runs on the executor given at construction, which must run handlers one at a time: an io_context run by
/// one thread, or a strand. Call all functions from there. The host makes no threads.
///
/// End it with `co_await host.close()`. Destroying a host that was not closed aborts its connections; its tasks unwind
/// when the executor runs next.
class Host {
public:
    /// Throws std::invalid_argument on options that cannot work together.
    Host(asio::any_io_executor executor, Identity identity, HostOptions options = {});
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;
    ~Host();

    const PeerId& id() const noexcept;
    asio::any_io_executor executor() const noexcept;

    // --- composition: before the first listen or dial ------------------------------------------------------------

    /// What the factories of transports want.
    HostServices& services() noexcept;
    void add_transport(std::unique_ptr<Transport> transport);
    void add_security(std::unique_ptr<SecurityProtocol> security);
    void add_muxer(std::unique_ptr<Muxer> muxer);

    // --- protocols -------------------------------------------------------------------------------------------------

    /// Serves `protocol`. Replaces nothing: throws std::invalid_argument when it is served already. Connected peers are
    /// told by identify push.
    void handle(ProtocolId protocol, StreamHandler handler);

    /// Serves every protocol that `matcher` accepts and no exact name does; `name` is what identify and `ls` announce.
    void handle(ProtocolId name, ProtocolMatcher matcher, StreamHandler handler);

    /// Stops serving; streams that are being served go on.
    void unhandle(const ProtocolId& protocol);

    std::vector<ProtocolId> protocols() const;

    // --- connections -----------------------------------------------------------------------------------------------

    /// Listens, and returns what was bound (the real port, without /p2p).
    awaitable<result<Multiaddr>> listen(Multiaddr address);

    /// Where this host can be reached, for others: interfaces in the place of wildcards, each ending in /p2p/<id>.
    std::vector<Multiaddr> addresses() const;

    /// Connects to the peer named by the last component, `/p2p/<id>`, unless a connection stands. Everybody who dials
    /// one peer at a time shares one dial, each with a deadline of its own, and adds addresses to it. Fails with
    /// `Errc::dial_failed`, whose causes tell each address's end, or, when there was only one address, with that
    /// address's error.
    awaitable<result<PeerId>> connect(Multiaddr address, DialOptions options = {});

    /// The same for several addresses of one peer, raced under one deadline; known ones are added.
    awaitable<result<PeerId>> connect(PeerId peer, std::vector<Multiaddr> addresses, DialOptions options = {});

    /// Opens a stream in the first of `protocols` that the remote serves, dialling known addresses when there is no
    /// connection. With one protocol, or one that the peer is known to serve, nothing is waited for: a refusal shows
    /// as `Errc::no_common_protocol` on the first read. Fails with `Errc::limited_connection` where the only way to the
    /// peer is through a relay under a limit and `options` do not allow that.
    awaitable<result<std::unique_ptr<Stream>>> open_stream(
        PeerId peer, std::vector<ProtocolId> protocols, OpenStreamOptions options = {}
    );
    awaitable<result<std::unique_ptr<Stream>>> open_stream(
        PeerId peer, ProtocolId protocol, OpenStreamOptions options = {}
    );

    /// Closes every connection with `peer`, politely within `Timeouts::close`.
    awaitable<void> disconnect(PeerId peer);

    bool is_connected(const PeerId& peer) const noexcept;
    std::vector<std::shared_ptr<const ConnectionInfo>> connections() const;

    /// Best first: streams go over a direct connection where there is one, and over one under a relay's limit last.
    std::vector<std::shared_ptr<const ConnectionInfo>> connections(const PeerId& peer) const;

    /// Waits until identify has ended on some connection with `peer`, and returns what is known then.
    awaitable<result<IdentifyInfo>> identify(PeerId peer);

    // --- shared parts ----------------------------------------------------------------------------------------------

    PeerStore& peer_store() noexcept;
    ConnectionManager& connection_manager() noexcept;
    ResourceManager& resources() noexcept;

    /// Events from now on; at most `capacity` wait, then the oldest are dropped and counted.
    result<EventSubscription> subscribe(std::size_t capacity = 64);

    /// Stops listening, says goodbye on every connection within `Timeouts::close`, cancels and joins every handler.
    /// Afterwards the budget reads zero. Idempotent. Cancelling it cuts the goodbyes short; the rest is done all the
    /// same.
    awaitable<void> close();

private:
    class Impl;
    std::shared_ptr<Impl> impl_;  // shared with the tasks, which may outlive a host that was not closed
};

}  // namespace libp2p
