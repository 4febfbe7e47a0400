// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/stream.hpp>

#include <functional>
#include <memory>

namespace libp2p {

/// Serves one inbound stream as one straight coroutine. The stream knows its protocol, its connection and its
/// authenticated peer. When the connection ends the stream says so, after the data that had arrived; the handler itself
/// is cancelled only when the host closes. What it throws is logged and resets the stream.
///
/// A handler with state is a function object; the host keeps it alive while any of its coroutines runs. Do not hand
/// over a lambda that is itself a coroutine and captures by value: use a lambda that calls a coroutine function, or
/// captures references that outlive the host.
using StreamHandler = std::function<awaitable<void>(std::unique_ptr<Stream>)>;

/// Decides whether a protocol name that a remote proposes is served, for example every version 1.x of a protocol.
using ProtocolMatcher = std::function<bool(const ProtocolId&)>;

}  // namespace libp2p
