// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/keys.hpp"

#include "libp2p/crypto/ed25519.hpp"
#include "libp2p/crypto/p256.hpp"
#include "libp2p/crypto/rsa.hpp"
#include "libp2p/crypto/secp256k1.hpp"
#include "proto/key_message.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <variant>

namespace libp2p {
namespace {

static_assert(kMinRsaBits == crypto::rsa::kMinBits && kMaxRsaBits == crypto::rsa::kMaxBits);
static_assert(kMaxPublicKeySize >= crypto::rsa::kMaxPublicKeySize + 6);
static_assert(kMaxPrivateKeySize >= crypto::rsa::kMaxPrivateKeySize + 6);

struct TypeName {
    KeyType type;
    std::string_view name;
};

constexpr std::array kTypeNames{
    TypeName{KeyType::rsa, "rsa"},
    TypeName{KeyType::ed25519, "ed25519"},
    TypeName{KeyType::secp256k1, "secp256k1"},
    TypeName{KeyType::ecdsa, "ecdsa"},
};

/// An old form of a private Ed25519 key has the public key twice.
constexpr std::size_t kLegacyEd25519Size = crypto::ed25519::kPrivateKeySize + crypto::ed25519::kPublicKeySize;

Error refuse(std::string why) {
    return Error(Errc::invalid_key, std::move(why));
}

Error wrong_size(std::string_view what, std::size_t size, std::string_view right) {
    return refuse(std::string(what) + " of " + std::to_string(size) + " octets, not " + std::string(right));
}

Error refuse(std::string_view what, crypto::rsa::KeyProblem problem) {
    using crypto::rsa::KeyProblem;
    std::string why(what);
    switch (problem) {
        case KeyProblem::none: break;
        case KeyProblem::too_long: why += " that is longer than one of " + std::to_string(kMaxRsaBits) + " bits"; break;
        case KeyProblem::malformed: why += " that is not in its DER encoding"; break;
        case KeyProblem::modulus:
            why += " whose modulus is even, or not of " + std::to_string(kMinRsaBits) + " to " +
                   std::to_string(kMaxRsaBits) + " bits";
            break;
        case KeyProblem::exponent:
            why += " whose public exponent is even, or not of 3 to " + std::to_string(crypto::rsa::kMaxExponent);
            break;
        case KeyProblem::numbers: why += " whose numbers do not belong together"; break;
    }
    return refuse(std::move(why));
}

/// The parts of the message `PublicKey` or `PrivateKey`, which borrow from it.
result<proto::KeyMessage> decode_message(std::string_view what, ByteView message, std::size_t limit) {
    if (message.size() > limit) {
        return refuse(
            std::string(what) + " of " + std::to_string(message.size()) + " octets, the limit is " +
            std::to_string(limit)
        );
    }
    const auto parts = proto::decode_key_message(message);
    if (!parts) {
        return refuse(std::string(what) + ": " + parts.error().message());
    }
    return *parts;
}

}  // namespace

std::string_view to_string(KeyType type) noexcept {
    for (const auto& row : kTypeNames) {
        if (row.type == type) {
            return row.name;
        }
    }
    return "unknown";
}

std::optional<KeyType> key_type_of(std::string_view name) noexcept {
    for (const auto& row : kTypeNames) {
        if (row.name == name) {
            return row.type;
        }
    }
    return std::nullopt;
}

// --- PublicKey -----------------------------------------------------------------------------------------------------

result<PublicKey> PublicKey::decode(ByteView message) {
    const auto parts = decode_message("public key", message, kMaxPublicKeySize);
    if (!parts) {
        return parts.error();
    }
    return from_raw(static_cast<KeyType>(parts->type), parts->data);
}

result<PublicKey> PublicKey::from_raw(KeyType type, ByteView data) {
    switch (type) {
        case KeyType::ed25519:
            if (data.size() != crypto::ed25519::kPublicKeySize) {
                return wrong_size("Ed25519 public key", data.size(), "32");
            }
            break;
        case KeyType::secp256k1:
            if (data.size() != crypto::secp256k1::kPublicKeySize) {
                return wrong_size("secp256k1 public key", data.size(), "33");
            }
            if (!crypto::secp256k1::is_public_key(data)) {
                return refuse("secp256k1 public key that is no compressed point of the curve");
            }
            break;
        case KeyType::ecdsa:
            if (!crypto::p256::is_public_key(data)) {
                return refuse("ECDSA public key that is no point of the curve P-256 in its DER encoding");
            }
            break;
        case KeyType::rsa:
            if (const auto problem = crypto::rsa::check_public_key(data); problem != crypto::rsa::KeyProblem::none) {
                return refuse("RSA public key", problem);
            }
            break;
        default: return refuse("key of the unknown type " + std::to_string(static_cast<unsigned>(type)));
    }
    return PublicKey(std::make_shared<const Bytes>(proto::encode_key_message({static_cast<std::uint64_t>(type), data}))
    );
}

KeyType PublicKey::type() const noexcept {
    return static_cast<KeyType>((*encoded_)[1]);
}

ByteView PublicKey::encoded() const noexcept {
    return *encoded_;
}

ByteView PublicKey::data() const noexcept {
    return proto::decode_key_message(*encoded_)->data;
}

bool PublicKey::verify(ByteView message, ByteView signature) const noexcept {
    const auto key = data();
    switch (type()) {
        case KeyType::ed25519:
            return crypto::ed25519::verify(key.first<crypto::ed25519::kPublicKeySize>(), message, signature);
        case KeyType::secp256k1:
            return crypto::secp256k1::verify(key.first<crypto::secp256k1::kPublicKeySize>(), message, signature);
        case KeyType::ecdsa: return crypto::p256::verify(key, message, signature);
        case KeyType::rsa: return crypto::rsa::verify(key, message, signature);
    }
    return false;
}

bool operator==(const PublicKey& a, const PublicKey& b) noexcept {
    return *a.encoded_ == *b.encoded_;
}

// --- PrivateKey ----------------------------------------------------------------------------------------------------

namespace {

struct Ed25519Key {
    crypto::ed25519::PrivateKey key;

