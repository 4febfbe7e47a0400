// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/sctp_filter.hpp"
#include "transports/webrtc/stream_reset_gate.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const libp2p::ByteView packet(data, size);
    (void)libp2p::webrtc::init_of(packet);
    if (libp2p::webrtc::check_sctp_packet(packet) != libp2p::webrtc::SctpVerdict::pass) {
        return 0;
    }
    (void)libp2p::webrtc::uses_stream_beyond(packet, 8);
    libp2p::webrtc::StreamResetGate gate;
    gate.on_sent(packet);
    (void)gate.admit(packet);
    const auto admitted = gate.admit(packet);
    const auto held = gate.take_due();
    for (const auto octets : {admitted, held ? libp2p::ByteView(*held) : libp2p::ByteView()}) {
        if (!octets.empty() && libp2p::webrtc::check_sctp_packet(octets) != libp2p::webrtc::SctpVerdict::pass) {
            std::abort();
        }
    }
    return 0;
}
