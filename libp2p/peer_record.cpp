// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/peer_record.hpp"

#include "proto/peer_record_message.hpp"

#include <boost/assert.hpp>

#include <algorithm>
#include <limits>
#include <span>
#include <string>
#include <utility>

namespace libp2p {
namespace {

static_assert(kMaxEnvelopeSize == proto::kMaxPeerRecordMessageSize);

Error refuse(std::string why) {
    return Error(Errc::invalid_signature, "peer record: " + std::move(why));
}

}  // namespace

result<PeerRecord> PeerRecord::decode(ByteView message) {
    auto parts = proto::decode_peer_record_message(message);
    if (!parts) {
        return refuse(parts.error().message());
    }
    auto peer = PeerId::from_bytes(parts->peer_id);
    if (!peer) {
        return refuse(std::string(peer.error().detail()));
    }
    PeerRecord record{*peer, parts->sequence, {}};
    for (const auto& octets : parts->addresses) {
        if (record.addresses.size() == kMaxAddresses) {
            break;
        }
        if (auto address = Multiaddr::from_bytes(octets)) {
            record.addresses.push_back(std::move(*address));
        }
    }
    return record;
}

Bytes PeerRecord::encode() const {
    proto::PeerRecordMessage message;
    message.peer_id.assign(peer.bytes().begin(), peer.bytes().end());
    message.sequence = sequence;
    for (const auto& address : std::span(addresses).first(std::min(addresses.size(), kMaxAddresses))) {
        message.addresses.emplace_back(address.bytes().begin(), address.bytes().end());
    }
    return proto::encode(message);
}

SignedEnvelope PeerRecord::seal(const Identity& signer) const {
    BOOST_ASSERT(signer.peer_id() == peer);
    return SignedEnvelope::seal(signer, kDomain, kPayloadType, encode());
}

result<PeerRecord> PeerRecord::open(ByteView envelope) {
    const auto opened = SignedEnvelope::open(envelope, kDomain);
    if (!opened) {
        return opened.error();
    }
    const auto type = opened->payload_type();
    if (!std::equal(type.begin(), type.end(), kPayloadType.begin(), kPayloadType.end())) {
        return refuse("the envelope holds something else");
    }
    auto record = decode(opened->payload());
    if (record && record->peer != opened->signer().peer_id()) {
        return refuse("about " + record->peer.to_string() + " but signed by " + opened->signer().peer_id().to_string());
    }
    return record;
}

std::uint64_t next_record_sequence(std::uint64_t last, std::chrono::system_clock::time_point now) noexcept {
    const auto since_epoch = std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
    const auto clock = since_epoch > 0 ? static_cast<std::uint64_t>(since_epoch) : 0;
    const auto next = last == std::numeric_limits<std::uint64_t>::max() ? last : last + 1;
    return std::max(clock, next);
}

}  // namespace libp2p
