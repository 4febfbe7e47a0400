// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "proto/relay_message.hpp"

#include <libp2p/peer_id.hpp>
#include <libp2p/stream.hpp>

namespace libp2p::relay {

/// What a relay wants of us when it opens a stop stream: that we talk to `source`.
struct StopRequest {
    PeerId source;
    bool limited = false;  ///< the relay has set a limit
};

/// Reads the relay's request. Where it is none, the relay is told so, and `Errc::protocol_violation` tells why. The
/// stream's deadline applies.
awaitable<result<StopRequest>> read_stop_request(Stream& stream);

/// Answers it.
awaitable<result<void>> answer_stop(Stream& stream, Status status);

}  // namespace libp2p::relay
