// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/peer_record.hpp"

#include "proto/peer_record_message.hpp"
#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace libp2p {
namespace {

using tests::hex;
using tests::unhex;

struct SignedRecord {
    std::string_view private_key;
    std::string_view envelope;
};

constexpr SignedRecord kSigned =
#include "tests/unit/libp2p/vectors/signed_record.inc"
    ;
constexpr std::string_view kBare =
#include "tests/unit/libp2p/vectors/bare_record.inc"
    ;
constexpr const char* kPeer = "12D3KooWB1b3qZxWJanuhtseF3DmPggHCtG36KZ9ixkqHtdKH9fh";

PeerRecord record_of(const Identity& identity, std::size_t addresses) {
    PeerRecord record{identity.peer_id(), 7, {}};
    for (std::size_t i = 0; i < addresses; ++i) {
        record.addresses.push_back(Multiaddr::parse("/ip4/1.2.3.4/tcp/" + std::to_string(i)).value());
    }
    return record;
}

TEST(PeerRecord, OpensTheOneThatGoSigned) {
    const auto record = PeerRecord::open(unhex(kSigned.envelope));
    ASSERT_TRUE(record) << record.error();
    EXPECT_EQ(record->peer.to_string(), kPeer);
    EXPECT_EQ(record->sequence, 1598453001624231000U);
    ASSERT_EQ(record->addresses.size(), 10U);
    for (std::size_t i = 0; i < 10; ++i) {
        EXPECT_EQ(record->addresses[i].to_string(), "/ip4/1.2.3.4/tcp/" + std::to_string(i));
    }
}

TEST(PeerRecord, SealsToTheVeryOctetsOfGo) {
    const Identity signer(PrivateKey::decode(unhex(kSigned.private_key)).value());
    const auto record = PeerRecord::open(unhex(kSigned.envelope)).value();
    EXPECT_EQ(hex(record.seal(signer).encode()), kSigned.envelope);
}

TEST(PeerRecord, ReadsAndWritesABareOne) {
    const auto record = PeerRecord::decode(unhex(kBare));
    ASSERT_TRUE(record) << record.error();
    EXPECT_EQ(record->peer.to_string(), kPeer);
    EXPECT_EQ(record->sequence, 1636553709551319707U);
    ASSERT_EQ(record->addresses.size(), 2U);
    EXPECT_EQ(record->addresses[1].to_string(), "/ip4/1.2.3.4/tcp/1");
    EXPECT_EQ(hex(record->encode()), kBare);
}

TEST(PeerRecord, IsBelievedOnlyFromThePeerItself) {
    const auto owner = Identity::generate();
    const auto other = Identity::generate();
    const auto record = record_of(owner, 1);
    EXPECT_EQ(PeerRecord::open(record.seal(owner).encode()).value(), record);
    const auto forged = SignedEnvelope::seal(other, PeerRecord::kDomain, PeerRecord::kPayloadType, record.encode());
    const auto refused = PeerRecord::open(forged.encode());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), Errc::invalid_signature);
    EXPECT_NE(refused.error().message().find("but signed by " + other.peer_id().to_string()), std::string::npos);
}

TEST(PeerRecord, IsBelievedOnlyAsWhatItWasSignedFor) {
    const auto owner = Identity::generate();
    const auto payload = record_of(owner, 1).encode();
    const auto open = [&](std::string_view domain, ByteView type) {
        return PeerRecord::open(SignedEnvelope::seal(owner, domain, type, payload).encode());
    };
    EXPECT_TRUE(open("libp2p-peer-record", Bytes{3, 1}));
    EXPECT_EQ(open("libp2p-relay-rsvp", Bytes{3, 1}).error(), Errc::invalid_signature);
    EXPECT_EQ(open("libp2p-routing-state", Bytes{3, 1}).error(), Errc::invalid_signature);
    EXPECT_EQ(open("libp2p-peer-record", Bytes{3, 2}).error(), Errc::invalid_signature);
    EXPECT_EQ(open("libp2p-peer-record", Bytes{3}).error(), Errc::invalid_signature);
    EXPECT_EQ(open("libp2p-peer-record", Bytes{3, 1, 0}).error(), Errc::invalid_signature);
    EXPECT_EQ(open("libp2p-peer-record", {}).error(), Errc::invalid_signature);
}

