// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "proto/bytes.hpp"
#include "proto/decode_error.hpp"

#include <cstddef>
#include <cstdint>

namespace libp2p::proto {

/// How often a field occurs at the top level of a protobuf message, found without allocating. To be asked before a
/// message with a list is parsed: an entry may take two octets on the wire and many times as much in memory. Fails with
/// `malformed` for what is no message.
DecodeResult<std::size_t> count_fields(ByteView message, std::uint32_t field) noexcept;

}  // namespace libp2p::proto
