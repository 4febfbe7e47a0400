// SPDX-License-Identifier: MIT OR Apache-2.0
#include <libp2p/peer_record.hpp>

#include <cstdlib>

using namespace libp2p;

/// A record that is read is the same after it was written, and keeps to its bounds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView in(data, size);
    if (const auto record = PeerRecord::decode(in)) {
        const auto again = PeerRecord::decode(record->encode());
        if (!again || *again != *record || record->addresses.size() > PeerRecord::kMaxAddresses) {
            std::abort();
        }
    }
    // Nearly always refused, because of the signature; the parsers in front of it run all the same.
    if (const auto record = PeerRecord::open(in); record && record->addresses.size() > PeerRecord::kMaxAddresses) {
        std::abort();
    }
    return 0;
}
