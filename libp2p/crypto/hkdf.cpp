// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/hkdf.hpp"

#include "libp2p/crypto/boringssl.hpp"

#include <openssl/digest.h>
#include <openssl/hkdf.h>
#include <openssl/hmac.h>

namespace libp2p::crypto {

Sha256Digest hmac_sha256(ByteView key, ByteView message) noexcept {
    Sha256Digest digest;
    unsigned size = 0;
    must(HMAC(EVP_sha256(), key.data(), key.size(), message.data(), message.size(), digest.data(), &size) != nullptr);
    must(size == digest.size());
    return digest;
}

TwoSecrets noise_hkdf2(const Secret32& chaining_key, ByteView input) noexcept {
    // The outputs are those of RFC 5869 with an empty info, cut into pieces.
    SecretArray<64> out;
    hkdf_sha256(chaining_key.view(), input, {}, out.writable());
    return {Secret32(out.view().first<32>()), Secret32(out.view().last<32>())};
}

void hkdf_sha256(ByteView salt, ByteView input, ByteView info, MutableByteView out) noexcept {
    must(
        HKDF(
            out.data(),
            out.size(),
            EVP_sha256(),
            input.data(),
            input.size(),
            salt.data(),
            salt.size(),
            info.data(),
            info.size()
        ) == 1
    );
}

}  // namespace libp2p::crypto
