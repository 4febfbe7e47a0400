// SPDX-License-Identifier: MIT OR Apache-2.0

// Any text as a message of a rendezvous server. What is read is written back, and reads the same.

#include "transports/webrtc/private/rendezvous_message.hpp"

#include <cstdlib>

using namespace libp2p;
using namespace libp2p::webrtc;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto message = parse_rendezvous_message({reinterpret_cast<const char*>(data), size});
    if (!message) {
        return 0;
    }
    const auto text = to_json(*message);
    const auto back = parse_rendezvous_message(text);
    if (text.size() <= kMaxRendezvousMessageSize && (!back || *back != *message)) {
        std::abort();
    }
    return 0;
}
