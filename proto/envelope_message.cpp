// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/envelope_message.hpp"

#include "proto/envelope.pb.h"

namespace libp2p::proto {
namespace {

Bytes to_octets(const std::string& field) {
    return Bytes(field.begin(), field.end());
}

}  // namespace

Bytes encode(const EnvelopeMessage& message) {
    envelope::pb::Envelope wire;
    wire.mutable_public_key()->assign(message.public_key.begin(), message.public_key.end());
    wire.mutable_payload_type()->assign(message.payload_type.begin(), message.payload_type.end());
    wire.mutable_payload()->assign(message.payload.begin(), message.payload.end());
    wire.mutable_signature()->assign(message.signature.begin(), message.signature.end());
    Bytes out(wire.ByteSizeLong());
    wire.SerializeWithCachedSizesToArray(out.data());
    return out;
}

DecodeResult<EnvelopeMessage> decode_envelope_message(ByteView in) {
    if (in.size() > kMaxEnvelopeMessageSize) {
        return DecodeErrc::too_long;
    }
    envelope::pb::Envelope wire;
    if (!wire.ParseFromArray(in.data(), static_cast<int>(in.size()))) {
        return DecodeErrc::malformed;
    }
    EnvelopeMessage message;
    message.public_key = to_octets(wire.public_key());
    message.payload_type = to_octets(wire.payload_type());
    message.payload = to_octets(wire.payload());
    message.signature = to_octets(wire.signature());
    return message;
}

}  // namespace libp2p::proto
