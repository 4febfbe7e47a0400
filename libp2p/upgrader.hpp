// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/connection.hpp>
#include <libp2p/muxer.hpp>
#include <libp2p/resource_manager.hpp>
#include <libp2p/security.hpp>

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace libp2p {

/// What the upgrader is told about a raw connection.
struct UpgradeRequest {
    UpgradeRequest(
        Direction way,
        ConnectionId connection,
        std::string_view transport_name,
        Multiaddr local,
        Multiaddr remote,
        std::optional<PeerId> expected
    )
        : direction(way),
          id(connection),
          transport(transport_name),
          local_address(std::move(local)),
          remote_address(std::move(remote)),
          expected_peer(std::move(expected)) {}

    Direction direction;
    ConnectionId id;
    std::string_view transport;           ///< of static storage duration
    Multiaddr local_address;              ///< without /p2p
    Multiaddr remote_address;             ///< without /p2p
    std::optional<PeerId> expected_peer;  ///< outbound: the peer that was dialled
    bool limited = false;
};

/// Raw byte stream → secured → multiplexed, for transports without security or streams of their own.
///
/// Outbound with one security protocol, its proposal and its first message leave together; a muxer is agreed on inside
/// the handshake where both sides can, else proposed together with its first frames. The remote's first octet of
/// application data can so arrive three round trips after the dial began.
class Upgrader {
public:
    /// Best first: the order in which they are proposed, and preferred as responder.
    void add_security(std::unique_ptr<SecurityProtocol> security);
    void add_muxer(std::unique_ptr<Muxer> muxer);

    /// Takes `raw` over. `scope` pays for it and outlives the connection; it is moved to the peer as soon as that is
    /// proven, before anything is multiplexed. The caller bounds the time. Fails with `Errc::no_common_protocol`, with
    /// `Errc::limit_exceeded` when the peer has too many connections, or as `SecurityProtocol::secure` does; `raw` is
    /// then destroyed, also on cancellation.
    awaitable<result<std::unique_ptr<Connection>>> upgrade(
        std::unique_ptr<ByteStream> raw, UpgradeRequest request, ConnectionScope& scope
    );

private:
    std::vector<std::unique_ptr<SecurityProtocol>> securities_;
    std::vector<std::unique_ptr<Muxer>> muxers_;
    std::vector<ProtocolId> security_ids_;
    std::vector<ProtocolId> muxer_ids_;
};

}  // namespace libp2p
