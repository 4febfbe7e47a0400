// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/protocols/internal/relay_messages.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace libp2p::relay {

proto::Bytes to_octets(ByteView view) {
    return proto::Bytes(view.begin(), view.end());
}

HopMessage status_message(Status status) {
    HopMessage message;
    message.type = HopType::status;
    message.status = status;
    return message;
}

std::optional<LimitMessage> limit_message(const RelayLimits& limits) {
    LimitMessage message;
    const auto seconds = limits.circuit_duration.count();
    if (seconds > 0) {
        message.duration =
            static_cast<std::uint32_t>(std::min<std::int64_t>(seconds, std::numeric_limits<std::uint32_t>::max()));
    }
    if (limits.circuit_octets > 0) {
        message.data = limits.circuit_octets;
    }
    if (message.is_unlimited()) {
        return std::nullopt;
    }
    return message;
}

result<PeerId> destination_of(const HopMessage& message) {
    if (!message.peer) {
        return Error(Errc::protocol_violation, "CONNECT names no peer");
    }
    return PeerId::from_bytes(message.peer->id);
}

}  // namespace libp2p::relay
