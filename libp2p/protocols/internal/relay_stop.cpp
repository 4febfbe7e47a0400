// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/protocols/internal/relay_stop.hpp"

#include "libp2p/protocols/internal/relay_messages.hpp"

#include <utility>

namespace libp2p::relay {

awaitable<result<std::unique_ptr<Stream>>> ask_for_circuit(
    HostServices& services, const RelayLimits& limits, PeerId source, PeerId destination
) {
    OpenStreamOptions open;
    open.timeout = limits.connect_timeout;
    open.dial = false;
    auto stream = co_await services.open_stream(destination, ProtocolId(kStopProtocol), open);
    if (!stream) {
        co_return stream.error();
    }
    (*stream)->expires_after(limits.connect_timeout);
    StopMessage message;
    message.type = StopType::connect;
    message.peer.emplace();
    message.peer->id = to_octets(source.bytes());
    message.limit = limit_message(limits);
    const auto request = encode(message);
    auto sent = co_await write_delimited(**stream, request);
    if (!sent) {
        co_return sent.error();
    }
    auto octets = co_await read_delimited(**stream, kMaxMessageSize);
    if (!octets) {
        co_return octets.error();
    }
    const auto answer = decode_stop_message(*octets);
    if (!answer || answer->type != StopType::status || !answer->status) {
        co_return Error(Errc::protocol_violation, "the answer of " + destination.to_string() + " is no STATUS");
    }
    if (*answer->status != Status::ok) {
        const auto words = destination.to_string() + " answered " + to_string(*answer->status);
        co_return Error(Errc::refused_by_remote, words);
    }
    co_return std::move(*stream);
}

}  // namespace libp2p::relay
