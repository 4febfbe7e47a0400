// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/peer_record_message.hpp"

#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace libp2p::proto {
namespace {

using tests::hex;
using tests::unhex;

TEST(PeerRecordMessage, NestsEachAddressInAMessageOfItsOwn) {
    const PeerRecordMessage message{unhex("aabb"), 300, {unhex("01"), unhex("0203")}};
    const auto octets = encode(message);
    EXPECT_EQ(hex(octets), "0a02aabb10ac021a030a01011a040a020203");
    EXPECT_EQ(decode_peer_record_message(octets).value(), message);
}

TEST(PeerRecordMessage, CarriesAnySequence) {
    for (const std::uint64_t sequence :
         {std::uint64_t{0},
          std::uint64_t{1},
          std::uint64_t{127},
          std::uint64_t{128},
          std::numeric_limits<std::uint64_t>::max() - 1,
          std::numeric_limits<std::uint64_t>::max()}) {
        PeerRecordMessage message;
        message.sequence = sequence;
        EXPECT_EQ(decode_peer_record_message(encode(message)).value().sequence, sequence);
    }
}

TEST(PeerRecordMessage, PassesOverUnknownFields) {
    EXPECT_EQ(
        decode_peer_record_message(unhex("0a01aa2201bb1a0412020000")).value(),
        (PeerRecordMessage{unhex("aa"), 0, {Bytes()}})
    );
}

TEST(PeerRecordMessage, RefusesWhatIsMalformed) {
    for (const auto* text : {"0a", "0a05aa", "10", "1a020a05", "0b", "ff"}) {
        EXPECT_EQ(decode_peer_record_message(unhex(text)).error(), DecodeErrc::malformed) << text;
    }
}

TEST(PeerRecordMessage, BoundsTheListBeforeItIsParsed) {
    PeerRecordMessage message;
    message.addresses.resize(kMaxPeerRecordEntries);
    EXPECT_EQ(decode_peer_record_message(encode(message)).value().addresses.size(), kMaxPeerRecordEntries);
    message.addresses.emplace_back();
    EXPECT_EQ(decode_peer_record_message(encode(message)).error(), DecodeErrc::too_long);
}

TEST(PeerRecordMessage, BoundsTheSize) {
    PeerRecordMessage message;
    message.peer_id.resize(kMaxPeerRecordMessageSize - 4);
    const auto largest = encode(message);
    ASSERT_EQ(largest.size(), kMaxPeerRecordMessageSize);
    EXPECT_TRUE(decode_peer_record_message(largest));
    message.peer_id.push_back(0);
    EXPECT_EQ(decode_peer_record_message(encode(message)).error(), DecodeErrc::too_long);
}

}  // namespace
}  // namespace libp2p::proto
