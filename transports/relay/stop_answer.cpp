// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/relay/stop_answer.hpp"

#include <string>
#include <utility>
#include <variant>

namespace libp2p::relay {
namespace {

/// What is wrong with a request, and what the relay is told.
struct Complaint {
    Complaint(Status told, std::string why) : status(told), words(std::move(why)) {}

    Status status;
    std::string words;
};

std::variant<StopRequest, Complaint> understand(ByteView octets) {
    const auto message = decode_stop_message(octets);
    if (!message) {
        return Complaint(Status::malformed_message, message.error().message());
    }
    if (!message->type) {
        return Complaint(Status::malformed_message, "a message without a type");
    }
    if (*message->type != StopType::connect) {
        return Complaint(Status::unexpected_message, "something else than CONNECT");
    }
    if (!message->peer) {
        return Complaint(Status::malformed_message, "CONNECT names no peer");
    }
    const auto source = PeerId::from_bytes(message->peer->id);
    if (!source) {
        return Complaint(Status::malformed_message, source.error().message());
    }
    return StopRequest{*source, message->limit && !message->limit->is_unlimited()};
}

}  // namespace

awaitable<result<StopRequest>> read_stop_request(Stream& stream) {
    auto octets = co_await read_delimited(stream, kMaxMessageSize);
    if (!octets) {
        if (octets.error() == Errc::protocol_violation) {
            auto told = co_await answer_stop(stream, Status::malformed_message);
            (void)told;  // a courtesy
        }
        co_return octets.error();
    }
    auto understood = understand(*octets);
    if (const auto* complaint = std::get_if<Complaint>(&understood)) {
        auto told = co_await answer_stop(stream, complaint->status);
        (void)told;  // a courtesy
        co_return Error(
            Errc::protocol_violation, "relay " + stream.remote_peer().to_string() + ": " + complaint->words
        );
    }
    co_return std::get<StopRequest>(understood);
}

awaitable<result<void>> answer_stop(Stream& stream, Status status) {
    StopMessage message;
    message.type = StopType::status;
    message.status = status;
    const auto octets = encode(message);
    auto sent = co_await write_delimited(stream, octets);
    if (sent && status != Status::ok) {
        sent = co_await stream.close_write();
    }
    co_return sent;
}

}  // namespace libp2p::relay
