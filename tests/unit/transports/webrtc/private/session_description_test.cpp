// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/session_description.hpp"

#include <gtest/gtest.h>

#include <string>

namespace libp2p::webrtc {
namespace {

using Setup = SessionDescription::Setup;

const std::string kHash =
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F";
const std::string kOtherHash =
    "FF:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F";

crypto::Sha256Digest digest(std::uint8_t first) {
    crypto::Sha256Digest digest{};
    for (std::size_t i = 0; i < digest.size(); ++i) {
        digest[i] = static_cast<std::uint8_t>(i);
    }
    digest[0] = first;
    return digest;
}

/// As Chromium writes it.
std::string chromium() {
    return "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
           "a=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n"
           "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:FiYx\r\n"
           "a=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=ice-options:trickle\r\na=fingerprint:sha-256 " +
           kHash + "\r\na=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n";
}

/// As libdatachannel writes it: what belongs to the section stands for the session, lines end in LF.
std::string libdatachannel() {
    return "v=0\no=rtc 2390874 0 IN IP4 127.0.0.1\ns=-\nt=0 0\na=group:BUNDLE data\na=msid-semantic:WMS *\n"
           "a=setup:active\na=ice-ufrag:XRL+\na=ice-pwd:6h/0pp4sBXqWPcXtJ+XkQ2aa\na=ice-options:ice2,trickle\n"
           "a=fingerprint:SHA-256 " +
           kHash +
           "\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\nc=IN IP4 0.0.0.0\na=mid:data\na=sendrecv\n"
           "a=sctp-port:5000\na=max-message-size:0\n"
           "a=candidate:1 1 UDP 2122317823 192.0.2.2 40000 typ host\na=end-of-candidates\n";
}

std::string with(std::string text, const std::string& what, const std::string& instead) {
    const auto at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return text.replace(at, what.size(), instead);
}

Error error_of(const std::string& text) {
    auto parsed = parse_session_description(text);
    EXPECT_FALSE(parsed) << text;
    return parsed ? Error() : parsed.error();
}

TEST(SessionDescription, ReadsChromiums) {
    const auto read = parse_session_description(chromium()).value();
    EXPECT_EQ(read.ufrag, "FiYx");
    EXPECT_EQ(read.password, "abcdefghijklmnopqrstuvwx");
    EXPECT_EQ(read.fingerprints, std::vector{digest(0)});
    EXPECT_EQ(read.setup, Setup::actpass);
    EXPECT_EQ(read.mid, "0");
    EXPECT_EQ(read.max_message_size, 262'144U);
    EXPECT_TRUE(read.candidates.empty());
    EXPECT_FALSE(read.is_end_of_candidates);
    EXPECT_FALSE(read.is_of_libdatachannel);
}

TEST(SessionDescription, ReadsLibdatachannels) {
    const auto read = parse_session_description(libdatachannel()).value();
    EXPECT_EQ(read.ufrag, "XRL+");
    EXPECT_EQ(read.setup, Setup::active);
    EXPECT_EQ(read.mid, "data");
    EXPECT_EQ(read.max_message_size, 0U);
    EXPECT_EQ(read.candidates, std::vector<std::string>{"candidate:1 1 UDP 2122317823 192.0.2.2 40000 typ host"});
    EXPECT_TRUE(read.is_end_of_candidates);
    EXPECT_TRUE(read.is_of_libdatachannel);
}

TEST(SessionDescription, ReadsItsOwn) {
    SessionDescription written;
    written.ufrag = "abcd";
    written.password = "0123456789012345678901";
    written.fingerprints = {digest(0), digest(255)};
    written.setup = Setup::passive;
    written.mid = "data";
    written.candidates = {"candidate:1 1 udp 1 192.0.2.1 4000 typ host"};
    const auto text = to_sdp(written, ~std::uint64_t{0});
    EXPECT_NE(text.find("o=- 9223372036854775807 0 IN IP4 127.0.0.1\r\n"), std::string::npos);
    const auto read = parse_session_description(text).value();
    EXPECT_EQ(read.ufrag, written.ufrag);
    EXPECT_EQ(read.password, written.password);
    EXPECT_EQ(read.fingerprints, written.fingerprints);
    EXPECT_EQ(read.setup, written.setup);
    EXPECT_EQ(read.mid, written.mid);
    EXPECT_EQ(read.max_message_size, 262'144U);
    EXPECT_EQ(read.candidates, written.candidates);
}

TEST(SessionDescription, TakesWhatStandsInTheSectionBeforeWhatStandsForTheSession) {
    const auto text = with(
        chromium(),
        "t=0 0\r\n",
        "t=0 0\r\na=ice-ufrag:other\r\na=setup:active\r\na=fingerprint:sha-256 " + kOtherHash + "\r\n"
    );
    const auto read = parse_session_description(text).value();
    EXPECT_EQ(read.ufrag, "FiYx");
    EXPECT_EQ(read.setup, Setup::actpass);
    EXPECT_EQ(read.fingerprints, std::vector{digest(0)});
}

TEST(SessionDescription, TakesEachFingerprintBySha256) {
    const auto read = parse_session_description(
        with(chromium(), "a=setup", "a=fingerprint:sha-1 00:01\r\na=fingerprint:sha-256 " + kOtherHash + "\r\na=setup")
    );
    EXPECT_EQ(read.value().fingerprints, (std::vector{digest(0), digest(255)}));
}

TEST(SessionDescription, SaysWhatAMessageMayHoldWhereNothingIsSaid) {
    const auto read = parse_session_description(with(chromium(), "a=max-message-size:262144\r\n", ""));
    EXPECT_EQ(read.value().max_message_size, 65'536U);
}

TEST(SessionDescription, WantsAFingerprintBySha256) {
    EXPECT_EQ(error_of(with(chromium(), "sha-256", "sha-1")), Errc::authentication_failed);
    EXPECT_EQ(error_of(with(chromium(), "a=fingerprint", "a=x")), Errc::authentication_failed);
}

TEST(SessionDescription, RefusesOthersThanDataChannels) {
    const auto text = chromium();
    EXPECT_EQ(error_of(with(text, "UDP/DTLS/SCTP webrtc-datachannel", "DTLS/SCTP 5000")), Errc::protocol_violation);
    EXPECT_EQ(error_of(with(text, "m=application 9", "m=application 0")), Errc::protocol_violation);
    EXPECT_EQ(
        error_of(with(text, "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "m=audio 9 UDP/TLS/RTP/SAVPF 111")),
        Errc::protocol_violation
    );
    EXPECT_EQ(error_of(text + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"), Errc::protocol_violation);
    EXPECT_EQ(error_of(with(text, "m=application", "x=application")), Errc::protocol_violation);
    EXPECT_EQ(error_of(with(text, "sctp-port:5000", "sctp-port:5001")), Errc::protocol_violation);
}

TEST(SessionDescription, RefusesCredentialsThatIceDoesNotHave) {
    const auto text = chromium();
    EXPECT_EQ(error_of(with(text, "ice-ufrag:FiYx", "ice-ufrag:FiY")), Errc::protocol_violation);
    EXPECT_EQ(error_of(with(text, "ice-ufrag:FiYx", "ice-ufrag:Fi:Yx")), Errc::protocol_violation);
    EXPECT_EQ(error_of(with(text, "ice-ufrag:FiYx", "ice-ufrag:" + std::string(257, 'a'))), Errc::protocol_violation);
    EXPECT_EQ(error_of(with(text, "a=ice-pwd:abcdefghijklmnopqrstuvwx\r\n", "")), Errc::protocol_violation);
    EXPECT_EQ(error_of(with(text, "abcdefghijklmnopqrstuvwx", "abcdefghijklmnopqrstu")), Errc::protocol_violation);
}

TEST(SessionDescription, RefusesWhatIsGarbled) {
    const auto text = chromium();
    EXPECT_EQ(error_of(""), Errc::protocol_violation);
    EXPECT_EQ(error_of("v=1\r\n"), Errc::protocol_violation);
    EXPECT_EQ(error_of(with(text, "setup:actpass", "setup:holdconn")), Errc::protocol_violation);
    EXPECT_EQ(error_of(with(text, "a=setup:actpass\r\n", "")), Errc::protocol_violation);
    EXPECT_EQ(error_of(with(text, "00:01:02", "00:01-02")), Errc::protocol_violation);
    EXPECT_EQ(error_of(with(text, "00:01:02", "0:001:02")), Errc::protocol_violation);
    EXPECT_EQ(error_of(with(text, "00:01:02:", "")), Errc::protocol_violation);
    EXPECT_EQ(error_of(with(text, "a=mid:0", "a=mid:0 1")), Errc::protocol_violation);
    EXPECT_EQ(error_of(with(text, "max-message-size:262144", "max-message-size:-1")), Errc::protocol_violation);
}

TEST(SessionDescription, IsBounded) {
    std::string fingerprints;
    for (std::size_t i = 0; i < kMaxFingerprints; ++i) {
        fingerprints += "a=fingerprint:sha-256 " + kHash + "\r\n";
    }
    EXPECT_EQ(error_of(chromium() + fingerprints), Errc::protocol_violation);
    EXPECT_EQ(error_of(chromium() + std::string(kMaxDescriptionSize, 'x')), Errc::protocol_violation);
    EXPECT_EQ(error_of(chromium() + std::string(kMaxDescriptionLines, '\n')), Errc::protocol_violation);
    std::string candidates;
    for (std::size_t i = 0; i < 2 * kMaxDescriptionCandidates; ++i) {
        candidates += "a=candidate:1 1 UDP 1 192.0.2.2 40000 typ host\n";
    }
    EXPECT_EQ(parse_session_description(chromium() + candidates).value().candidates.size(), kMaxDescriptionCandidates);
}

}  // namespace
}  // namespace libp2p::webrtc
