// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/signed_envelope.hpp"

#include "proto/envelope_message.hpp"
#include "proto/varint.hpp"

#include <string>
#include <utility>

namespace libp2p {
namespace {

static_assert(kMaxEnvelopeSize == proto::kMaxEnvelopeMessageSize);

Error refuse(std::string why) {
    return Error(Errc::invalid_signature, "signed envelope: " + std::move(why));
}

/// What is signed: domain, type and payload, each with its length in front, so that none can pass for part of another.
Bytes signed_bytes(std::string_view domain, ByteView payload_type, ByteView payload) {
    Bytes out;
    out.reserve(3 * proto::kMaxVarintSize + domain.size() + payload_type.size() + payload.size());
    proto::append_length_prefixed(out, as_bytes(domain));
    proto::append_length_prefixed(out, payload_type);
    proto::append_length_prefixed(out, payload);
    return out;
}

Bytes copy(ByteView octets) {
    return Bytes(octets.begin(), octets.end());
}

}  // namespace

SignedEnvelope::SignedEnvelope(PublicKey signer, Bytes payload_type, Bytes payload, Bytes signature) noexcept
    : signer_(std::move(signer)),
      payload_type_(std::move(payload_type)),
      payload_(std::move(payload)),
      signature_(std::move(signature)) {}

SignedEnvelope SignedEnvelope::seal(
    const Identity& signer, std::string_view domain, ByteView payload_type, ByteView payload
) {
    auto signature = signer.sign(signed_bytes(domain, payload_type, payload));
    return SignedEnvelope(signer.public_key(), copy(payload_type), copy(payload), std::move(signature));
}

result<SignedEnvelope> SignedEnvelope::open(ByteView message, std::string_view domain) {
    if (message.size() > kMaxEnvelopeSize) {
        return refuse(std::to_string(message.size()) + " octets, the limit is " + std::to_string(kMaxEnvelopeSize));
    }
    auto parts = proto::decode_envelope_message(message);
    if (!parts) {
        return refuse(parts.error().message());
    }
    auto signer = PublicKey::decode(parts->public_key);
    if (!signer) {
        return signer.error().with_context("signed envelope");
    }
    if (!signer->verify(signed_bytes(domain, parts->payload_type, parts->payload), parts->signature)) {
        return refuse("the signature does not fit the payload and the domain " + std::string(domain));
    }
    return SignedEnvelope(
        std::move(*signer), std::move(parts->payload_type), std::move(parts->payload), std::move(parts->signature)
    );
}

Bytes SignedEnvelope::encode() const {
    return proto::encode(proto::EnvelopeMessage{copy(signer_.encoded()), payload_type_, payload_, signature_});
}

}  // namespace libp2p
