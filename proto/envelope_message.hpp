// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "proto/bytes.hpp"
#include "proto/decode_error.hpp"

#include <cstddef>

namespace libp2p::proto {

/// Largest envelope that is looked at, in octets.
inline constexpr std::size_t kMaxEnvelopeMessageSize = 64 * 1024;

/// What the message `Envelope` (envelope.proto) carries, field by field and not interpreted.
struct EnvelopeMessage {
    Bytes public_key;  ///< a message `PublicKey`, as it came
    Bytes payload_type;
    Bytes payload;
    Bytes signature;

    friend bool operator==(const EnvelopeMessage&, const EnvelopeMessage&) = default;
};

/// The message. The same content always gives the same octets.
Bytes encode(const EnvelopeMessage& message);

/// Reads the message; fields that are missing are empty, unknown ones are passed over. Fails with `too_long` or
/// `malformed`.
DecodeResult<EnvelopeMessage> decode_envelope_message(ByteView in);

}  // namespace libp2p::proto
