// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/relay_message.hpp"

#include "proto/relay.pb.h"

#include <string_view>

namespace libp2p::relay {
namespace {

using proto::Bytes;
using proto::ByteView;
using proto::DecodeErrc;
using proto::DecodeResult;

Bytes to_octets(const std::string& field) {
    return Bytes(field.begin(), field.end());
}

void set_octets(std::string& field, const Bytes& octets) {
    field.assign(octets.begin(), octets.end());
}

/// The name in the specification; empty where it has none.
std::string_view name_of(Status status) noexcept {
    switch (status) {
        case Status::unused: return "UNUSED";
        case Status::ok: return "OK";
        case Status::reservation_refused: return "RESERVATION_REFUSED";
        case Status::resource_limit_exceeded: return "RESOURCE_LIMIT_EXCEEDED";
        case Status::permission_denied: return "PERMISSION_DENIED";
        case Status::connection_failed: return "CONNECTION_FAILED";
        case Status::no_reservation: return "NO_RESERVATION";
        case Status::malformed_message: return "MALFORMED_MESSAGE";
        case Status::unexpected_message: return "UNEXPECTED_MESSAGE";
    }
    return {};
}

// --- to the wire

void put(const PeerMessage& message, pb::Peer& wire) {
    set_octets(*wire.mutable_id(), message.id);
    for (const auto& address : message.addresses) {
        set_octets(*wire.add_addrs(), address);
    }
}

void put(const ReservationMessage& message, pb::Reservation& wire) {
    if (message.expire) {
        wire.set_expire(*message.expire);
    }
    for (const auto& address : message.addresses) {
        set_octets(*wire.add_addrs(), address);
    }
    if (message.voucher) {
        set_octets(*wire.mutable_voucher(), *message.voucher);
    }
}

void put(const LimitMessage& message, pb::Limit& wire) {
    if (message.duration) {
        wire.set_duration(*message.duration);
    }
    if (message.data) {
        wire.set_data(*message.data);
    }
}

/// The fields that hop and stop share.
template <class Message, class Wire>
void put_common(const Message& message, Wire& wire) {
    if (message.type) {
        wire.set_type(static_cast<std::uint32_t>(*message.type));
    }
    if (message.peer) {
        put(*message.peer, *wire.mutable_peer());
    }
    if (message.limit) {
        put(*message.limit, *wire.mutable_limit());
    }
    if (message.status) {
        wire.set_status(static_cast<std::uint32_t>(*message.status));
    }
}

template <class Wire>
Bytes serialize(const Wire& wire) {
    Bytes out(wire.ByteSizeLong());
    wire.SerializeWithCachedSizesToArray(out.data());
    return out;
}

// --- from the wire

template <class Wire>
DecodeResult<Wire> parse(ByteView in) {
    // Nothing is counted beforehand: in so few octets there is no list that would take much memory.
    if (in.size() > kMaxMessageSize) {
        return DecodeErrc::too_long;
    }
    Wire wire;
    if (!wire.ParseFromArray(in.data(), static_cast<int>(in.size()))) {
        return DecodeErrc::malformed;
    }
    return wire;
}

PeerMessage take(const pb::Peer& wire) {
    PeerMessage message;
    message.id = to_octets(wire.id());
    for (const auto& address : wire.addrs()) {
        message.addresses.push_back(to_octets(address));
    }
    return message;
}

ReservationMessage take(const pb::Reservation& wire) {
    ReservationMessage message;
    if (wire.has_expire()) {
        message.expire = wire.expire();
    }
    for (const auto& address : wire.addrs()) {
        message.addresses.push_back(to_octets(address));
    }
    if (wire.has_voucher()) {
        message.voucher = to_octets(wire.voucher());
    }
    return message;
}

LimitMessage take(const pb::Limit& wire) {
    LimitMessage message;
    if (wire.has_duration()) {
        message.duration = wire.duration();
    }
    if (wire.has_data()) {
        message.data = wire.data();
    }
    return message;
}

template <class Type, class Message, class Wire>
void take_common(const Wire& wire, Message& message) {
    if (wire.has_type()) {
        message.type = static_cast<Type>(wire.type());
    }
    if (wire.has_peer()) {
        message.peer = take(wire.peer());
    }
    if (wire.has_limit()) {
        message.limit = take(wire.limit());
    }
    if (wire.has_status()) {
        message.status = static_cast<Status>(wire.status());
    }
}

template <class Wire>
bool has_too_many_addresses(const Wire& wire) {
    return static_cast<std::size_t>(wire.addrs_size()) > kMaxMessageAddresses;
}

}  // namespace

std::string to_string(Status status) {
    const auto number = std::to_string(static_cast<std::uint32_t>(status));
    const auto name = name_of(status);
    return name.empty() ? "status " + number : std::string(name) + " (" + number + ")";
}

Bytes encode(const HopMessage& message) {
    pb::HopMessage wire;
    put_common(message, wire);
    if (message.reservation) {
        put(*message.reservation, *wire.mutable_reservation());
    }
    return serialize(wire);
}

Bytes encode(const StopMessage& message) {
    pb::StopMessage wire;
    put_common(message, wire);
    return serialize(wire);
}

Bytes encode(const VoucherMessage& message) {
    pb::Voucher wire;
    if (message.relay) {
        set_octets(*wire.mutable_relay(), *message.relay);
    }
    if (message.peer) {
        set_octets(*wire.mutable_peer(), *message.peer);
    }
    if (message.expiration) {
        wire.set_expiration(*message.expiration);
    }
    return serialize(wire);
}

DecodeResult<HopMessage> decode_hop_message(ByteView in) {
    const auto wire = parse<pb::HopMessage>(in);
    if (!wire) {
        return wire.error();
    }
    if (has_too_many_addresses(wire->peer()) || has_too_many_addresses(wire->reservation())) {
        return DecodeErrc::too_long;
    }
    HopMessage message;
    take_common<HopType>(*wire, message);
    if (wire->has_reservation()) {
        message.reservation = take(wire->reservation());
    }
    return message;
}

DecodeResult<StopMessage> decode_stop_message(ByteView in) {
    const auto wire = parse<pb::StopMessage>(in);
    if (!wire) {
        return wire.error();
    }
    if (has_too_many_addresses(wire->peer())) {
        return DecodeErrc::too_long;
    }
    StopMessage message;
    take_common<StopType>(*wire, message);
    return message;
}

DecodeResult<VoucherMessage> decode_voucher_message(ByteView in) {
    const auto wire = parse<pb::Voucher>(in);
    if (!wire) {
        return wire.error();
    }
    VoucherMessage message;
    if (wire->has_relay()) {
        message.relay = to_octets(wire->relay());
    }
    if (wire->has_peer()) {
        message.peer = to_octets(wire->peer());
    }
    if (wire->has_expiration()) {
        message.expiration = wire->expiration();
    }
    return message;
}

}  // namespace libp2p::relay
