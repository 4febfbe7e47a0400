// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/crypto/x25519.hpp"
#include "security/noise/symmetric_state.hpp"

#include <libp2p/error.hpp>

namespace libp2p::noise {

/// Octets that the keys and tags of a handshake message take, without its payload, in the order of the messages.
inline constexpr std::size_t kMessageOverhead[] = {32, 32 + 32 + 16 + 16, 32 + 16 + 16};

/// The keys of an established session, and the hash that names it.
struct SessionKeys {
    crypto::Secret32 send;
    crypto::Secret32 receive;
    crypto::Sha256Digest handshake_hash;
};

/// One side of Noise_XX_25519_ChaChaPoly_SHA256 (Noise specification, section 5.3). Octets in, octets out; no framing,
/// and no opinion on payloads.
///
///     -> e
///     <- e, ee, s, es
///     -> s, se
///
/// The initiator writes, reads, writes; the responder reads, writes, reads. After a failure the object is of no use.
class HandshakeState {
public:
    /// `static_key` is borrowed.
    static HandshakeState initiator(
        const crypto::X25519KeyPair& static_key, crypto::X25519KeyPair ephemeral, ByteView prologue
    );
    static HandshakeState responder(
        const crypto::X25519KeyPair& static_key, crypto::X25519KeyPair ephemeral, ByteView prologue
    );

    /// Appends the next message to `out`. Fails with `Errc::authentication_failed` when the remote's keys are
    /// worthless.
    result<void> write_message(ByteView payload, Bytes& out);

    /// Takes the next message, decrypts it where it stands, and returns its payload. Fails with
    /// `Errc::authentication_failed`, also when it is too short.
    result<ByteView> read_message(MutableByteView message);

    bool is_finished() const noexcept { return next_ == kMessages; }

    /// The remote's static key, once it has arrived: message 2 for the initiator, message 3 for the responder.
    const crypto::X25519PublicKey& remote_static_key() const noexcept { return remote_static_; }

    /// What follows from a finished handshake.
    SessionKeys session_keys() const noexcept;

private:
    static constexpr unsigned kMessages = 3;

    HandshakeState(
        bool initiator, const crypto::X25519KeyPair& static_key, crypto::X25519KeyPair ephemeral, ByteView prologue
    );

    result<void> mix_shared(const crypto::X25519KeyPair& ours, const crypto::X25519PublicKey& theirs);
    result<void> read_static(MutableByteView& message);

    bool is_initiator_;
    unsigned next_ = 0;
    SymmetricState symmetric_;
    const crypto::X25519KeyPair& static_;
    crypto::X25519KeyPair ephemeral_;
    crypto::X25519PublicKey remote_static_{};
    crypto::X25519PublicKey remote_ephemeral_{};
};

}  // namespace libp2p::noise
