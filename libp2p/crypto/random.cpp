// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/random.hpp"

#include "libp2p/crypto/boringssl.hpp"

#include <openssl/rand.h>

#include <array>
#include <bit>

namespace libp2p::crypto {

void random_bytes(MutableByteView out) noexcept {
    must(RAND_bytes(out.data(), out.size()) == 1);
}

std::uint64_t random_uint64() noexcept {
    std::array<std::uint8_t, sizeof(std::uint64_t)> octets;
    random_bytes(octets);
    return std::bit_cast<std::uint64_t>(octets);
}

}  // namespace libp2p::crypto
