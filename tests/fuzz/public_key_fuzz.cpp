// SPDX-License-Identifier: MIT OR Apache-2.0
#include <libp2p/keys.hpp>

#include <algorithm>
#include <cstdlib>

using namespace libp2p;

/// There is one encoding of each key, and any key can be asked to verify anything.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView in(data, size);
    const auto key = PublicKey::decode(in);
    if (!key) {
        return 0;
    }
    if (!std::equal(in.begin(), in.end(), key->encoded().begin(), key->encoded().end()) ||
        PeerId::from_bytes(key->peer_id().bytes()).value() != key->peer_id() ||
        PublicKey::from_raw(key->type(), key->data()).value() != *key) {
        std::abort();
    }
    if (key->verify(in, in.subspan(size / 2))) {
        std::abort();  // a signature over itself
    }
    return 0;
}
