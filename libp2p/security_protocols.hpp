// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/keys.hpp>
#include <libp2p/security.hpp>

#include <memory>

namespace libp2p {

/// Noise XX, "/noise": Noise_XX_25519_ChaChaPoly_SHA256 with the libp2p handshake payload (libp2p specs, noise).
std::unique_ptr<SecurityProtocol> make_noise(Identity identity);

}  // namespace libp2p