    PublicKey public_key() const {
        return PublicKey::from_raw(KeyType::ed25519, key.view().last<crypto::ed25519::kPublicKeySize>()).value();
    }
    SecretBytes encode() const { return SecretBytes(key.view()); }
    Bytes sign(ByteView message) const {
        const auto signature = crypto::ed25519::sign(key, message);
        return Bytes(signature.begin(), signature.end());
    }
};

struct Secp256k1Key {
    crypto::secp256k1::PrivateKey key;

    PublicKey public_key() const {
        return PublicKey::from_raw(KeyType::secp256k1, crypto::secp256k1::public_key_of(key).value()).value();
    }
    SecretBytes encode() const { return SecretBytes(key.view()); }
    Bytes sign(ByteView message) const { return crypto::secp256k1::sign(key, message); }
};

struct EcdsaKey {
    crypto::p256::PrivateKey key;

    PublicKey public_key() const { return PublicKey::from_raw(KeyType::ecdsa, key.public_key()).value(); }
    SecretBytes encode() const { return key.encode(); }
    Bytes sign(ByteView message) const { return key.sign(message); }
};

struct RsaKey {
    crypto::rsa::PrivateKey key;

    PublicKey public_key() const { return PublicKey::from_raw(KeyType::rsa, key.public_key()).value(); }
    SecretBytes encode() const { return key.encode(); }
    Bytes sign(ByteView message) const { return key.sign(message); }
};

using AnyKey = std::variant<RsaKey, Ed25519Key, Secp256k1Key, EcdsaKey>;

AnyKey generate_key(KeyType type) {
    switch (type) {
        case KeyType::rsa: return RsaKey{crypto::rsa::PrivateKey::generate(kGeneratedRsaBits)};
        case KeyType::ed25519: break;
        case KeyType::secp256k1: return Secp256k1Key{crypto::secp256k1::generate()};
        case KeyType::ecdsa: return EcdsaKey{crypto::p256::PrivateKey::generate()};
    }
    return Ed25519Key{crypto::ed25519::generate()};
}

result<AnyKey> decode_ed25519(ByteView data) {
    using crypto::ed25519::kPublicKeySize;
    using crypto::ed25519::kSeedSize;
    if (data.size() != crypto::ed25519::kPrivateKeySize && data.size() != kLegacyEd25519Size) {
        return wrong_size("Ed25519 private key", data.size(), "64 or 96");
    }
    auto key = crypto::ed25519::from_seed(data.first<kSeedSize>());
    const ByteView public_key = key.view().last<kPublicKeySize>();
    for (auto copies = data.subspan(kSeedSize); !copies.empty(); copies = copies.subspan(kPublicKeySize)) {
        if (!crypto::constant_time_equal(copies.first(kPublicKeySize), public_key)) {
            return refuse("Ed25519 private key whose public half belongs to another key");
        }
    }
    return AnyKey(Ed25519Key{std::move(key)});
}

result<AnyKey> decode_secp256k1(ByteView data) {
    constexpr auto kSize = crypto::secp256k1::kPrivateKeySize;
    if (data.size() != kSize) {
        return wrong_size("secp256k1 private key", data.size(), "32");
    }
    crypto::secp256k1::PrivateKey key(data.first<kSize>());
    if (!crypto::secp256k1::public_key_of(key)) {
        return refuse("secp256k1 private key that is zero or past the order of the curve");
    }
    return AnyKey(Secp256k1Key{std::move(key)});
}

result<AnyKey> decode_ecdsa(ByteView data) {
    auto key = crypto::p256::PrivateKey::parse(data);
    if (!key) {
        return refuse("ECDSA private key that is no DER ECPrivateKey of the curve P-256");
    }
    return AnyKey(EcdsaKey{std::move(*key)});
}

result<AnyKey> decode_rsa(ByteView data) {
    auto problem = crypto::rsa::KeyProblem::none;
    auto key = crypto::rsa::PrivateKey::parse(data, problem);
    if (!key) {
        return refuse("RSA private key", problem);
    }
    return AnyKey(RsaKey{std::move(*key)});
}

result<AnyKey> decode_data(KeyType type, ByteView data) {
    switch (type) {
        case KeyType::rsa: return decode_rsa(data);
        case KeyType::ed25519: return decode_ed25519(data);
        case KeyType::secp256k1: return decode_secp256k1(data);
        case KeyType::ecdsa: return decode_ecdsa(data);
    }
    return refuse("key of an unknown type");
}

}  // namespace

struct PrivateKey::State {
    explicit State(AnyKey any)
        : key(std::move(any)), public_key(std::visit([](const auto& k) { return k.public_key(); }, key)) {}

