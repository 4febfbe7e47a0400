// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/envelope_message.hpp"

#include "tests/unit/hex.hpp"

#include <gtest/gtest.h>

namespace libp2p::proto {
namespace {

using tests::hex;
using tests::unhex;

TEST(EnvelopeMessage, WritesFields1To3And5InOrder) {
    const EnvelopeMessage message{unhex("aa"), unhex("0301"), unhex("bbcc"), unhex("dd")};
    const auto octets = encode(message);
    EXPECT_EQ(hex(octets), "0a01aa120203011a02bbcc2a01dd");
    EXPECT_EQ(decode_envelope_message(octets).value(), message);
}

TEST(EnvelopeMessage, PassesOverUnknownFieldsAndTakesMissingOnesAsEmpty) {
    EXPECT_EQ(
        decode_envelope_message(unhex("220101"
                                      "0a01aa"
                                      "3005"))
            .value(),
        (EnvelopeMessage{unhex("aa"), {}, {}, {}})
    );
    EXPECT_EQ(decode_envelope_message({}).value(), EnvelopeMessage());
}

TEST(EnvelopeMessage, RefusesWhatIsMalformed) {
    for (const auto* text : {"0a", "0a05aa", "0b", "ff"}) {
        EXPECT_EQ(decode_envelope_message(unhex(text)).error(), DecodeErrc::malformed) << text;
    }
}

TEST(EnvelopeMessage, BoundsTheSize) {
    EnvelopeMessage message;
    message.payload.resize(kMaxEnvelopeMessageSize - 4);
    const auto largest = encode(message);
    ASSERT_EQ(largest.size(), kMaxEnvelopeMessageSize);
    EXPECT_TRUE(decode_envelope_message(largest));
    message.payload.push_back(0);
    EXPECT_EQ(decode_envelope_message(encode(message)).error(), DecodeErrc::too_long);
}

}  // namespace
}  // namespace libp2p::proto
