// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/crypto/certificate.hpp"

namespace libp2p {
class Identity;
}

namespace libp2p::webrtc {

/// The certificate of a host's listeners. It follows from the host's private key, so that the address that was given
/// away yesterday is right today; nothing of the key can be told from it.
crypto::Certificate certificate_of(const Identity& identity);

}  // namespace libp2p::webrtc
