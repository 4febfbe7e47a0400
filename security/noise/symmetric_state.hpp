// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/crypto/secure_memory.hpp"
#include "libp2p/crypto/sha256.hpp"
#include "security/noise/cipher_state.hpp"

#include <libp2p/error.hpp>

#include <optional>
#include <string_view>
#include <utility>

namespace libp2p::noise {

/// What both sides of a handshake have in common so far: a hash of everything that was said, and a key that only they
/// can know. The names are those of the Noise specification, section 5.2.
class SymmetricState {
public:
    explicit SymmetricState(std::string_view protocol_name) noexcept;

    void mix_hash(ByteView data) noexcept;
    void mix_key(const crypto::Secret32& input) noexcept;

    /// Appends `plaintext` to `out`, encrypted once there is a key.
    void encrypt_and_hash(ByteView plaintext, Bytes& out);

    /// Decrypts `data` where it stands, once there is a key. Fails with `Errc::authentication_failed`.
    result<MutableByteView> decrypt_and_hash(MutableByteView data) noexcept;

    /// How much longer `encrypt_and_hash` makes its input.
    std::size_t overhead() const noexcept { return cipher_ ? kTagSize : 0; }

    const crypto::Sha256Digest& hash() const noexcept { return hash_; }

    /// The keys of the two directions; the first is the initiator's.
    std::pair<crypto::Secret32, crypto::Secret32> split() const noexcept;

private:
    crypto::Sha256Digest hash_;
    crypto::Secret32 chaining_key_;
    std::optional<CipherState> cipher_;
};

}  // namespace libp2p::noise
