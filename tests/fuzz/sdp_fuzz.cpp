// SPDX-License-Identifier: MIT OR Apache-2.0

// Any text as the session description of a peer. What is read is written back, and reads the same.

#include "transports/webrtc/private/session_description.hpp"

#include <cstdlib>

using namespace libp2p;
using namespace libp2p::webrtc;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto read = parse_session_description({reinterpret_cast<const char*>(data), size});
    if (!read) {
        return 0;
    }
    const auto text = to_sdp(*read, 1);
    const auto back = parse_session_description(text);
    if (text.size() > kMaxDescriptionSize) {
        return 0;
    }
    const bool is_same = back && back->ufrag == read->ufrag && back->password == read->password &&
                         back->fingerprints == read->fingerprints && back->setup == read->setup &&
                         back->mid == read->mid && back->candidates == read->candidates;
    if (!is_same) {
        std::abort();
    }
    return 0;
}
