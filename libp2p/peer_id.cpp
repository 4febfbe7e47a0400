// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/peer_id.hpp"

#include "libp2p/crypto/keyed_hash.hpp"
#include "libp2p/crypto/sha256.hpp"
#include "proto/cid.hpp"
#include "proto/key_message.hpp"
#include "proto/multibase.hpp"
#include "proto/multicodec.hpp"
#include "proto/multihash.hpp"

#include <libp2p/keys.hpp>

#include <boost/assert.hpp>

#include <ostream>

namespace libp2p {
namespace {

/// Longest encoding of a public key that stands in the id itself, by the specification.
constexpr std::size_t kMaxInlineKeySize = 42;

constexpr std::uint8_t kIdentityHash = proto::multicodec::kIdentity;

Error refuse(std::string why) {
    return Error(Errc::invalid_address, "not a peer id: " + std::move(why));
}

/// Whether `key` looks like one of the keys that are small enough: right type, right length. Whether it is on its curve
/// is asked when somebody wants to use it.
bool is_inline_key(ByteView key) noexcept {
    const auto message = proto::decode_key_message(key);
    if (!message) {
        return false;
    }
    switch (message->type) {
        case static_cast<std::uint64_t>(KeyType::ed25519): return message->data.size() == 32;
        case static_cast<std::uint64_t>(KeyType::secp256k1):
            return message->data.size() == 33 && (message->data[0] == 2 || message->data[0] == 3);
        default: return false;
    }
}

}  // namespace

PeerId::PeerId(ByteView multihash) noexcept : size_(static_cast<std::uint8_t>(multihash.size())) {
    BOOST_ASSERT(multihash.size() <= kMaxSize);
    std::copy(multihash.begin(), multihash.end(), bytes_.begin());
}

PeerId PeerId::from_public_key(const PublicKey& key) noexcept {
    const auto encoded = key.encoded();
    const bool fits = encoded.size() <= kMaxInlineKeySize;
    const auto digest = fits ? crypto::Sha256Digest{} : crypto::sha256(encoded);
    const auto content = fits ? encoded : ByteView(digest);
    std::array<std::uint8_t, 2 + kMaxInlineKeySize> octets{};
    octets[0] = static_cast<std::uint8_t>(fits ? proto::multicodec::kIdentity : proto::multicodec::kSha2_256);
    octets[1] = static_cast<std::uint8_t>(content.size());
    std::copy(content.begin(), content.end(), octets.begin() + 2);
    return PeerId(ByteView(octets).first(2 + content.size()));
}

result<PeerId> PeerId::from_bytes(ByteView multihash) {
    const auto hash = proto::decode_multihash(multihash);
    if (!hash) {
        return refuse("as a multihash it " + hash.error().message());
    }
    switch (hash->code) {
        case proto::multicodec::kSha2_256:
            if (hash->digest.size() != crypto::kSha256Size) {
                return refuse("a SHA-256 digest of " + std::to_string(hash->digest.size()) + " octets, not 32");
            }
            break;
        case proto::multicodec::kIdentity:
            if (hash->digest.size() > kMaxInlineKeySize) {
                return refuse(
                    "a key of " + std::to_string(hash->digest.size()) + " octets inside, the limit is " +
                    std::to_string(kMaxInlineKeySize)
                );
            }
            if (!is_inline_key(hash->digest)) {
                return refuse("no Ed25519 or secp256k1 key in its canonical encoding inside");
            }
            break;
        default: return refuse("hash function " + std::to_string(hash->code) + ", only identity and sha2-256 are used");
    }
    return PeerId(multihash);
}

result<PeerId> PeerId::parse(std::string_view text) {
    if (text.size() > kMaxTextSize) {
        return refuse(std::to_string(text.size()) + " characters, the limit is " + std::to_string(kMaxTextSize));
    }
    if (text.starts_with('1') || text.starts_with("Qm")) {
        const auto octets = proto::decode_base(proto::Base::base58btc, text);
        if (!octets) {
            return refuse("in base58btc " + octets.error().message());
        }
        return from_bytes(*octets);
    }
    const auto cid = proto::parse_cid(text);
    if (!cid) {
        return refuse("neither base58btc nor a CID: " + cid.error().message());
    }
    if (cid->codec != proto::multicodec::kLibp2pKey) {
        return refuse("a CID of codec " + std::to_string(cid->codec) + ", not libp2p-key");
    }
    return from_bytes(cid->multihash);
}

std::string PeerId::to_string() const {
    return proto::encode_base(proto::Base::base58btc, bytes());
}

std::string PeerId::to_cid_string() const {
    return proto::to_text(proto::Cid{1, proto::multicodec::kLibp2pKey, proto::Bytes(bytes().begin(), bytes().end())});
}

bool PeerId::has_public_key() const noexcept {
    return bytes_[0] == kIdentityHash;
}

result<PublicKey> PeerId::public_key() const {
    if (!has_public_key()) {
        return Error(Errc::invalid_key, "peer id " + to_string() + " is a digest and holds no key");
    }
    return PublicKey::decode(bytes().subspan(2));
}

std::ostream& operator<<(std::ostream& out, const PeerId& peer) {
    return out << peer.to_string();
}

}  // namespace libp2p

std::size_t std::hash<libp2p::PeerId>::operator()(const libp2p::PeerId& peer) const noexcept {
    return static_cast<std::size_t>(libp2p::crypto::keyed_hash(peer.bytes()));
}
