// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/websocket/http_messages.hpp"

#include <libp2p/budget.hpp>
#include <libp2p/byte_stream.hpp>
#include <libp2p/transports.hpp>

#include <memory>

namespace libp2p::websocket {

/// A request for a WebSocket that has come.
struct UpgradeHead {
    std::unique_ptr<ByteStream> raw;
    HttpHead head;
    Bytes early;  ///< what came behind it
};

/// Reads requests from `raw` until one asks for a WebSocket. `page` answers the others; without it they are told that
/// a WebSocket is to be had here (status 426). Requests other than GET and HEAD, and those with a body, are refused.
///
/// Fails with `Errc::limit_exceeded` on a head of more than `kMaxRequestHead` octets, `Errc::protocol_violation` on
/// what is no HTTP, and `Errc::connection_closed` once the last answer is sent to a client that does not go on; `raw`
/// is destroyed then. The head, and each answer while it is sent, is charged to `budget`. The caller bounds the time.
awaitable<result<UpgradeHead>> wait_for_upgrade(
    std::unique_ptr<ByteStream> raw, const HttpHandler& page, std::shared_ptr<Budget> budget
);

}  // namespace libp2p::websocket
