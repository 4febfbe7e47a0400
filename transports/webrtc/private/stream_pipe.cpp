// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/stream_pipe.hpp"

#include "proto/webrtc_signal_message.hpp"

#include <utility>

namespace libp2p::webrtc {
namespace {

using Type = SignallingMessage::Type;

Signal::Type to_wire(Type type) noexcept {
    switch (type) {
        case Type::offer: return Signal::Type::offer;
        case Type::answer: return Signal::Type::answer;
        case Type::candidate: return Signal::Type::candidate;
        case Type::done: return Signal::Type::done;
    }
    return Signal::Type::done;
}

Type from_wire(Signal::Type type) noexcept {
    switch (type) {
        case Signal::Type::offer: return Type::offer;
        case Signal::Type::answer: return Type::answer;
        case Signal::Type::candidate: return Type::candidate;
        case Signal::Type::done: return Type::done;
    }
    return Type::done;
}

}  // namespace

StreamPipe::StreamPipe(std::unique_ptr<Stream> stream)
    : stream_(std::move(stream)), remote_{stream_->remote_peer(), stream_->connection().public_key} {}

awaitable<result<void>> StreamPipe::send(SignallingMessage message) {
    if (message.type == Type::done) {
        co_return ok();  // js-libp2p fails on it
    }
    const auto octets = encode(Signal{to_wire(message.type), std::move(message.data)});
    auto written = co_await write_delimited(*stream_, octets);
    co_return written;
}

awaitable<result<SignallingMessage>> StreamPipe::receive() {
    auto octets = co_await read_delimited(*stream_, kMaxSignalSize);
    if (!octets) {
        co_return octets.error().with_context("signalling");
    }
    auto signal = decode_signal(*octets);
    if (!signal) {
        co_return Error(Errc::protocol_violation, "signalling: no message: " + signal.error().message());
    }
    SignallingMessage message;
    message.type = from_wire(signal->type);
    message.data = std::move(signal->data);
    co_return message;
}

awaitable<result<void>> StreamPipe::close() {
    return stream_->close_write();
}

}  // namespace libp2p::webrtc
