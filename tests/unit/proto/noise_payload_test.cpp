// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/noise_payload.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace libp2p::noise {
namespace {

using Octets = Payload::Octets;

Payload small_payload() {
    Payload payload;
    payload.identity_key = {1, 2, 3};
    payload.identity_signature = {4, 5};
    return payload;
}

/// A field of wire type 2.
Octets field(unsigned number, const Octets& content) {
    Octets octets{static_cast<std::uint8_t>(number * 8 + 2)};
    if (content.size() >= 128) {
        octets.push_back(static_cast<std::uint8_t>(content.size() % 128 + 128));
    }
    octets.push_back(static_cast<std::uint8_t>(content.size() < 128 ? content.size() : content.size() / 128));
    octets.insert(octets.end(), content.begin(), content.end());
    return octets;
}

Octets operator+(Octets a, const Octets& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

const Octets kProof = field(1, {1, 2, 3}) + field(2, {4, 5});

TEST(NoisePayload, LeavesOutEmptyExtensions) {
    EXPECT_EQ(encode(small_payload()), kProof);
    EXPECT_EQ(decode_payload(kProof), small_payload());
}

TEST(NoisePayload, CarriesExtensions) {
    auto payload = small_payload();
    payload.stream_muxers = {"/yamux/1.0.0", "/mplex/6.7.0"};
    payload.certhashes = {{0x12, 0x20}, {}};
    const auto octets = encode(payload);
    const Octets yamux{'/', 'y', 'a', 'm', 'u', 'x', '/', '1', '.', '0', '.', '0'};
    const Octets mplex{'/', 'm', 'p', 'l', 'e', 'x', '/', '6', '.', '7', '.', '0'};
    EXPECT_EQ(octets, kProof + field(4, field(1, {0x12, 0x20}) + field(1, {}) + field(2, yamux) + field(2, mplex)));
    EXPECT_EQ(decode_payload(octets), payload);
}

TEST(NoisePayload, SkipsWhatItDoesNotKnow) {
    const auto octets = field(3, {9}) + kProof + Octets{0xc2, 0x40, 0x01, 0x07} + field(4, field(15, {1}));
    EXPECT_EQ(decode_payload(octets), small_payload());
}

TEST(NoisePayload, NeedsKeyAndSignature) {
    EXPECT_FALSE(decode_payload({}));
    EXPECT_FALSE(decode_payload(field(1, {1})));
    EXPECT_FALSE(decode_payload(field(2, {1})));
    EXPECT_FALSE(decode_payload(field(1, {}) + field(2, {1})));
    EXPECT_FALSE(decode_payload(field(1, {1}) + field(2, {})));
}

TEST(NoisePayload, EveryTruncationIsRefusedOrLacksAPart) {
    auto payload = small_payload();
    payload.stream_muxers = {"/yamux/1.0.0"};
    const auto octets = encode(payload);
    for (std::size_t length = 0; length < octets.size(); ++length) {
        const auto decoded = decode_payload(std::span(octets).first(length));
        EXPECT_TRUE(!decoded || length == kProof.size()) << length;
    }
}

TEST(NoisePayload, BoundsEachPart) {
    const Octets signature = field(2, {1});
    EXPECT_TRUE(decode_payload(field(1, Octets(kMaxIdentityKeySize)) + signature));
    EXPECT_FALSE(decode_payload(field(1, Octets(kMaxIdentityKeySize + 1)) + signature));
    EXPECT_TRUE(decode_payload(field(1, {1}) + field(2, Octets(kMaxIdentitySignatureSize))));
    EXPECT_FALSE(decode_payload(field(1, {1}) + field(2, Octets(kMaxIdentitySignatureSize + 1))));

    auto payload = small_payload();
    payload.stream_muxers.assign(kMaxStreamMuxers, "/m");
    EXPECT_TRUE(decode_payload(encode(payload)));
    payload.stream_muxers.emplace_back("/m");
    EXPECT_FALSE(decode_payload(encode(payload)));
    payload.stream_muxers.assign(1, std::string(kMaxStreamMuxerSize, 'm'));
    EXPECT_TRUE(decode_payload(encode(payload)));
    payload.stream_muxers.front() += 'm';
    EXPECT_FALSE(decode_payload(encode(payload)));

    payload = small_payload();
    payload.certhashes.assign(kMaxCerthashes, Octets(kMaxCerthashSize));
    EXPECT_TRUE(decode_payload(encode(payload)));
    payload.certhashes.emplace_back();
    EXPECT_FALSE(decode_payload(encode(payload)));
    payload.certhashes.assign(1, Octets(kMaxCerthashSize + 1));
    EXPECT_FALSE(decode_payload(encode(payload)));
}

TEST(NoisePayload, BoundsTheWhole) {
    const auto rest = kMaxPayloadSize - kProof.size() - 3;
    EXPECT_TRUE(decode_payload(kProof + field(5, Octets(rest))));
    EXPECT_FALSE(decode_payload(kProof + field(5, Octets(rest + 1))));
}

}  // namespace
}  // namespace libp2p::noise
