// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/stun_message.hpp"

#include "tests/unit/transports/webrtc/stun_vectors.hpp"
#include "transports/webrtc/ice_credentials.hpp"

#include <boost/asio/ip/address.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

namespace libp2p::webrtc {
namespace {

using boost::asio::ip::make_address;
using tests::hex;
using tests::unhex;
using namespace vectors;

std::string v1_username() {
    return std::string(kV1Text) + ":" + std::string(kV1Text);
}

std::string v2_username() {
    return std::string(kV2Text) + ":" + std::string(kUfrag);
}

/// What `write` puts into a buffer of `size` octets; empty when it does not fit.
template <class Write>
Bytes written(std::size_t size, Write write) {
    constexpr std::size_t kBehind = 8;
    constexpr std::uint8_t kUntouched = 0xee;
    Bytes out(size + kBehind, kUntouched);
    const auto used = write(MutableByteView(out).first(size));
    EXPECT_EQ(std::count(out.end() - kBehind, out.end(), kUntouched), kBehind) << "written behind the end";
    out.resize(used);
    return out;
}

Bytes response(std::string_view password, const Endpoint& to, std::size_t size = 100) {
    return written(size, [&](auto out) { return write_binding_response(out, kTransaction, to, password); });
}

Bytes request_octets(std::string_view username, std::string_view password, std::size_t size = kMaxStunSent) {
    return written(size, [&](auto out) { return write_binding_request(out, vectors::request(username), password); });
}

/// Removes the last attribute, which is the FINGERPRINT, and says so in the header. The hash does not cover it.
Bytes without_fingerprint(Bytes message) {
    message.resize(message.size() - 8);
    message[3] = static_cast<std::uint8_t>(message[3] - 8);
    return message;
}

TEST(StunMessage, TellsDatagramsApart) {
    EXPECT_EQ(classify({}), DatagramKind::other);
    for (unsigned first = 0; first < 256; ++first) {
        const std::array<std::uint8_t, 1> datagram{static_cast<std::uint8_t>(first)};
        const auto expected = first <= 3                   ? DatagramKind::stun
                              : first >= 20 && first <= 63 ? DatagramKind::dtls
                                                           : DatagramKind::other;
        EXPECT_EQ(classify(datagram), expected) << first;
    }
}

TEST(StunMessage, WritesTheVectors) {
    EXPECT_EQ(hex(request_octets(v2_username(), kV2Text)), kV2Request);
    EXPECT_EQ(hex(request_octets(v1_username(), kV1Text)), kV1Request);
    EXPECT_EQ(hex(response(kV2Text, source())), kV2Response);
    EXPECT_EQ(hex(response(kV1Text, source())), kV1Response);
}

TEST(StunMessage, ReadsTheVectors) {
    for (const auto& [text, username, password] :
         {std::tuple(kV2Request, v2_username(), kV2Text), std::tuple(kV1Request, v1_username(), kV1Text)}) {
        const auto datagram = unhex(text);
        EXPECT_EQ(peek_username(datagram), username);
        const auto request = read_binding_request(datagram, password);
        ASSERT_TRUE(request.has_value());
        EXPECT_EQ(request->transaction, kTransaction);
        EXPECT_EQ(request->username, username);
        EXPECT_EQ(request->priority, 0x6e7f1effU);
        EXPECT_EQ(request->role, IceRole::controlling);
        EXPECT_EQ(request->tie_breaker, 0x0001020304050607U);
        EXPECT_TRUE(request->use_candidate);
    }
    for (const auto& [text, password] : {std::pair(kV2Response, kV2Text), std::pair(kV1Response, kV1Text)}) {
        const auto datagram = unhex(text);
        EXPECT_EQ(peek_response(datagram), kTransaction);
        const auto answer = read_binding_response(datagram, kTransaction, password);
        ASSERT_TRUE(answer.has_value());
        EXPECT_EQ(answer->error_code, 0);
        EXPECT_EQ(answer->mapped, source());
    }
}

TEST(StunMessage, NoOctetCanBeChanged) {
    // But for the type of the FINGERPRINT: what is none any more stands behind the hash, and is not looked at.
    const auto is_fingerprint_type = [](std::size_t i, const Bytes& message) {
        return i == message.size() - 8 || i == message.size() - 7;
    };
    for (const auto text : {kV2Request, kV1Request}) {
        const auto password = text == kV2Request ? kV2Text : kV1Text;
        const auto datagram = unhex(text);
        for (std::size_t i = 0; i < datagram.size(); ++i) {
            for (const unsigned flip : {0x01U, 0x80U, 0xffU}) {
                auto changed = datagram;
                changed[i] = static_cast<std::uint8_t>(changed[i] ^ flip);
                if (!is_fingerprint_type(i, changed)) {
                    EXPECT_FALSE(read_binding_request(changed, password).has_value()) << i;
                }
            }
        }
    }
    const auto datagram = unhex(kV2Response);
    for (std::size_t i = 0; i < datagram.size(); ++i) {
        auto changed = datagram;
        changed[i] ^= 0x10;
        if (!is_fingerprint_type(i, changed)) {
            EXPECT_FALSE(read_binding_response(changed, kTransaction, kV2Text).has_value()) << i;
        }
    }
}

TEST(StunMessage, NoOctetCanBeMissing) {
    const auto datagram = unhex(kV2Request);
    for (std::size_t size = 0; size < datagram.size(); ++size) {
        const auto part = ByteView(datagram).first(size);
        EXPECT_FALSE(peek_username(part).has_value()) << size;
        EXPECT_FALSE(read_binding_request(part, kV2Text).has_value()) << size;
        EXPECT_FALSE(peek_response(part).has_value()) << size;
    }
    auto longer = datagram;
    longer.push_back(0);
    EXPECT_FALSE(peek_username(longer).has_value());
}

TEST(StunMessage, OtherPasswordsDoNotFit) {
    EXPECT_FALSE(read_binding_request(unhex(kV2Request), kV1Text).has_value());
    EXPECT_FALSE(read_binding_request(unhex(kV2Request), "").has_value());
    EXPECT_FALSE(read_binding_response(unhex(kV2Response), kTransaction, kV1Text).has_value());
    auto other = kTransaction;
    other[11] = 99;
    EXPECT_FALSE(read_binding_response(unhex(kV2Response), other, kV2Text).has_value());
}

TEST(StunMessage, FingerprintMayBeMissing) {
    auto request = without_fingerprint(unhex(kV2Request));
    // The hash was computed with a length that ends behind itself, so it still fits.
    EXPECT_TRUE(read_binding_request(request, kV2Text).has_value());
    EXPECT_TRUE(read_binding_response(without_fingerprint(unhex(kV2Response)), kTransaction, kV2Text).has_value());
    EXPECT_FALSE(read_binding_request(request, kV1Text).has_value());
}

TEST(StunMessage, OnlyRequestsAreRequests) {
    for (const auto* type : {"0011", "0101", "0111", "0003", "0000", "4001", "8001"}) {
        auto text = std::string(kV2Request);
        text.replace(0, 4, type);
        EXPECT_FALSE(peek_username(unhex(text)).has_value()) << type;
        EXPECT_FALSE(read_binding_request(unhex(text), kV2Text).has_value()) << type;
    }
    EXPECT_FALSE(peek_response(unhex(kV2Request)).has_value());
}

/// A message of the attributes given in hexadecimal, with whatever stands in their hashes.
Bytes message_of(const std::string& attributes) {
    auto octets = unhex("000100002112a4420102030405060708090a0b0c" + attributes);
    octets[2] = static_cast<std::uint8_t>((octets.size() - 20) >> 8);
    octets[3] = static_cast<std::uint8_t>(octets.size() - 20);
    return octets;
}

TEST(StunMessage, BrokenAttributesAreNeverReached) {
    const std::string name = "0006000461626364";
    const std::string hash = "00080014" + std::string(40, '0');
    EXPECT_TRUE(peek_username(message_of(name + hash)).has_value());
    for (const auto& attributes : {
             std::string(),
             name,                                               // no hash
             hash,                                               // no name
             name + name + hash,                                 // two names
             name + "00080000",                                  // a hash of no octets, at the end
             name + "0008001000000000000000000000000000000000",  // too short
             name + "00080014" + std::string(32, '0'),           // cut off
             name + "00080018" + std::string(48, '0'),           // too long
             name + hash + "80280000",                           // a fingerprint of no octets
             name + hash + "80280008" + std::string(16, '0'),    // too long
             name + "8028000400000000" + hash,                   // not at the end
             name + hash +
                 "80280004"
                 "00000000"
                 "80220000",                          // something behind it
             std::string("0006ffff61626364") + hash,  // past the end
             name + "c057ffff" + hash,
         }) {
        const auto datagram = message_of(attributes);
        EXPECT_FALSE(peek_username(datagram).has_value()) << attributes;
        EXPECT_FALSE(read_binding_request(datagram, "abcd").has_value()) << attributes;
        auto answer = datagram;
        answer[0] = 1;
        EXPECT_FALSE(read_binding_response(answer, kTransaction, "abcd").has_value()) << attributes;
    }
}

/// A request with an attribute of Chromium's in front, signed again: the vector's own parts, hashed by our writer,
/// cannot carry it, so the octets come from the same independent implementation.
TEST(StunMessage, UnknownOptionalAttributesAreSkipped) {
    const auto datagram = unhex(
        "0001007c2112a4420102030405060708090a0b0c0006002e6c69627032702b7765627274632b76322f616263646566676869"
        "6a6b6c6d6e6f7071727374757677783a416243640000c05700040000000a802a0008000102030405060780220008736f6674"
        "77617265002400046e7f1eff00080014b73b567c6283b100f3f97999482e0bed25378bb88028000457e1f0ee"
    );
    const auto request = read_binding_request(datagram, kV2Text);
    ASSERT_TRUE(request.has_value());
    EXPECT_FALSE(request->use_candidate);
    EXPECT_EQ(request->priority, 0x6e7f1effU);
    EXPECT_FALSE(
        read_binding_request(
            unhex("000100702112a4420102030405060708090a0b0c0006002e6c69627032702b7765627274632b76322f616263646566676869"
                  "6a6b6c6d6e6f7071727374757677783a416243640000705700040000000a802a00080001020304050607002400046e7f1eff"
                  "00080014705955f76bcc004367c9fc817a8a546e06daea9e802800048ca77021"),
            kV2Text
        )
            .has_value()
    ) << "one that has to be understood";
}

TEST(StunMessage, AnswersWithTheFamilyOfTheSource) {
    const Endpoint v6(make_address("2001:db8::7"), 40'000);
    const auto answer = response(kV2Text, v6);
    EXPECT_EQ(answer.size(), kBindingResponseSize6);
    EXPECT_EQ(read_binding_response(answer, kTransaction, kV2Text)->mapped, v6);

    const Endpoint mapped(make_address("::ffff:192.0.2.7"), 40'000);
    EXPECT_EQ(unmapped(mapped), source());
    EXPECT_EQ(unmapped(source()), source());
    EXPECT_EQ(unmapped(v6), v6);
    EXPECT_EQ(hex(response(kV2Text, mapped)), kV2Response);
    EXPECT_EQ(response(kV2Text, mapped).size(), kBindingResponseSize4);
}

TEST(StunMessage, WritesNothingThatDoesNotFit) {
    const auto whole = request_octets(v2_username(), kV2Text).size();
    EXPECT_EQ(whole, 128U);
    for (std::size_t size = 0; size < whole; ++size) {
        EXPECT_EQ(request_octets(v2_username(), kV2Text, size).size(), 0U) << size;
    }
    EXPECT_EQ(request_octets(v2_username(), kV2Text, whole).size(), whole);
    for (std::size_t size = 0; size < kBindingResponseSize4; ++size) {
        EXPECT_EQ(response(kV2Text, source(), size).size(), 0U) << size;
    }
    EXPECT_EQ(response(kV2Text, source(), kBindingResponseSize4).size(), kBindingResponseSize4);
    const auto conflict = [](std::size_t size) {
        return written(size, [](auto out) { return write_role_conflict(out, kTransaction, kV2Text); }).size();
    };
    for (std::size_t size = 0; size < conflict(200); ++size) {
        EXPECT_EQ(conflict(size), 0U) << size;
    }
}

TEST(StunMessage, LongestRequestFits) {
    const auto username = std::string(kMaxCredentialSize, 'x') + ":" + std::string(kMaxCredentialSize, 'y');
    ASSERT_EQ(username.size(), kMaxUsernameSize);
    const auto datagram = request_octets(username, username.substr(0, kMaxCredentialSize));
    ASSERT_GT(datagram.size(), kMaxUsernameSize);
    EXPECT_EQ(read_binding_request(datagram, username.substr(0, kMaxCredentialSize))->username, username);
}

TEST(StunMessage, TellsOfARoleConflict) {
    const auto answer = written(200, [](auto out) { return write_role_conflict(out, kTransaction, kV2Text); });
    ASSERT_FALSE(answer.empty());
    EXPECT_EQ(peek_response(answer), kTransaction);
    const auto read = read_binding_response(answer, kTransaction, kV2Text);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->error_code, kRoleConflict);
    EXPECT_FALSE(read_binding_response(answer, kTransaction, kV1Text).has_value());
}

TEST(StunMessage, ControlledAgentsSayAnotherAttribute) {
    const auto username = v2_username();
    auto request = vectors::request(username);
    request.role = IceRole::controlled;
    request.use_candidate = false;
    const auto datagram = written(kMaxStunSent, [&](auto out) { return write_binding_request(out, request, kV2Text); });
    const auto read = read_binding_request(datagram, kV2Text);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->role, IceRole::controlled);
    EXPECT_EQ(read->tie_breaker, request.tie_breaker);
    EXPECT_FALSE(read->use_candidate);
}

TEST(StunMessage, RandomDatagramsAreNothing) {
    std::mt19937 random(7);
    for (int i = 0; i < 1 << 16; ++i) {
        Bytes datagram(random() % 200);
        for (auto& octet : datagram) {
            octet = static_cast<std::uint8_t>(random());
        }
        if (datagram.size() >= 20 && i % 2 == 0) {  // so that some get past the header
            const auto head = unhex("000100002112a442");
            std::copy(head.begin(), head.end(), datagram.begin());
            datagram.resize(datagram.size() / 4 * 4);
            datagram[3] = static_cast<std::uint8_t>(datagram.size() - 20);
        }
        EXPECT_FALSE(read_binding_request(datagram, kV2Text).has_value());
        EXPECT_FALSE(read_binding_response(datagram, kTransaction, kV2Text).has_value());
    }
}

}  // namespace
}  // namespace libp2p::webrtc