    AnyKey key;
    PublicKey public_key;
};

PrivateKey PrivateKey::generate(KeyType type) {
    return PrivateKey(std::make_unique<State>(generate_key(type)));
}

result<PrivateKey> PrivateKey::decode(ByteView message) {
    const auto parts = decode_message("private key", message, kMaxPrivateKeySize);
    if (!parts) {
        return parts.error();
    }
    auto key = decode_data(static_cast<KeyType>(parts->type), parts->data);
    if (!key) {
        return key.error();
    }
    return PrivateKey(std::make_unique<State>(std::move(*key)));
}

PrivateKey::PrivateKey(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
PrivateKey::PrivateKey(PrivateKey&&) noexcept = default;
PrivateKey& PrivateKey::operator=(PrivateKey&&) noexcept = default;
PrivateKey::~PrivateKey() = default;

PrivateKey PrivateKey::clone() const {
    return decode(encode().view()).value();
}

KeyType PrivateKey::type() const noexcept {
    return state_->public_key.type();
}

const PublicKey& PrivateKey::public_key() const noexcept {
    return state_->public_key;
}

SecretBytes PrivateKey::encode() const {
    const auto data = std::visit([](const auto& key) { return key.encode(); }, state_->key);
    const auto header = proto::key_message_header(static_cast<std::uint64_t>(type()), data.size());
    SecretBytes message(header.size + data.size());
    std::copy(header.view().begin(), header.view().end(), message.writable().begin());
    std::copy(data.view().begin(), data.view().end(), message.writable().subspan(header.size).begin());
    return message;
}

Bytes PrivateKey::sign(ByteView message) const {
    return std::visit([message](const auto& key) { return key.sign(message); }, state_->key);
}

// --- Identity ------------------------------------------------------------------------------------------------------

struct Identity::State {
    explicit State(PrivateKey private_key)
        : key(std::move(private_key)), peer(PeerId::from_public_key(key.public_key())) {}

    PrivateKey key;
    PeerId peer;
};

Identity Identity::generate(KeyType type) {
    return Identity(PrivateKey::generate(type));
}

Identity::Identity(PrivateKey key) : state_(std::make_shared<const State>(std::move(key))) {}

const PeerId& Identity::peer_id() const noexcept {
    return state_->peer;
}
const PublicKey& Identity::public_key() const noexcept {
    return state_->key.public_key();
}
const PrivateKey& Identity::private_key() const noexcept {
    return state_->key;
}

}  // namespace libp2p
