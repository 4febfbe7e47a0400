// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/certificate.hpp"

#include "libp2p/crypto/boringssl.hpp"
#include "libp2p/crypto/ecdsa_rfc6979.hpp"
#include "libp2p/crypto/hkdf.hpp"
#include "libp2p/crypto/random.hpp"

#include <openssl/bytestring.h>
#include <openssl/mem.h>

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace libp2p::crypto {
namespace {

constexpr std::array<std::uint8_t, 12> kEcdsaWithSha256{
    0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02
};
constexpr std::array<std::uint8_t, 3> kCommonName{0x55, 0x04, 0x03};

/// What Chromium writes into its own.
constexpr std::string_view kName = "WebRTC";

constexpr std::string_view kNotBeforeText = "200101000000Z";   // UTCTime
constexpr std::string_view kNotAfterText = "21200101000000Z";  // GeneralizedTime, as RFC 5280 wants it from 2050 on

constexpr std::size_t kSerialSize = 16;

using Serial = std::array<std::uint8_t, kSerialSize>;

/// The same `serial`, as a positive INTEGER whose first octet is not zero.
Serial positive(Serial serial) noexcept {
    serial[0] = static_cast<std::uint8_t>((serial[0] & 0x7f) | 0x40);
    return serial;
}

void add(CBB& out, ByteView octets) {
    must(CBB_add_bytes(&out, octets.data(), octets.size()) == 1);
}

/// Appends one element of the given type and content.
void add(CBB& out, unsigned tag, ByteView content) {
    CBB child;
    must(CBB_add_asn1(&out, &child, tag) == 1);
    add(child, content);
    must(CBB_flush(&out) == 1);
}

void add_name(CBB& out) {
    CBB name;
    CBB set;
    CBB attribute;
    must(CBB_add_asn1(&out, &name, CBS_ASN1_SEQUENCE) == 1);
    must(CBB_add_asn1(&name, &set, CBS_ASN1_SET) == 1);
    must(CBB_add_asn1(&set, &attribute, CBS_ASN1_SEQUENCE) == 1);
    add(attribute, CBS_ASN1_OBJECT, kCommonName);
    add(attribute, CBS_ASN1_UTF8STRING, as_bytes(kName));
    must(CBB_flush(&out) == 1);
}

class Builder {
public:
    Builder() { must(CBB_init(&out_, 512) == 1); }
    Builder(const Builder&) = delete;
    Builder& operator=(const Builder&) = delete;
    ~Builder() { CBB_cleanup(&out_); }

    CBB& out() noexcept { return out_; }

    Bytes finish() {
        must(CBB_flush(&out_) == 1);
        return Bytes(CBB_data(&out_), CBB_data(&out_) + CBB_len(&out_));
    }

private:
    CBB out_;
};

/// The part that is signed: TBSCertificate of RFC 5280, section 4.1.
Bytes to_be_signed(const p256::PublicKey& key, const Serial& serial) {
    Builder builder;
    CBB body;
    CBB version;
    must(CBB_add_asn1(&builder.out(), &body, CBS_ASN1_SEQUENCE) == 1);
    must(CBB_add_asn1(&body, &version, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0) == 1);
    must(CBB_add_asn1_uint64(&version, 2) == 1);  // v3
    add(body, CBS_ASN1_INTEGER, serial);
    add(body, kEcdsaWithSha256);
    add_name(body);
    CBB validity;
    must(CBB_add_asn1(&body, &validity, CBS_ASN1_SEQUENCE) == 1);
    add(validity, CBS_ASN1_UTCTIME, as_bytes(kNotBeforeText));
    add(validity, CBS_ASN1_GENERALIZEDTIME, as_bytes(kNotAfterText));
    must(CBB_flush(&body) == 1);
    add_name(body);
    add(body, key);
    return builder.finish();
}

Bytes assemble(ByteView body, ByteView signature) {
    Builder builder;
    CBB certificate;
    CBB bits;
    must(CBB_add_asn1(&builder.out(), &certificate, CBS_ASN1_SEQUENCE) == 1);
    add(certificate, body);
    add(certificate, kEcdsaWithSha256);
    must(CBB_add_asn1(&certificate, &bits, CBS_ASN1_BITSTRING) == 1);
    must(CBB_add_u8(&bits, 0) == 1);  // no unused bits
    add(bits, signature);
    return builder.finish();
}

/// The private key whose number is `scalar`; empty when that is zero or not less than the order of the curve.
std::optional<p256::PrivateKey> key_of(const Secret32& scalar) {
    // An ECPrivateKey without its optional parts.
    constexpr std::array<std::uint8_t, 7> prefix{0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20};
    SecretBytes der(prefix.size() + Secret32::size());
    std::copy(prefix.begin(), prefix.end(), der.writable().begin());
    std::copy(scalar.view().begin(), scalar.view().end(), der.writable().begin() + prefix.size());
    return p256::PrivateKey::parse(der.view());
}

ByteView view_of(const CBS& octets) noexcept {
    return {CBS_data(&octets), CBS_len(&octets)};
}

/// Whether `der` is one certificate with the public key `key`, which signed it. Only what we write is accepted.
bool is_ours(ByteView der, const p256::PublicKey& key) {
    CBS in;
    CBS_init(&in, der.data(), der.size());
    CBS certificate;
    CBS body;
    CBS bits;
    std::uint8_t unused = 0;
    if (CBS_get_asn1(&in, &certificate, CBS_ASN1_SEQUENCE) != 1 || CBS_len(&in) != 0 ||
        CBS_get_asn1_element(&certificate, &body, CBS_ASN1_SEQUENCE) != 1 ||
        CBS_skip(&certificate, kEcdsaWithSha256.size()) != 1 ||
        CBS_get_asn1(&certificate, &bits, CBS_ASN1_BITSTRING) != 1 || CBS_len(&certificate) != 0 ||
        CBS_get_u8(&bits, &unused) != 1) {
        return false;
    }
    CBS copy = body;
    CBS inside;
    CBS version;
    CBS number;
    Serial serial;
    if (CBS_get_asn1(&copy, &inside, CBS_ASN1_SEQUENCE) != 1 ||
        CBS_get_asn1(&inside, &version, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0) != 1 ||
        CBS_get_asn1(&inside, &number, CBS_ASN1_INTEGER) != 1 ||
        CBS_copy_bytes(&number, serial.data(), serial.size()) != 1) {
        return false;
    }
    // Made again of what varies, it has to come out as the same octets: nothing else has to be looked at.
    const auto expected = assemble(to_be_signed(key, serial), view_of(bits));
    return serial == positive(serial) && std::equal(der.begin(), der.end(), expected.begin(), expected.end()) &&
           p256::verify(key, view_of(body), view_of(bits));
}

}  // namespace

struct Certificate::Impl {
    p256::PrivateKey key;
    Bytes der;
    Sha256Digest fingerprint;
};

Certificate::Certificate(std::shared_ptr<const Impl> impl) noexcept : impl_(std::move(impl)) {}

Certificate Certificate::generate() {
    auto key = p256::PrivateKey::generate();
    Serial serial;
    random_bytes(serial);
    const auto body = to_be_signed(key.public_key(), positive(serial));
    auto der = assemble(body, key.sign(body));
    const auto fingerprint = sha256(der);
    return Certificate(std::make_shared<const Impl>(Impl{std::move(key), std::move(der), fingerprint}));
}

Certificate Certificate::from_secret(ByteView secret) {
    // The labels are part of what makes a published fingerprint: they must never change.
    constexpr std::string_view salt = "libp2p webrtc certificate v1";
    constexpr std::string_view serial_label = "serial";
    std::optional<p256::PrivateKey> key;
    for (std::uint8_t attempt = 0; !key; ++attempt) {  // a second one once in 2^32 secrets
        constexpr std::string_view key_label = "key";
        Bytes info(key_label.begin(), key_label.end());
        info.push_back(attempt);
        Secret32 scalar;
        hkdf_sha256(as_bytes(salt), secret, info, scalar.writable());
        key = key_of(scalar);
    }
    Serial serial;
    hkdf_sha256(as_bytes(salt), secret, as_bytes(serial_label), serial);
    const auto body = to_be_signed(key->public_key(), positive(serial));
    auto der = assemble(body, p256::sign_deterministic(*key, body));
    const auto fingerprint = sha256(der);
    return Certificate(std::make_shared<const Impl>(Impl{std::move(*key), std::move(der), fingerprint}));
}

result<Certificate> Certificate::parse(ByteView encoded) {
    Error malformed(Errc::invalid_key, "certificate file: not a key and its certificate");
    if (encoded.size() > kMaxEncodedSize) {
        return malformed;
    }
    CBS in;
    CBS_init(&in, encoded.data(), encoded.size());
    CBS pair;
    CBS private_key;
    if (CBS_get_asn1(&in, &pair, CBS_ASN1_SEQUENCE) != 1 || CBS_len(&in) != 0 ||
        CBS_get_asn1_element(&pair, &private_key, CBS_ASN1_SEQUENCE) != 1) {
        return malformed;
    }
    auto key = p256::PrivateKey::parse(view_of(private_key));
    if (!key) {
        return malformed;
    }
    const auto der = view_of(pair);
    if (!is_ours(der, key->public_key())) {
        return Error(Errc::invalid_key, "certificate file: the certificate is not one of ours for its key");
    }
    return Certificate(std::make_shared<const Impl>(Impl{std::move(*key), Bytes(der.begin(), der.end()), sha256(der)}));
}

SecretBytes Certificate::encode() const {
    const auto key = impl_->key.encode();
    SecretBytes buffer(kMaxEncodedSize);
    CBB out;
    CBB pair;
    std::size_t size = 0;
    must(CBB_init_fixed(&out, buffer.writable().data(), buffer.size()) == 1);
    must(CBB_add_asn1(&out, &pair, CBS_ASN1_SEQUENCE) == 1);
    add(pair, key.view());
    add(pair, impl_->der);
    must(CBB_finish(&out, nullptr, &size) == 1);
    return SecretBytes(buffer.view().first(size));
}

ByteView Certificate::der() const noexcept {
    return impl_->der;
}

const Sha256Digest& Certificate::fingerprint() const noexcept {
    return impl_->fingerprint;
}

const p256::PrivateKey& Certificate::key() const noexcept {
    return impl_->key;
}

}  // namespace libp2p::crypto
