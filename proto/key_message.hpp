// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "proto/bytes.hpp"
#include "proto/decode_error.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace libp2p::proto {

/// The messages `PublicKey` and `PrivateKey` (keys.proto), which look the same. Peer ids are digests of them, so there
/// is one encoding of each key: both fields, in order, numbers in their shortest form, nothing else. This code writes
/// and reads just that; protobuf's own would allow more.
struct KeyMessage {
    std::uint64_t type;  ///< 0 RSA, 1 Ed25519, 2 secp256k1, 3 ECDSA
    ByteView data;       ///< borrowed
};

/// Largest number of a key type.
inline constexpr std::uint64_t kMaxKeyType = 3;

/// Octets in front of the data.
struct KeyMessageHeader {
    std::array<std::uint8_t, 12> octets{};
    std::size_t size = 0;

    ByteView view() const noexcept { return ByteView(octets).first(size); }
};

/// The header of a message with that type (at most `kMaxKeyType`) and that many octets of data. The message is the
/// header, then the data: who holds a secret puts it behind the header without a further copy.
KeyMessageHeader key_message_header(std::uint64_t type, std::size_t data_size) noexcept;

/// The whole message.
Bytes encode_key_message(const KeyMessage& message);

/// Reads a message that takes all of `in`; the result borrows from it. Fails with `not_canonical` for what protobuf
/// might read but no libp2p peer may write, `unknown_encoding` for another key type, `need_more` or `trailing_bytes`.
DecodeResult<KeyMessage> decode_key_message(ByteView in) noexcept;

}  // namespace libp2p::proto
