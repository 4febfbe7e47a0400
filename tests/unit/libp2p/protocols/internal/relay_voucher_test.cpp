// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/protocols/internal/relay_voucher.hpp"

#include "proto/relay_message.hpp"
#include "tests/unit/hex.hpp"

#include <libp2p/signed_envelope.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace libp2p::relay {
namespace {

using namespace std::chrono_literals;
using tests::hex;
using tests::unhex;

constexpr auto kEnvelope =
    "0a240801122055154f42065ea5a1bea05463826be2684eb92df92c100027aabaae57ca554207120203021a560a260024080112205515"
    "4f42065ea5a1bea05463826be2684eb92df92c100027aabaae57ca5542071226002408011220bc7cbcb5636375fa1d82434d466724d9"
    "2377f53b980695dd49d26d0ce12205a51880e2cfaa062a40d8c7fc7b5a2afff3cc045490db32666349e6d7a6d71a0f18fd2fc4f46e33"
    "9c3b67fe8d40159cc480eddee492d7b0bf14946353877076f5cc5f8955e69fb8ef04";
constexpr auto kRelayKey = "55154f42065ea5a1bea05463826be2684eb92df92c100027aabaae57ca554207";
constexpr auto kPeerKey = "bc7cbcb5636375fa1d82434d466724d92377f53b980695dd49d26d0ce12205a5";
constexpr std::chrono::sys_seconds kExpiration{1'700'000'000s};

PeerId peer_of(std::string_view key) {
    return PublicKey::from_raw(KeyType::ed25519, unhex(key)).value().peer_id();
}

/// Ed25519: the seed, then the public key that belongs to it.
Identity relay_of_the_vector() {
    Bytes message = unhex("08011240" + std::string(64, '0'));
    std::fill(message.begin() + 4, message.end(), 0xb2);
    const auto key = unhex(kRelayKey);
    message.insert(message.end(), key.begin(), key.end());
    return Identity(PrivateKey::decode(message).value());
}

/// An envelope of any kind, rightly signed.
Bytes sealed(const Identity& by, std::string_view domain, ByteView type, ByteView payload) {
    return SignedEnvelope::seal(by, domain, type, payload).encode();
}

void expect_refusal(ByteView envelope, const PeerId& relay, const PeerId& peer, const std::string& why) {
    const auto checked = check_voucher(envelope, relay, peer, kExpiration - 1s);
    ASSERT_FALSE(checked) << why;
    EXPECT_EQ(checked.error(), Errc::invalid_signature);
    EXPECT_NE(checked.error().message().find(why), std::string::npos) << checked.error();
}

TEST(RelayVoucher, OpensTheVector) {
    const auto voucher = Voucher::open(unhex(kEnvelope));
    ASSERT_TRUE(voucher) << voucher.error();
    EXPECT_EQ(voucher->relay, peer_of(kRelayKey));
    EXPECT_EQ(voucher->peer, peer_of(kPeerKey));
    EXPECT_EQ(voucher->expiration, kExpiration);
    EXPECT_TRUE(check_voucher(unhex(kEnvelope), peer_of(kRelayKey), peer_of(kPeerKey), kExpiration - 1s));
}

TEST(RelayVoucher, SealsToTheVeryOctetsOfTheVector) {
    const auto relay = relay_of_the_vector();
    const Voucher voucher{relay.peer_id(), peer_of(kPeerKey), kExpiration};
    EXPECT_EQ(hex(voucher.seal(relay)), kEnvelope);
}

TEST(RelayVoucher, OneThatHasExpiredIsRefused) {
    const auto late = check_voucher(unhex(kEnvelope), peer_of(kRelayKey), peer_of(kPeerKey), kExpiration + 5s);
    ASSERT_FALSE(late);
    EXPECT_NE(late.error().message().find("expired 5 s ago"), std::string::npos) << late.error();
    EXPECT_FALSE(check_voucher(unhex(kEnvelope), peer_of(kRelayKey), peer_of(kPeerKey), kExpiration));
}

TEST(RelayVoucher, OneOfAnotherRelayIsRefused) {
    const auto other = Identity::generate();
    const auto peer = peer_of(kPeerKey);
    const Voucher honest{other.peer_id(), peer, kExpiration};
    expect_refusal(honest.seal(other), peer_of(kRelayKey), peer, "not of " + peer_of(kRelayKey).to_string());
}

TEST(RelayVoucher, OneForAnotherPeerIsRefused) {
    const auto other = Identity::generate().peer_id();
    expect_refusal(unhex(kEnvelope), peer_of(kRelayKey), other, "not for " + other.to_string());
}

TEST(RelayVoucher, OneThatAnotherSignedInTheRelaysNameIsRefused) {
    const auto forger = Identity::generate();
    VoucherMessage message;
    const auto relay = peer_of(kRelayKey);
    const auto peer = peer_of(kPeerKey);
    message.relay = Bytes(relay.bytes().begin(), relay.bytes().end());
    message.peer = Bytes(peer.bytes().begin(), peer.bytes().end());
    message.expiration = 1'700'000'000;
    const auto forged = sealed(forger, Voucher::kDomain, Voucher::kPayloadType, encode(message));
    expect_refusal(forged, relay, peer, "signed by " + forger.peer_id().to_string());
}

TEST(RelayVoucher, EveryChangedOctetIsNoticed) {
    const auto right = unhex(kEnvelope);
    for (std::size_t i = 0; i < right.size(); ++i) {
        auto wrong = right;
        wrong[i] ^= 1;
        EXPECT_FALSE(check_voucher(wrong, peer_of(kRelayKey), peer_of(kPeerKey), kExpiration - 1s)) << i;
    }
}

TEST(RelayVoucher, WhatWasSignedForOtherUsesIsNone) {
    const auto relay = Identity::generate();
    VoucherMessage whole;
    whole.relay = Bytes(relay.peer_id().bytes().begin(), relay.peer_id().bytes().end());
    whole.peer = whole.relay;
    whole.expiration = 1'700'000'000;
    const auto payload = encode(whole);
    const std::array<std::uint8_t, 2> other_type{0x03, 0x01};
    expect_refusal(
        sealed(relay, "libp2p-peer-record", Voucher::kPayloadType, payload),
        relay.peer_id(),
        relay.peer_id(),
        "the signature does not fit"
    );
    expect_refusal(
        sealed(relay, Voucher::kDomain, other_type, payload), relay.peer_id(), relay.peer_id(), "something else"
    );
    auto part = whole;
    part.expiration.reset();
    expect_refusal(
        sealed(relay, Voucher::kDomain, Voucher::kPayloadType, encode(part)),
        relay.peer_id(),
        relay.peer_id(),
        "lacks relay, peer or expiration"
    );
    whole.peer = Bytes{1, 2, 3};
    expect_refusal(
        sealed(relay, Voucher::kDomain, Voucher::kPayloadType, encode(whole)),
        relay.peer_id(),
        relay.peer_id(),
        "no peer"
    );
}

TEST(RelayVoucher, TimesPastTheClockAreItsLast) {
    EXPECT_EQ(to_time(0), std::chrono::sys_seconds());
    EXPECT_EQ(to_time(std::numeric_limits<std::uint64_t>::max()), to_time(253'402'300'799));
}

}  // namespace
}  // namespace libp2p::relay
