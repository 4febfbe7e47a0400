// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/bytes.hpp>
#include <libp2p/error.hpp>

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

namespace libp2p {

class PublicKey;

/// The name of a peer: a multihash of its public key. Small keys (Ed25519, secp256k1) are inside the name itself,
/// larger ones (RSA, ECDSA) are there as their SHA-256 digest.
///
/// A value: always valid, no heap, compared octet by octet.
class PeerId {
public:
    /// Octets of the longest id there is: that of a secp256k1 key.
    static constexpr std::size_t kMaxSize = 39;

    /// Longest text that `parse` looks at, in characters. The longest right one, base16 of a CID, has 83.
    static constexpr std::size_t kMaxTextSize = 128;

    /// The id of the peer that holds the private half of `key`.
    static PeerId from_public_key(const PublicKey& key) noexcept;

    /// Reads the octets of an id, all of them. Fails with `Errc::invalid_address` unless they are a SHA-256 multihash,
    /// or an identity multihash of a public key in its one canonical encoding.
    static result<PeerId> from_bytes(ByteView multihash);

    /// Reads either text form: base58btc ("12D3KooW…", "16Uiu2HA…", "Qm…") or a CID of the codec libp2p-key in any
    /// multibase ("bafzaa…", "k51q…"). Fails with `Errc::invalid_address`.
    static result<PeerId> parse(std::string_view text);

    /// The id in base58btc, as it is printed everywhere.
    std::string to_string() const;

    /// The id as a CID in base32, for places where letters have one case (host names).
    std::string to_cid_string() const;

    /// The multihash. Lives as long as this object.
    ByteView bytes() const noexcept { return {bytes_.data(), size_}; }

    /// Whether the key is inside the id.
    bool has_public_key() const noexcept;

    /// The key that is inside the id. Fails with `Errc::invalid_key` when the id is a digest, and when what is inside
    /// is no point of its curve.
    result<PublicKey> public_key() const;

    friend bool operator==(const PeerId& a, const PeerId& b) noexcept {
        return std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin(), b.bytes().end());
    }
    friend std::strong_ordering operator<=>(const PeerId& a, const PeerId& b) noexcept {
        return std::lexicographical_compare_three_way(
            a.bytes().begin(), a.bytes().end(), b.bytes().begin(), b.bytes().end()
        );
    }

private:
    explicit PeerId(ByteView multihash) noexcept;

    std::array<std::uint8_t, kMaxSize> bytes_{};
    std::uint8_t size_ = 0;
};

std::ostream& operator<<(std::ostream& out, const PeerId& peer);

}  // namespace libp2p

/// Keyed with a random number of the process: whoever chooses ids cannot choose collisions.
template <>
struct std::hash<libp2p::PeerId> {
    std::size_t operator()(const libp2p::PeerId& peer) const noexcept;
};
