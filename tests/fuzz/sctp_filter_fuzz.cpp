// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/sctp_filter.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const libp2p::ByteView packet(data, size);
    (void)libp2p::webrtc::check_sctp_packet(packet);
    (void)libp2p::webrtc::streams_in_init(packet);
    return 0;
}
