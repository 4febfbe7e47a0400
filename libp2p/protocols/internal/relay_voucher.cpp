// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/protocols/internal/relay_voucher.hpp"

#include "proto/relay_message.hpp"

#include <libp2p/signed_envelope.hpp>

#include <boost/assert.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace libp2p::relay {
namespace {

/// In the year 9999: later times overflow what the clock counts.
constexpr std::uint64_t kLastSecond = 253'402'300'799;

Error refuse(std::string why) {
    return Error(Errc::invalid_signature, "reservation voucher: " + std::move(why));
}

Bytes copy(ByteView octets) {
    return Bytes(octets.begin(), octets.end());
}

}  // namespace

Bytes Voucher::seal(const Identity& signer) const {
    BOOST_ASSERT(signer.peer_id() == relay);
    VoucherMessage message;
    message.relay = copy(relay.bytes());
    message.peer = copy(peer.bytes());
    message.expiration = static_cast<std::uint64_t>(expiration.time_since_epoch().count());
    return SignedEnvelope::seal(signer, kDomain, kPayloadType, relay::encode(message)).encode();
}

result<Voucher> Voucher::open(ByteView envelope) {
    const auto opened = SignedEnvelope::open(envelope, kDomain);
    if (!opened) {
        return opened.error().with_context("reservation voucher");
    }
    const auto type = opened->payload_type();
    if (!std::equal(type.begin(), type.end(), kPayloadType.begin(), kPayloadType.end())) {
        return refuse("the envelope holds something else");
    }
    const auto message = decode_voucher_message(opened->payload());
    if (!message) {
        return refuse(message.error().message());
    }
    if (!message->relay || !message->peer || !message->expiration) {
        return refuse("it lacks relay, peer or expiration");
    }
    const auto relay = PeerId::from_bytes(*message->relay);
    const auto peer = PeerId::from_bytes(*message->peer);
    if (!relay || !peer) {
        return refuse("it names what is no peer");
    }
    const auto signer = opened->signer().peer_id();
    if (signer != *relay) {
        return refuse("of relay " + relay->to_string() + " but signed by " + signer.to_string());
    }
    return Voucher{*relay, *peer, to_time(*message->expiration)};
}

result<void> check_voucher(
    ByteView envelope, const PeerId& relay, const PeerId& peer, std::chrono::system_clock::time_point now
) {
    const auto voucher = Voucher::open(envelope);
    if (!voucher) {
        return voucher.error();
    }
    if (voucher->relay != relay) {
        return refuse("of relay " + voucher->relay.to_string() + ", not of " + relay.to_string());
    }
    if (voucher->peer != peer) {
        return refuse("for peer " + voucher->peer.to_string() + ", not for " + peer.to_string());
    }
    if (voucher->expiration <= now) {
        const auto past = std::chrono::floor<std::chrono::seconds>(now - voucher->expiration);
        return refuse("expired " + std::to_string(past.count()) + " s ago");
    }
    return ok();
}

std::chrono::sys_seconds to_time(std::uint64_t seconds) noexcept {
    return std::chrono::sys_seconds(std::chrono::seconds(std::min(seconds, kLastSecond)));
}

}  // namespace libp2p::relay
