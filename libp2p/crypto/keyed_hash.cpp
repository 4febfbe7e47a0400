// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/keyed_hash.hpp"

#include "libp2p/crypto/boringssl.hpp"
#include "libp2p/crypto/random.hpp"

#include <openssl/siphash.h>

#include <array>

namespace libp2p::crypto {

std::uint64_t keyed_hash(ByteView bytes) noexcept {
    static const std::array<std::uint64_t, 2> key{random_uint64(), random_uint64()};
    return SIPHASH_24(key.data(), bytes.data(), bytes.size());
}

}  // namespace libp2p::crypto
