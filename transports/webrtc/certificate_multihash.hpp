// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/crypto/sha256.hpp"

#include <libp2p/bytes.hpp>

namespace libp2p::webrtc {

/// The multihash of a certificate with this digest: what certhash and Noise prologue are made of.
Bytes certificate_multihash(const crypto::Sha256Digest& digest);

}  // namespace libp2p::webrtc
