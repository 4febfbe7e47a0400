// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "proto/bytes.hpp"
#include "proto/decode_error.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace libp2p::webrtc {

/// Largest signalling message that is read, in octets, without the length in front. A browser's description has less
/// than 2 KiB.
inline constexpr std::size_t kMaxSignalSize = 64 * 1024;

/// One message of /webrtc-signaling/0.0.1.
struct Signal {
    enum class Type : std::uint8_t {
        offer = 0,      ///< `data` is an SDP
        answer = 1,     ///< `data` is an SDP
        candidate = 2,  ///< `data` is the JSON of an RTCIceCandidate
        done = 3,       ///< no candidates follow; read, never written: js-libp2p fails on it
    };

    Type type = Type::offer;
    std::string data;

    friend bool operator==(const Signal&, const Signal&) = default;
};

/// Writes the type even where it is 0: js-libp2p takes a missing one for an error.
proto::Bytes encode(const Signal& signal);

/// Reads one message. A missing type is an offer, missing data are empty, unknown fields are skipped. Fails with
/// `too_long` past `kMaxSignalSize`, with `malformed` for what is no message, and with `unknown_encoding` for a type
/// that has no meaning.
proto::DecodeResult<Signal> decode_signal(proto::ByteView message);

}  // namespace libp2p::webrtc
