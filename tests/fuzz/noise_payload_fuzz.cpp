// SPDX-License-Identifier: MIT OR Apache-2.0

// The payload of a Noise handshake. What can be read is within its bounds, and is the same after writing and reading
// it.

#include "proto/noise_payload.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace libp2p::noise;
    const auto payload = decode_payload({data, size});
    if (!payload) {
        return 0;
    }
    const bool bounded = payload->identity_key.size() <= kMaxIdentityKeySize &&
                         payload->identity_signature.size() <= kMaxIdentitySignatureSize &&
                         payload->stream_muxers.size() <= kMaxStreamMuxers &&
                         payload->certhashes.size() <= kMaxCerthashes;
    const auto again = decode_payload(encode(*payload));
    if (!bounded || again != payload) {
        std::abort();
    }
    return 0;
}
