// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/connection.hpp>
#include <libp2p/limits.hpp>
#include <libp2p/security.hpp>

#include <memory>

namespace libp2p {

/// A stream multiplexer that an upgrader can choose. Implement it, hand it to `Host::add_muxer`, done.
class Muxer {
public:
    virtual ~Muxer() = default;

    virtual const ProtocolId& id() const noexcept = 0;

    /// Takes the channel over and makes a connection of it; must not wait. `budget` is the connection's scope: receive
    /// buffers and window growth are charged to it. The connection counts as client when `info->direction` is outbound.
    virtual std::unique_ptr<Connection> mux(
        std::unique_ptr<SecureChannel> channel,
        std::shared_ptr<const ConnectionInfo> info,
        std::shared_ptr<Budget> budget
    ) = 0;
};

}  // namespace libp2p
