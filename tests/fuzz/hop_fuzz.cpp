// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/relay_message.hpp"

#include <cstdlib>

using namespace libp2p;

/// A hop message that is read keeps to its bounds, and is the same after it was written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto message = relay::decode_hop_message({data, size});
    if (!message) {
        return 0;
    }
    const bool bounded =
        size <= relay::kMaxMessageSize &&
        (!message->peer || message->peer->addresses.size() <= relay::kMaxMessageAddresses) &&
        (!message->reservation || message->reservation->addresses.size() <= relay::kMaxMessageAddresses);
    const auto octets = encode(*message);
    if (!bounded ||
        (octets.size() <= relay::kMaxMessageSize && relay::decode_hop_message(octets).value() != *message)) {
        std::abort();
    }
    return 0;
}
