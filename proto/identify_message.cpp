// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/identify_message.hpp"

#include "proto/identify.pb.h"

namespace libp2p::identify {
namespace {

using Octets = Message::Octets;

Octets to_octets(const std::string& text) {
    return Octets(text.begin(), text.end());
}

pb::Identify to_wire(const Message& message) {
    pb::Identify wire;
    if (const auto& key = message.public_key) {
        wire.set_publickey(key->data(), key->size());
    }
    for (const auto& address : message.listen_addresses) {
        wire.add_listenaddrs(address.data(), address.size());
    }
    for (const auto& protocol : message.protocols) {
        wire.add_protocols(protocol);
    }
    if (const auto& address = message.observed_address) {
        wire.set_observedaddr(address->data(), address->size());
    }
    if (const auto& version = message.protocol_version) {
        wire.set_protocolversion(*version);
    }
    if (const auto& agent = message.agent_version) {
        wire.set_agentversion(*agent);
    }
    if (const auto& record = message.signed_peer_record) {
        wire.set_signedpeerrecord(record->data(), record->size());
    }
    return wire;
}

}  // namespace

Octets encode(const Message& message) {
    const auto wire = to_wire(message);
    Octets octets(wire.ByteSizeLong());
    wire.SerializeWithCachedSizesToArray(octets.data());
    return octets;
}

std::size_t encoded_size(const Message& message) {
    return to_wire(message).ByteSizeLong();
}

std::optional<Message> decode(std::span<const std::uint8_t> octets) {
    pb::Identify wire;
    if (octets.size() > kMaxReceivedMessageSize ||
        !wire.ParseFromArray(octets.data(), static_cast<int>(octets.size()))) {
        return std::nullopt;
    }
    Message message;
    if (wire.has_publickey()) {
        message.public_key = to_octets(wire.publickey());
    }
    for (const auto& address : wire.listenaddrs()) {
        message.listen_addresses.push_back(to_octets(address));
    }
    message.protocols.assign(wire.protocols().begin(), wire.protocols().end());
    if (wire.has_observedaddr()) {
        message.observed_address = to_octets(wire.observedaddr());
    }
    if (wire.has_protocolversion()) {
        message.protocol_version = wire.protocolversion();
    }
    if (wire.has_agentversion()) {
        message.agent_version = wire.agentversion();
    }
    if (wire.has_signedpeerrecord()) {
        message.signed_peer_record = to_octets(wire.signedpeerrecord());
    }
    return message;
}

}  // namespace libp2p::identify
