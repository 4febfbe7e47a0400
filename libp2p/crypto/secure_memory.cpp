// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/secure_memory.hpp"

#include "libp2p/crypto/boringssl.hpp"

#include <openssl/mem.h>

namespace libp2p {

void secure_wipe(MutableByteView bytes) noexcept {
    if (!bytes.empty()) {
        OPENSSL_cleanse(bytes.data(), bytes.size());
    }
}

}  // namespace libp2p

namespace libp2p::crypto {

bool constant_time_equal(ByteView a, ByteView b) noexcept {
    return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace libp2p::crypto
