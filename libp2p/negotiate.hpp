// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/protocol_id.hpp>
#include <libp2p/security.hpp>
#include <libp2p/stream.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

/// multistream-select 1.0: the two ends of a byte stream agree on the protocol they go on with. Nothing that follows
/// the negotiation is read. Fails with `Errc::no_common_protocol` when the two sides share none, with
/// `Errc::protocol_violation` or `Errc::limit_exceeded` when the remote breaks the rules or goes on for too long.
/// The caller bounds the time, and ends the byte stream after a failure.
namespace libp2p {

/// True for a protocol that this side speaks.
using SupportsProtocol = std::function<bool(std::string_view)>;

/// Names for a remote that asks what there is; may be empty.
using ListProtocols = std::function<std::vector<ProtocolId>()>;

/// Proposes `protocols`, best first, until the remote accepts one. They are borrowed.
awaitable<result<ProtocolId>> negotiate_outbound(ByteStream& stream, std::span<const ProtocolId> protocols);

/// Waits for proposals, and accepts the first that is supported.
awaitable<result<ProtocolId>> negotiate_inbound(ByteStream& stream, SupportsProtocol supports, ListProtocols list);

/// The same for a fixed list, which is borrowed.
awaitable<result<ProtocolId>> negotiate_inbound(ByteStream& stream, std::span<const ProtocolId> protocols);

/// The same for what has `supports(id)` and `names()`; borrowed.
template <class Registry>
    requires requires(const Registry& registry, const ProtocolId& id) {
        registry.supports(id);
        registry.names();
    }
awaitable<result<ProtocolId>> negotiate_inbound(ByteStream& stream, const Registry& registry) {
    return negotiate_inbound(
        stream,
        [&registry](std::string_view name) { return registry.supports(ProtocolId(name)); },
        [&registry] { return registry.names(); }
    );
}

// Lazy negotiation: the dialer has one protocol to propose, so it does not wait for the answer before it goes on.
//
// The proposal leaves with the first write, in the same call, or by itself with the first read or `close_write`,
// whichever is first. The answer is taken off the front of what is read; a refusal shows as `Errc::no_common_protocol`,
// and ends the byte stream. `close_write` waits for the answer, since some remotes lose an end that arrives together
// with the proposal. Once the answer has arrived a call costs what it costs without the decorator.

/// A stream that speaks `protocol` at once. `set_protocol` was called; the charge moves over from `stream`. Whoever
/// waits for the answer waits no longer than `answer_timeout`; zero: as long as the stream's own deadline allows.
std::unique_ptr<Stream> lazy_stream(
    std::unique_ptr<Stream> stream, ProtocolId protocol, std::chrono::milliseconds answer_timeout = {}
);

/// A byte stream that speaks `protocol` at once.
std::unique_ptr<ByteStream> negotiate_lazily(std::unique_ptr<ByteStream> raw, ProtocolId protocol);

/// The channel's `read_chunk` lends what the channel beneath lends.
std::unique_ptr<SecureChannel> negotiate_lazily(std::unique_ptr<SecureChannel> channel, ProtocolId protocol);

/// The byte stream beneath, when `stream` comes from `negotiate_lazily`, the answer has arrived, and nothing is under
/// way; `stream` itself otherwise. For who keeps it for long, or wants to know what else it can do (`Readable`).
std::unique_ptr<ByteStream> unwrap_negotiated(std::unique_ptr<ByteStream> stream);

}  // namespace libp2p
