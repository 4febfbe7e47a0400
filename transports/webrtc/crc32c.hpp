// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/bytes.hpp>

#include <cstdint>

namespace libp2p::webrtc {

/// CRC-32C (Castagnoli) as SCTP uses it (RFC 9260 appendix A); by the processor's instruction where it has one.
std::uint32_t crc32c(ByteView octets) noexcept;

/// Fills in the checksum of an SCTP packet, which has at least its common header of 12 octets.
void write_sctp_checksum(MutableByteView packet) noexcept;

}  // namespace libp2p::webrtc
