// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/bytes.hpp>
#include <libp2p/error.hpp>
#include <libp2p/keys.hpp>

#include <cstddef>
#include <string_view>

namespace libp2p {

/// Largest envelope that is looked at, in octets.
inline constexpr std::size_t kMaxEnvelopeSize = 64 * 1024;

/// A message with the signature of whoever it comes from, so that others can pass it on. Each use has a domain of its
/// own, which is signed but not sent: a signature made for one use is worth nothing in another.
///
/// A value that is always valid: an envelope whose signature does not fit cannot be made.
class SignedEnvelope {
public:
    /// Signs `payload`, which is of the kind `payload_type`, for use in `domain`.
    static SignedEnvelope seal(
        const Identity& signer, std::string_view domain, ByteView payload_type, ByteView payload
    );

    /// Reads an envelope and checks its signature for use in `domain`. Fails with `Errc::invalid_signature` when the
    /// octets are no envelope, when there are more than `kMaxEnvelopeSize`, or when the signature is not over this
    /// payload for this domain; with `Errc::invalid_key` when the signer's key is none. Unknown fields are passed over.
    static result<SignedEnvelope> open(ByteView message, std::string_view domain);

    const PublicKey& signer() const noexcept { return signer_; }
    ByteView payload_type() const noexcept { return payload_type_; }
    ByteView payload() const noexcept { return payload_; }
    ByteView signature() const noexcept { return signature_; }

    /// The message `Envelope`, always the same octets for the same envelope.
    Bytes encode() const;

    friend bool operator==(const SignedEnvelope&, const SignedEnvelope&) = default;

private:
    SignedEnvelope(PublicKey signer, Bytes payload_type, Bytes payload, Bytes signature) noexcept;

    PublicKey signer_;
    Bytes payload_type_;
    Bytes payload_;
    Bytes signature_;
};

}  // namespace libp2p
