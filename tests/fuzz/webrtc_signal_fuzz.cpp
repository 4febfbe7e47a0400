// SPDX-License-Identifier: MIT OR Apache-2.0

// Any octets as a signalling message. What is read is written back, and reads the same.

#include "proto/webrtc_signal_message.hpp"

#include <cstdlib>

using namespace libp2p;
using namespace libp2p::webrtc;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto signal = decode_signal(proto::ByteView(data, size));
    if (!signal) {
        return 0;
    }
    const auto again = encode(*signal);
    const auto back = decode_signal(again);
    if (again.size() <= kMaxSignalSize && (!back || *back != *signal)) {
        std::abort();
    }
    return 0;
}
