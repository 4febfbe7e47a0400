// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/multibase.hpp"

#include <cstdlib>
#include <string_view>

using namespace libp2p::proto;

/// What is read is written back as the same text, and octets come back whatever base they go through.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto read = decode_multibase(text)) {
        // Long numbers are read but not written.
        const bool positional =
            read->base == Base::base36 || read->base == Base::base36upper || read->base == Base::base58btc;
        if ((!positional || read->data.size() <= kMaxPositionalDataSize) &&
            encode_multibase(read->base, read->data) != text) {
            std::abort();
        }
    }
    const Bytes octets(data, data + std::min(size, kMaxPositionalDataSize));
    for (const char prefix : std::string_view("fFbBcCkKzmMuU")) {
        const auto base = static_cast<Base>(prefix);
        const auto back = decode_base(base, encode_base(base, octets));
        if (!back || *back != octets) {
            std::abort();
        }
    }
    return 0;
}
