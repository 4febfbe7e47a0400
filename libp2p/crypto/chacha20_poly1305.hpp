// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/crypto/secure_memory.hpp"

#include <libp2p/bytes.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace libp2p::crypto {

/// The cipher ChaCha20-Poly1305 under one key. The 12-octet nonce is built as Noise does: four zeros, then the counter
/// in little-endian order. Never seal twice with the same counter.
///
/// Calls neither allocate nor touch anything outside of the object and their arguments, and may run at the same time on
/// several threads.
class ChaCha20Poly1305 {
public:
    static constexpr std::size_t kKeySize = 32;
    static constexpr std::size_t kTagSize = 16;

    explicit ChaCha20Poly1305(std::span<const std::uint8_t, kKeySize> key) noexcept;
    explicit ChaCha20Poly1305(const Secret32& key) noexcept : ChaCha20Poly1305(key.view()) {}
    ChaCha20Poly1305(ChaCha20Poly1305&& other) noexcept;
    ChaCha20Poly1305& operator=(ChaCha20Poly1305&& other) noexcept;
    ChaCha20Poly1305(const ChaCha20Poly1305&) = delete;
    ChaCha20Poly1305& operator=(const ChaCha20Poly1305&) = delete;
    ~ChaCha20Poly1305();

    /// Encrypts `plaintext` into `sealed`, which must be `kTagSize` octets longer: ciphertext, then tag. The two may
    /// start at the same address; any other overlap is a mistake.
    void seal(std::uint64_t counter, ByteView associated, ByteView plaintext, MutableByteView sealed) const noexcept;

    /// Checks and decrypts `sealed` (ciphertext, then tag) into `plaintext`, which must be `kTagSize` octets shorter.
    /// The two may start at the same address; any other overlap is a mistake. False when the tag does not fit, or when
    /// `sealed` is too short to hold one; what is in `plaintext` then is of no use, but never decrypted text.
    [[nodiscard]] bool open(std::uint64_t counter, ByteView associated, ByteView sealed, MutableByteView plaintext)
        const noexcept;

    /// `open` where the octets stand; the plaintext is the beginning of `sealed`, without its last `kTagSize` octets.
    [[nodiscard]] bool open_in_place(std::uint64_t counter, ByteView associated, MutableByteView sealed) const noexcept;

private:
    alignas(8) std::array<std::byte, 600> context_;  // the library's context for this key, made once
};

}  // namespace libp2p::crypto
