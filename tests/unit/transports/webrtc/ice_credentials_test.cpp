// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/ice_credentials.hpp"

#include <gtest/gtest.h>

#include <set>

namespace libp2p::webrtc {
namespace {

const std::string kPassword = "abcdefghijklmnopqrstuvwx";
const std::string kV1 = "libp2p+webrtc+v1/";
const std::string kV2 = "libp2p+webrtc+v2/";

std::string letters(std::size_t count) {
    return std::string(count, 'x');
}

TEST(IceCredentials, ReadsVersion1) {
    const auto text = kV1 + kPassword;
    const auto username = text + ":" + text;
    const auto credentials = parse_username(username);
    ASSERT_TRUE(credentials.has_value());
    EXPECT_EQ(credentials->version, Version::v1);
    EXPECT_EQ(credentials->server_ufrag, text);
    EXPECT_EQ(credentials->client_ufrag, text);
    EXPECT_EQ(credentials->password(), text);
    EXPECT_EQ(credentials->client_password, text);
}

TEST(IceCredentials, ReadsVersion2) {
    // Chromium's passwords may hold '/' and '+'.
    const auto username = kV2 + "s/23sPO0VhHVkWCj81Eo+uIJ" + ":J1fS";
    const auto credentials = parse_username(username);
    ASSERT_TRUE(credentials.has_value());
    EXPECT_EQ(credentials->version, Version::v2);
    EXPECT_EQ(credentials->server_ufrag, kV2 + "s/23sPO0VhHVkWCj81Eo+uIJ");
    EXPECT_EQ(credentials->client_ufrag, "J1fS");
    EXPECT_EQ(credentials->password(), credentials->server_ufrag);
    EXPECT_EQ(credentials->client_password, "s/23sPO0VhHVkWCj81Eo+uIJ");
    EXPECT_EQ(static_cast<const void*>(credentials->client_ufrag.data()), username.data() + username.size() - 4)
        << "borrowed, not copied";
}

TEST(IceCredentials, AcceptsTheLengthsThatIceAllows) {
    const auto accepts = [](const std::string& server, const std::string& client) {
        return parse_username(server + ":" + client).has_value();
    };
    EXPECT_TRUE(accepts(kV2 + letters(22), "abcd"));
    EXPECT_FALSE(accepts(kV2 + letters(21), "abcd"));
    EXPECT_TRUE(accepts(kV2 + letters(239), "abcd"));
    EXPECT_FALSE(accepts(kV2 + letters(240), "abcd"));
    EXPECT_FALSE(accepts(kV2 + kPassword, "abc"));
    EXPECT_TRUE(accepts(kV2 + kPassword, letters(256)));
    EXPECT_FALSE(accepts(kV2 + kPassword, letters(257)));
    EXPECT_TRUE(accepts(kV1 + letters(5), kV1 + letters(5)));
    EXPECT_FALSE(accepts(kV1 + letters(4), kV1 + letters(4)));
    EXPECT_TRUE(accepts(kV1 + letters(64), kV1 + letters(64))) << "rust";
    EXPECT_TRUE(accepts(kV1 + letters(239), kV1 + letters(239)));
    EXPECT_FALSE(accepts(kV1 + letters(240), kV1 + letters(240)));
}

TEST(IceCredentials, RefusesTheRest) {
    const auto v1 = kV1 + kPassword;
    const auto v2 = kV2 + kPassword;
    const std::string kBad[] = {
        "",
        ":",
        v2,                                         // no colon
        v2 + ":",                                   // an empty half
        ":abcd",                                    //
        v2 + ":ab:cd",                              // two colons
        v2 + "::abcd",                              //
        v2 + ":ab-d",                               // not of the alphabet
        v2 + ":ab_d",                               //
        v2 + ":ab=d",                               //
        v2 + ":ab d",                               //
        v2 + ":abc\xc3\xa4",                        //
        v2 + std::string(":ab\0d", 5),              //
        kV2 + "abcdefghijklmnopqrstuvw-:abcd",      //
        v1 + ":" + v1 + "x",                        // unequal halves
        v1 + ":abcd",                               //
        v1 + ":" + v2,                              //
        "libp2p+webrtc+v3/" + kPassword + ":abcd",  // versions to come are not guessed at
        "libp2p+webrtc+v9/" + kPassword + ":libp2p+webrtc+v9/" + kPassword,
        "libp2p+webrtc+V1/" + kPassword + ":libp2p+webrtc+V1/" + kPassword,
        kPassword + ":" + kPassword,
        std::string(17, '\0') + kPassword + ":" + std::string(17, '\0') + kPassword,  // old go dialers
    };
    for (const auto& username : kBad) {
        EXPECT_FALSE(parse_username(username).has_value()) << username;
    }
}

TEST(IceCredentials, ListenerUnderstandsEveryDialer) {
    std::set<std::string> seen;
    for (int i = 0; i < 200; ++i) {
        for (const auto version : {Version::v1, Version::v2}) {
            const auto dialer = DialerCredentials::make(version);
            EXPECT_TRUE(is_ufrag(dialer.ufrag()));
            EXPECT_TRUE(is_password(dialer.password()));
            EXPECT_TRUE(is_password(dialer.server_ufrag()));
            const auto listener = parse_username(dialer.outbound_username());
            ASSERT_TRUE(listener.has_value()) << dialer.outbound_username();
            EXPECT_EQ(listener->version, version);
            EXPECT_EQ(listener->client_ufrag, dialer.ufrag());
            EXPECT_EQ(listener->client_password, dialer.password());
            EXPECT_EQ(listener->password(), dialer.server_ufrag());
            EXPECT_EQ(dialer.inbound_username(), dialer.ufrag() + ":" + dialer.server_ufrag());
            EXPECT_TRUE(seen.insert(dialer.password()).second) << "each of its own";
        }
    }
}

TEST(IceCredentials, Version1IsOneText) {
    const auto dialer = DialerCredentials::make(Version::v1);
    EXPECT_EQ(dialer.ufrag(), dialer.password());
    EXPECT_EQ(dialer.ufrag(), dialer.server_ufrag());
    EXPECT_EQ(dialer.ufrag().size(), 17U + 32U);
    EXPECT_EQ(dialer.outbound_username(), dialer.inbound_username());
}

}  // namespace
}  // namespace libp2p::webrtc
