// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/bytes.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace libp2p::crypto {

inline constexpr std::size_t kSha256Size = 32;

using Sha256Digest = std::array<std::uint8_t, kSha256Size>;

/// The SHA-256 digest of `message`.
Sha256Digest sha256(ByteView message) noexcept;

/// SHA-256 of a message that comes in pieces. Allocates nothing. A copy goes on from the same state.
class Sha256 {
public:
    Sha256() noexcept;

    /// Appends `piece` to the message.
    Sha256& update(ByteView piece) noexcept;

    /// The digest of everything so far; the object then starts a new message.
    Sha256Digest finish() noexcept;

private:
    alignas(8) std::array<std::byte, 112> state_;
};

}  // namespace libp2p::crypto
