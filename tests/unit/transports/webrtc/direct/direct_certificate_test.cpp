// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/direct/direct_certificate.hpp"

#include "tests/unit/hex.hpp"
#include "transports/webrtc/direct/direct_address.hpp"

#include <libp2p/keys.hpp>
#include <libp2p/transports.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace libp2p::webrtc {
namespace {

/// The Ed25519 key of the peer id specification's test vectors.
Identity known_identity() {
    const auto encoded = tests::unhex(
        "080112407e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9da60fee7d"
        "1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e"
    );
    return Identity(PrivateKey::decode(encoded).value());
}

TEST(WebRtcCertificate, IsTheSameForAKeyForEver) {
    // Published addresses hold it: a change of any of the labels it is derived by breaks them all.
    EXPECT_EQ(webrtc_certificate(known_identity()).certhash, "uEiC6LxqekfwAwAjOL9C0jCIEm5Mc-7f9PqBMkTJ264iL8g");
    EXPECT_NE(webrtc_certificate(Identity::generate()).certhash, webrtc_certificate(Identity::generate()).certhash);
}

TEST(WebRtcCertificate, IsWhatListenersShowAndAddressesHold) {
    const auto identity = Identity::generate(KeyType::secp256k1);
    const auto shown = webrtc_certificate(identity);
    EXPECT_EQ(shown.fingerprint, certificate_of(identity).fingerprint());
    const auto address = Multiaddr::parse("/ip4/1.2.3.4/udp/5/webrtc-direct/certhash/" + shown.certhash).value();
    const auto direct = parse_direct_address(address).value();
    ASSERT_EQ(direct.certificates.size(), 1U);
    EXPECT_EQ(direct.certificates[0], shown.fingerprint);
}

TEST(WebRtcCertificate, TellsTheValidityThatTheCertificateHas) {
    const auto identity = known_identity();
    const auto shown = webrtc_certificate(identity);
    EXPECT_EQ(shown.not_before, std::chrono::sys_days(std::chrono::year(2020) / 1 / 1));
    EXPECT_EQ(shown.not_after, std::chrono::sys_days(std::chrono::year(2120) / 1 / 1));
    const auto certificate = certificate_of(identity);
    const auto der = as_text(certificate.der());
    EXPECT_NE(der.find("200101000000Z"), der.npos);
    EXPECT_NE(der.find("21200101000000Z"), der.npos);
}

}  // namespace
}  // namespace libp2p::webrtc
