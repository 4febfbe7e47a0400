// SPDX-License-Identifier: MIT OR Apache-2.0
#include <libp2p/keys.hpp>

#include <algorithm>
#include <cstdlib>

using namespace libp2p;

/// A private key that is read can be written and read again, and what it signs verifies.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto key = PrivateKey::decode(ByteView(data, size));
    if (!key) {
        return 0;
    }
    const auto encoded = key->encode();
    const auto again = PrivateKey::decode(encoded.view());
    if (!again || again->public_key() != key->public_key()) {
        std::abort();
    }
    const auto second = again->encode();
    if (!std::equal(encoded.view().begin(), encoded.view().end(), second.view().begin(), second.view().end())) {
        std::abort();
    }
    const auto message = as_bytes("message");
    if (!key->public_key().verify(message, again->sign(message))) {
        std::abort();
    }
    return 0;
}
