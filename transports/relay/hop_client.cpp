// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/relay/hop_client.hpp"

#include "libp2p/protocols/internal/relay_voucher.hpp"
#include "proto/relay_message.hpp"

#include <libp2p/keys.hpp>
#include <libp2p/log.hpp>
#include <libp2p/protocols/relay_service.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace libp2p::relay {
namespace {

using SystemClock = std::chrono::system_clock;

const Logger log("relay");

/// A relay that promises more is asked again after this.
constexpr std::chrono::seconds kLongestTtl{24 * 3600};

Error violation(const PeerId& relay, const std::string& what) {
    return Error(Errc::protocol_violation, "relay " + relay.to_string() + " " + what);
}

/// An answer of the relay's, with the stream that it came on.
struct Answer {
    std::unique_ptr<Stream> stream;
    HopMessage message;
};

/// Says `request` on a new hop stream, and waits for a STATUS of OK.
awaitable<result<Answer>> ask(
    HostServices& services, RelayAddress relay, HopMessage request, std::chrono::milliseconds timeout
) {
    auto connected = co_await services.connect(relay.peer, relay.dialable());
    if (!connected) {
        co_return connected.error().with_context("relay " + relay.peer.to_string());
    }
    OpenStreamOptions open;
    open.timeout = timeout;
    open.dial = false;
    auto opened = co_await services.open_stream(relay.peer, ProtocolId(kHopProtocol), open);
    if (!opened) {
        co_return opened.error().with_context("relay " + relay.peer.to_string());
    }
    auto stream = std::move(*opened);
    stream->expires_after(timeout);
    const auto octets = encode(request);
    auto sent = co_await write_delimited(*stream, octets);
    if (!sent) {
        co_return sent.error().with_context("relay " + relay.peer.to_string());
    }
    auto answered = co_await read_delimited(*stream, kMaxMessageSize);
    if (!answered) {
        co_return answered.error().with_context("relay " + relay.peer.to_string());
    }
    auto message = decode_hop_message(*answered);
    if (!message) {
        co_return violation(relay.peer, "sent what is no hop message: " + message.error().message());
    }
    if (message->type != HopType::status || !message->status) {
        co_return violation(relay.peer, "answered with no STATUS");
    }
    if (*message->status != Status::ok) {
        const auto words = "relay " + relay.peer.to_string() + " answered " + to_string(*message->status);
        co_return Error(Errc::refused_by_remote, words);
    }
    stream->expires_never();
    Answer answer{std::move(stream), std::move(*message)};
    co_return std::move(answer);
}

result<Grant> read_grant(const PeerId& relay, const PeerId& self, const Stream& stream, const HopMessage& message) {
    if (!message.reservation || !message.reservation->expire) {
        return violation(relay, "granted a reservation without saying until when");
    }
    const auto& reservation = *message.reservation;
    const auto now = SystemClock::now();
    const auto ttl = std::chrono::floor<std::chrono::seconds>(to_time(*reservation.expire) - now);
    if (ttl <= std::chrono::seconds(0)) {
        const auto ago = std::to_string(-ttl.count());
        return violation(relay, "granted a reservation that ended " + ago + " s ago by this clock");
    }
    if (reservation.voucher) {
        const auto checked = check_voucher(*reservation.voucher, relay, self, now);
        if (!checked) {
            return checked.error().with_context("relay " + relay.to_string());
        }
    }
    Grant grant{{}, std::min(ttl, kLongestTtl), stream.connection().remote_address};
    for (const auto& octets : reservation.addresses) {
        const auto address = Multiaddr::from_bytes(octets);
        if (!address || address->peer() != relay || address->has(Protocol::p2p_circuit)) {
            continue;  // not understood here, or not of this relay
        }
        if (const auto place = address->without_peer()) {
            grant.addresses.push_back(*place);
        }
    }
    return grant;
}

}  // namespace

awaitable<result<Grant>> reserve(HostServices& services, RelayAddress relay, std::chrono::milliseconds timeout) {
    HopMessage request;
    request.type = HopType::reserve;
    auto answer = co_await ask(services, relay, std::move(request), timeout);
    if (!answer) {
        co_return answer.error();
    }
    const auto self = services.identity().peer_id();
    auto grant = read_grant(relay.peer, self, *answer->stream, answer->message);
    auto closed = co_await answer->stream->close_write();
    (void)closed;  // the relay has said all that it has to say
    co_return grant;
}

awaitable<result<Passage>> pass(
    HostServices& services, RelayAddress relay, PeerId destination, std::chrono::milliseconds timeout
) {
    HopMessage request;
    request.type = HopType::connect;
    request.peer.emplace();
    const auto id = destination.bytes();
    request.peer->id.assign(id.begin(), id.end());
    const auto name = relay.peer;
    log.debug("circuit.asked", {{"relay", name}, {"destination", destination}});
    auto answer = co_await ask(services, std::move(relay), std::move(request), timeout);
    if (!answer) {
        co_return answer.error().with_context("circuit to " + destination.to_string());
    }
    const auto& limit = answer->message.limit;
    const auto remote = answer->stream->connection().remote_address;
    Passage passage{std::move(answer->stream), remote, limit && !limit->is_unlimited()};
    log.debug("circuit.granted", {{"relay", name}, {"destination", destination}, {"limited", passage.limited}});
    co_return std::move(passage);
}

}  // namespace libp2p::relay
