// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

// For the sources of this folder alone: the first of BoringSSL's headers, and the check that they are BoringSSL's.

#include <openssl/base.h>

#ifndef OPENSSL_IS_BORINGSSL
#error \
    "<openssl/base.h> is not BoringSSL's: put BoringSSL's include folder before OpenSSL's (cmake/FindBoringSSL.cmake)"
#endif

#include <cstdlib>

namespace libp2p::crypto {

/// For calls that fail only when we made a mistake, or when memory has run out inside of the library: going on would
/// mean to use a key, a nonce or a digest that is not one.
inline void must(bool succeeded) noexcept {
    if (!succeeded) {
        std::abort();
    }
}

}  // namespace libp2p::crypto
