// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/bytes.hpp>

#include <cstdint>
#include <optional>

namespace libp2p::webrtc {

/// What may reach usrsctp of a packet.
enum class SctpVerdict : std::uint8_t {
    pass,
    malformed,  ///< the chunks do not add up to the packet, or one is shorter than its kind
    unwanted,   ///< a chunk that data channels have no use for
};

/// Looks at the chunks of an SCTP packet (RFC 9260, 3) before usrsctp does. Data channels use a part of SCTP; the parts
/// that they do not use (AUTH, ASCONF, packet drop reports, addresses in INIT) are where usrsctp's advisories come from
/// (CVE-2019-20503, CVE-2021-41184 and their like), and they have been switched off in it too: this is the second door.
/// Total, bounded, allocates nothing.
SctpVerdict check_sctp_packet(ByteView packet) noexcept;

/// Whether a packet that has passed carries data of a stream that is not below `streams`. usrsctp answers that with an
/// ERROR chunk, which pion does not heed: whoever opened the stream there would wait for ever.
bool uses_stream_beyond(ByteView packet, std::uint16_t streams) noexcept;

/// What the sender of an INIT has in mind.
struct SctpInit {
    std::uint16_t streams = 0;  ///< the larger number of those it wants to use, and of those it lets be used
    std::uint32_t window = 0;   ///< octets that it can receive
};

/// Empty when the packet does not begin with an INIT.
std::optional<SctpInit> init_of(ByteView packet) noexcept;

}  // namespace libp2p::webrtc
