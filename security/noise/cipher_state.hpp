// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/crypto/chacha20_poly1305.hpp"

#include <limits>

namespace libp2p::noise {

inline constexpr std::size_t kTagSize = crypto::ChaCha20Poly1305::kTagSize;

/// A key and the counter that makes each message under it different. Both ends count alike, so a message that is lost,
/// repeated or out of order does not open.
class CipherState {
public:
    explicit CipherState(const crypto::Secret32& key, std::uint64_t counter = 0) noexcept
        : cipher_(key), counter_(counter) {}

    /// Encrypts `plaintext` into `sealed`, which is `kTagSize` longer and may start at the same address. False, with
    /// nothing written, once the counter is used up: the key must not be used again.
    [[nodiscard]] bool seal(ByteView associated, ByteView plaintext, MutableByteView sealed) noexcept {
        if (counter_ == kReservedCounter) {
            return false;
        }
        cipher_.seal(counter_++, associated, plaintext, sealed);
        return true;
    }

    /// Decrypts `sealed` where it stands; the plaintext is all but its last `kTagSize` octets. False when it is not the
    /// next message of who has the key, or when the counter is used up.
    [[nodiscard]] bool open_in_place(ByteView associated, MutableByteView sealed) noexcept {
        if (counter_ == kReservedCounter || !cipher_.open_in_place(counter_, associated, sealed)) {
            return false;
        }
        ++counter_;
        return true;
    }

private:
    /// Noise keeps the largest counter for itself.
    static constexpr std::uint64_t kReservedCounter = std::numeric_limits<std::uint64_t>::max();

    crypto::ChaCha20Poly1305 cipher_;
    std::uint64_t counter_;
};

}  // namespace libp2p::noise
