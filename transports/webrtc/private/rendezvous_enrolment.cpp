// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/rendezvous_enrolment.hpp"

#include "libp2p/crypto/random.hpp"
#include "proto/multibase.hpp"
#include "transports/webrtc/private/json.hpp"

#include <array>

namespace libp2p::webrtc {
namespace {

constexpr std::size_t kChallengeSize = 32;
constexpr std::size_t kMaxEnrolmentSize = 8 * 1024;  // of RSA's largest keys

std::string to_text(ByteView octets) {
    return proto::encode_multibase(proto::Base::base64url, octets);
}

Bytes signed_text(std::string_view challenge) {
    const auto text = "libp2p-rendezvous:" + std::string(challenge);
    const auto octets = as_bytes(text);
    return {octets.begin(), octets.end()};
}

result<Bytes> octets_of(const boost::json::object& object, std::string_view name) {
    const auto* member = object.if_contains(name);
    if (member != nullptr && member->is_string()) {
        auto decoded = proto::decode_multibase(std::string_view(member->as_string()));
        if (decoded) {
            return std::move(decoded->data);
        }
    }
    return Error(Errc::protocol_violation, "rendezvous: no " + std::string(name) + " in the enrolment");
}

}  // namespace

std::string make_challenge() {
    std::array<std::uint8_t, kChallengeSize> octets{};
    crypto::random_bytes(octets);
    return to_text(octets);
}

RendezvousMessage enrol(const Identity& identity, std::string_view challenge) {
    boost::json::object data;
    data["key"] = to_text(identity.public_key().encoded());
    data["signature"] = to_text(identity.sign(signed_text(challenge)));
    RendezvousMessage message;
    message.type = RendezvousMessage::Type::enrol;
    message.from = identity.peer_id().to_string();
    message.data = boost::json::serialize(data);
    return message;
}

result<PeerId> check_enrolment(const RendezvousMessage& message, std::string_view challenge) {
    if (message.type != RendezvousMessage::Type::enrol) {
        return Error(Errc::protocol_violation, "rendezvous: the first message is no enrolment");
    }
    auto data = parse_json(message.data, kMaxEnrolmentSize);
    if (!data || !data->is_object()) {
        return Error(Errc::protocol_violation, "rendezvous: the enrolment has no data");
    }
    auto key_octets = octets_of(data->as_object(), "key");
    if (!key_octets) {
        return key_octets.error();
    }
    auto signature = octets_of(data->as_object(), "signature");
    if (!signature) {
        return signature.error();
    }
    auto key = PublicKey::decode(*key_octets);
    if (!key) {
        return key.error();
    }
    const auto peer = PeerId::from_public_key(*key);
    auto claimed = PeerId::parse(message.from);
    if (!claimed || *claimed != peer || !key->verify(signed_text(challenge), *signature)) {
        return Error(Errc::invalid_signature, "rendezvous: not proven to be " + message.from);
    }
    return peer;
}

}  // namespace libp2p::webrtc