TEST(PeerRecord, PassesOverAddressesThatCannotBeRead) {
    const auto owner = Identity::generate();
    const auto good = Multiaddr::parse("/ip4/1.2.3.4/tcp/5").value();
    proto::PeerRecordMessage message;
    message.peer_id.assign(owner.peer_id().bytes().begin(), owner.peer_id().bytes().end());
    message.addresses = {Bytes(), unhex("ff"), Bytes(good.bytes().begin(), good.bytes().end()), unhex("047f0000")};
    const auto record = PeerRecord::decode(proto::encode(message));
    ASSERT_TRUE(record);
    EXPECT_EQ(record->addresses, std::vector<Multiaddr>{good});
    EXPECT_EQ(record->sequence, 0U);
}

TEST(PeerRecord, BoundsTheAddresses) {
    const auto owner = Identity::generate();
    EXPECT_EQ(
        record_of(owner, PeerRecord::kMaxAddresses - 1).encode(),
        record_of(owner, PeerRecord::kMaxAddresses - 1).encode()
    );
    for (const std::size_t count :
         {std::size_t{0},
          std::size_t{1},
          PeerRecord::kMaxAddresses - 1,
          PeerRecord::kMaxAddresses,
          PeerRecord::kMaxAddresses + 1}) {
        const auto sealed = record_of(owner, count).seal(owner).encode();
        EXPECT_EQ(PeerRecord::open(sealed).value().addresses.size(), std::min(count, PeerRecord::kMaxAddresses));
    }
    proto::PeerRecordMessage message;
    message.peer_id.assign(owner.peer_id().bytes().begin(), owner.peer_id().bytes().end());
    const auto one = Multiaddr::parse("/tcp/1").value();
    message.addresses.assign(PeerRecord::kMaxAddresses + 1, Bytes(one.bytes().begin(), one.bytes().end()));
    EXPECT_EQ(PeerRecord::decode(proto::encode(message)).value().addresses.size(), PeerRecord::kMaxAddresses);
    message.addresses.assign(proto::kMaxPeerRecordEntries + 1, Bytes());
    EXPECT_EQ(PeerRecord::decode(proto::encode(message)).error(), Errc::invalid_signature);
}

TEST(PeerRecord, RefusesWhatIsNoRecord) {
    for (const auto* text : {"", "ff", "0a00", "0a021200", "1001"}) {
        EXPECT_EQ(PeerRecord::decode(unhex(text)).error(), Errc::invalid_signature) << text;
    }
    EXPECT_EQ(PeerRecord::decode(Bytes(kMaxEnvelopeSize + 1)).error(), Errc::invalid_signature);
    EXPECT_FALSE(PeerRecord::open({}));
    const auto octets = unhex(kSigned.envelope);
    for (std::size_t size = 0; size < octets.size(); ++size) {
        EXPECT_FALSE(PeerRecord::open(ByteView(octets).first(size))) << size;
    }
}

TEST(PeerRecordSequence, GoesForwardsWhateverTheClockDoes) {
    using Clock = std::chrono::system_clock;
    using std::chrono::seconds;
    constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
    const Clock::time_point now(seconds(1'600'000'000));
    constexpr std::uint64_t kNow = 1'600'000'000'000'000'000;
    EXPECT_EQ(next_record_sequence(0, now), kNow);
    EXPECT_EQ(next_record_sequence(kNow - 1, now), kNow);
    EXPECT_EQ(next_record_sequence(kNow, now), kNow + 1);
    EXPECT_EQ(next_record_sequence(kNow + 5, now), kNow + 6);
    EXPECT_EQ(next_record_sequence(0, Clock::time_point(seconds(-5))), 1U);
    EXPECT_EQ(next_record_sequence(kMax - 1, now), kMax);
    EXPECT_EQ(next_record_sequence(kMax, now), kMax);
    EXPECT_GT(next_record_sequence(0), kNow);
}

}  // namespace
}  // namespace libp2p
