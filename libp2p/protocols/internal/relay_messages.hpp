// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "proto/relay_message.hpp"

#include <libp2p/bytes.hpp>
#include <libp2p/error.hpp>
#include <libp2p/peer_id.hpp>
#include <libp2p/protocols/relay_service.hpp>

#include <optional>

namespace libp2p::relay {

proto::Bytes to_octets(ByteView view);

HopMessage status_message(Status status);

/// What a relay tells of its limits: nothing when circuits have none.
std::optional<LimitMessage> limit_message(const RelayLimits& limits);

/// Whom a CONNECT asks for. Fails with `Errc::protocol_violation` when it names nobody, else as `PeerId::from_bytes`.
result<PeerId> destination_of(const HopMessage& message);

}  // namespace libp2p::relay
