// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/noise_payload.hpp"

#include "proto/noise_payload.pb.h"

#include <algorithm>

namespace libp2p::noise {
namespace {

using Octets = Payload::Octets;

Octets to_octets(const std::string& text) {
    return Octets(text.begin(), text.end());
}

template <class List>
bool is_within(const List& list, std::size_t max_count, std::size_t max_size) {
    return static_cast<std::size_t>(list.size()) <= max_count &&
           std::all_of(list.begin(), list.end(), [&](const auto& entry) { return entry.size() <= max_size; });
}

}  // namespace

Octets encode(const Payload& payload) {
    pb::NoiseHandshakePayload wire;
    wire.set_identity_key(payload.identity_key.data(), payload.identity_key.size());
    wire.set_identity_sig(payload.identity_signature.data(), payload.identity_signature.size());
    for (const auto& hash : payload.certhashes) {
        wire.mutable_extensions()->add_webtransport_certhashes(hash.data(), hash.size());
    }
    for (const auto& muxer : payload.stream_muxers) {
        wire.mutable_extensions()->add_stream_muxers(muxer);
    }
    Octets octets(wire.ByteSizeLong());
    wire.SerializeWithCachedSizesToArray(octets.data());
    return octets;
}

std::optional<Payload> decode_payload(std::span<const std::uint8_t> octets) {
    pb::NoiseHandshakePayload wire;
    if (octets.size() > kMaxPayloadSize || !wire.ParseFromArray(octets.data(), static_cast<int>(octets.size())) ||
        wire.identity_key().empty() || wire.identity_key().size() > kMaxIdentityKeySize ||
        wire.identity_sig().empty() || wire.identity_sig().size() > kMaxIdentitySignatureSize) {
        return std::nullopt;
    }
    const auto& extensions = wire.extensions();
    if (!is_within(extensions.stream_muxers(), kMaxStreamMuxers, kMaxStreamMuxerSize) ||
        !is_within(extensions.webtransport_certhashes(), kMaxCerthashes, kMaxCerthashSize)) {
        return std::nullopt;
    }
    Payload payload;
    payload.identity_key = to_octets(wire.identity_key());
    payload.identity_signature = to_octets(wire.identity_sig());
    for (const auto& hash : extensions.webtransport_certhashes()) {
        payload.certhashes.push_back(to_octets(hash));
    }
    payload.stream_muxers.assign(extensions.stream_muxers().begin(), extensions.stream_muxers().end());
    return payload;
}

}  // namespace libp2p::noise
