// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/peer_record_message.hpp"

#include "proto/peer_record.pb.h"
#include "proto/protobuf_scan.hpp"

namespace libp2p::proto {
namespace {

using Wire = peer_record::pb::PeerRecord;

}  // namespace

Bytes encode(const PeerRecordMessage& message) {
    Wire wire;
    wire.mutable_peer_id()->assign(message.peer_id.begin(), message.peer_id.end());
    wire.set_seq(message.sequence);
    for (const auto& address : message.addresses) {
        wire.add_addresses()->mutable_multiaddr()->assign(address.begin(), address.end());
    }
    Bytes out(wire.ByteSizeLong());
    wire.SerializeWithCachedSizesToArray(out.data());
    return out;
}

DecodeResult<PeerRecordMessage> decode_peer_record_message(ByteView in) {
    if (in.size() > kMaxPeerRecordMessageSize) {
        return DecodeErrc::too_long;
    }
    const auto entries = count_fields(in, Wire::kAddressesFieldNumber);
    if (!entries) {
        return entries.error();
    }
    if (*entries > kMaxPeerRecordEntries) {
        return DecodeErrc::too_long;
    }
    Wire wire;
    if (!wire.ParseFromArray(in.data(), static_cast<int>(in.size()))) {
        return DecodeErrc::malformed;
    }
    PeerRecordMessage message;
    message.peer_id.assign(wire.peer_id().begin(), wire.peer_id().end());
    message.sequence = wire.seq();
    for (const auto& entry : wire.addresses()) {
        message.addresses.emplace_back(entry.multiaddr().begin(), entry.multiaddr().end());
    }
    return message;
}

}  // namespace libp2p::proto
