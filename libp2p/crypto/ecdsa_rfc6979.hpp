// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/crypto/p256.hpp"

#include <libp2p/bytes.hpp>

namespace libp2p::crypto::p256 {

/// The deterministic ECDSA signature over SHA-256 of RFC 6979, in DER: the same key and message give the same octets.
/// For the few signatures that have to be reproducible; `PrivateKey::sign`, which is hedged with randomness, is for
/// all others.
///
/// What is computed with the key and the nonce takes the same time for each value of them.
Bytes sign_deterministic(const PrivateKey& key, ByteView message);

}  // namespace libp2p::crypto::p256
