// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/ice_lite.hpp"

#include "tests/unit/transports/webrtc/stun_vectors.hpp"

#include <boost/asio/ip/address.hpp>

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace libp2p::webrtc {
namespace {

using boost::asio::ip::make_address;
using tests::hex;
using tests::unhex;
using namespace vectors;

struct Answer {
    std::optional<AnsweredCheck> check;
    std::string octets;
};

Answer answer(ByteView datagram, const Endpoint& from = source()) {
    std::array<std::uint8_t, kBindingResponseSize6> out{};
    Answer made;
    made.check = answer_check(datagram, from, out);
    if (made.check) {
        made.octets = hex(ByteView(out).first(made.check->answer_size));
    }
    return made;
}

/// A request with a hash that fits the first half of `username`.
Bytes request_of(const std::string& username, IceRole role = IceRole::controlling, bool use_candidate = true) {
    auto request = vectors::request(username);
    request.role = role;
    request.use_candidate = use_candidate;
    Bytes datagram(1000);
    datagram.resize(write_binding_request(datagram, request, username.substr(0, username.find(':'))));
    return datagram;
}

TEST(IceLite, AnswersTheVectors) {
    const auto v2 = unhex(kV2Request);
    const auto second = answer(v2);
    ASSERT_TRUE(second.check.has_value());
    EXPECT_EQ(second.octets, kV2Response);
    EXPECT_EQ(second.check->credentials.version, Version::v2);
    EXPECT_EQ(second.check->credentials.client_ufrag, kUfrag);
    EXPECT_EQ(second.check->credentials.client_password, kPassword);
    EXPECT_EQ(second.check->priority, 0x6e7f1effU);
    EXPECT_TRUE(second.check->use_candidate);

    const auto v1 = unhex(kV1Request);
    const auto first = answer(v1);
    ASSERT_TRUE(first.check.has_value());
    EXPECT_EQ(first.octets, kV1Response);
    EXPECT_EQ(first.check->credentials.version, Version::v1);
}

TEST(IceLite, EveryDialerGetsAnAnswerThatItAccepts) {
    for (const auto version : {Version::v1, Version::v2}) {
        for (const auto* from : {"127.0.0.1", "2001:db8::1", "::ffff:10.0.0.1"}) {
            const auto dialer = DialerCredentials::make(version);
            const auto datagram = request_of(dialer.outbound_username());
            const Endpoint endpoint(make_address(from), 4'001);
            const auto got = answer(datagram, endpoint);
            ASSERT_TRUE(got.check.has_value());
            EXPECT_LE(got.check->answer_size, datagram.size());
            const auto response = read_binding_response(unhex(got.octets), kTransaction, dialer.server_ufrag());
            ASSERT_TRUE(response.has_value());
            EXPECT_EQ(response->mapped, unmapped(endpoint));
        }
    }
}

TEST(IceLite, SaysWhetherThePairIsNominated) {
    const auto datagram =
        request_of(DialerCredentials::make(Version::v1).outbound_username(), IceRole::controlling, false);
    EXPECT_FALSE(answer(datagram).check->use_candidate);
}

TEST(IceLite, AnswersNothingElse) {
    const std::string v1(kV1Text);
    const std::string v2(kV2Text);
    EXPECT_FALSE(answer({}).check);
    EXPECT_FALSE(answer(request_of("libp2p+webrtc+v9/abcdefghijklmnopqrstuvwx:AbCd")).check);
    EXPECT_FALSE(answer(request_of(v2 + ":Ab-d")).check);
    EXPECT_FALSE(answer(request_of(v1 + ":AbCd")).check);
    EXPECT_FALSE(answer(request_of(v2 + ":AbCd", IceRole::controlled)).check) << "a dialer is controlling";
    EXPECT_TRUE(answer(request_of(v2 + ":AbCd")).check);
    EXPECT_FALSE(answer(unhex(kV2Response)).check);
    auto indication = unhex(kV2Request);
    indication[1] = 0x11;
    EXPECT_FALSE(answer(indication).check);
}

TEST(IceLite, OneWrongOctetGetsNoAnswer) {
    const auto datagram = unhex(kV2Request);
    for (std::size_t i = 0; i + 8 < datagram.size(); ++i) {
        auto changed = datagram;
        changed[i] ^= 0x20;
        EXPECT_FALSE(answer(changed).check) << i;
        EXPECT_FALSE(answer(ByteView(datagram).first(i)).check) << i;
    }
}

TEST(IceLite, TooSmallABufferIsNoAnswer) {
    std::array<std::uint8_t, kBindingResponseSize4 - 1> out{};
    EXPECT_FALSE(answer_check(unhex(kV2Request), source(), out).has_value());
}

TEST(IceLite, AcceptsRequestsUpToAnMtu) {
    // Browsers put optional attributes of a kilobyte into their checks.
    std::string optional;
    for (int i = 0; i < 900; ++i) {
        optional += "78";
    }
    const auto datagram = unhex(
        "000103f82112a4420102030405060708090a0b0c0006002e6c69627032702b7765627274632b76322f616263646566676869"
        "6a6b6c6d6e6f7071727374757677783a416243640000c05700040000000a802a00080001020304050607c0700384" +
        optional + "002400046e7f1eff000800145775d94fd9ed9f086b29054ceabd70bac7c2ac02802800044d56eda5"
    );
    ASSERT_GT(datagram.size(), 1'000U);
    EXPECT_TRUE(answer(datagram).check.has_value());
}

TEST(IceLite, RandomDatagramsGetNoAnswer) {
    std::mt19937 random(11);
    for (int i = 0; i < 1 << 16; ++i) {
        auto datagram = unhex(kV2Request);
        for (auto flips = random() % 4 + 1; flips > 0; --flips) {
            datagram[random() % (datagram.size() - 8)] = static_cast<std::uint8_t>(random());
        }
        const auto got = answer(datagram);
        EXPECT_EQ(got.check.has_value(), datagram == unhex(kV2Request));
    }
}

}  // namespace
}  // namespace libp2p::webrtc
