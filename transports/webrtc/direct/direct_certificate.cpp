// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/direct/direct_certificate.hpp"

#include "libp2p/crypto/hkdf.hpp"
#include "proto/multibase.hpp"
#include "transports/webrtc/certificate_multihash.hpp"

#include <libp2p/keys.hpp>
#include <libp2p/transports.hpp>

namespace libp2p {
namespace webrtc {

crypto::Certificate certificate_of(const Identity& identity) {
    const auto key = identity.private_key().encode();
    crypto::Secret32 secret;
    crypto::hkdf_sha256({}, key.view(), as_bytes("libp2p webrtc-direct certificate"), secret.writable());
    return crypto::Certificate::from_secret(secret.view());
}

}  // namespace webrtc

WebRtcCertificate webrtc_certificate(const Identity& identity) {
    const auto certificate = webrtc::certificate_of(identity);
    const auto hash = webrtc::certificate_multihash(certificate.fingerprint());
    WebRtcCertificate shown;
    shown.fingerprint = certificate.fingerprint();
    shown.certhash = proto::encode_multibase(proto::Base::base64url, hash);
    shown.not_before = crypto::Certificate::kNotBefore;
    shown.not_after = crypto::Certificate::kNotAfter;
    return shown;
}

}  // namespace libp2p
