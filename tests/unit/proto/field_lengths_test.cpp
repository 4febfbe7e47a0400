// SPDX-License-Identifier: MIT OR Apache-2.0
#include "proto/envelope_message.hpp"
#include "proto/identify_message.hpp"
#include "proto/key_message.hpp"
#include "proto/noise_payload.hpp"
#include "proto/peer_record_message.hpp"
#include "tests/support/replace_heap.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>

// The length of each field of each protobuf message that a peer sends, at its ends and around what is really there.
// Only the length that is right makes a message, and none makes anybody allocate for octets that have not come.

namespace libp2p::proto {
namespace {

constexpr std::size_t kContent = 8;

Bytes joined(Bytes left, const Bytes& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

/// As protobuf writes it: ten octets for the largest, of which `append_varint` has no use.
Bytes protobuf_varint(std::uint64_t value) {
    Bytes out;
    for (; value >= 0x80; value >>= 7) {
        out.push_back(static_cast<std::uint8_t>(value | 0x80));
    }
    out.push_back(static_cast<std::uint8_t>(value));
    return out;
}

struct Field {
    std::string name;
    Bytes before;  ///< all of the message up to the field's length
    std::function<bool(ByteView)> decodes;
    bool may_be_empty = true;
};

template <class Decode>
std::function<bool(ByteView)> succeeds(Decode decode) {
    return [decode](ByteView in) { return static_cast<bool>(decode(in)); };
}

std::vector<Field> fields() {
    const auto key = succeeds(decode_key_message);
    const auto envelope = succeeds(decode_envelope_message);
    const auto record = succeeds(decode_peer_record_message);
    const auto identification = succeeds(identify::decode);
    const auto payload = succeeds(noise::decode_payload);
    const Bytes proof{0x0a, 1, 7, 0x12, 1, 7};  // key and signature, without which nothing is a payload
    return {
        {"key, data", {0x08, 0x01, 0x12}, key},
        {"envelope, key", {0x0a}, envelope},
        {"envelope, payload type", {0x12}, envelope},
        {"envelope, payload", {0x1a}, envelope},
        {"envelope, signature", {0x2a}, envelope},
        {"record, peer id", {0x0a}, record},
        {"record, address info", {0x1a}, record},
        {"identify, public key", {0x0a}, identification},
        {"identify, listen address", {0x12}, identification},
        {"identify, protocol", {0x1a}, identification},
        {"identify, observed address", {0x22}, identification},
        {"identify, protocol version", {0x2a}, identification},
        {"identify, agent version", {0x32}, identification},
        {"identify, signed record", {0x42}, identification},
        {"identify, unknown field", {0x7a}, identification},
        {"Noise payload, key", {0x12, 1, 7, 0x0a}, payload, false},
        {"Noise payload, signature", {0x0a, 1, 7, 0x12}, payload, false},
        {"Noise payload, extensions", joined(proof, {0x22}), payload},
        {"Noise payload, unknown field", joined(proof, {0x7a}), payload},
    };
}

/// What fills the field: a message where it holds one, else what no field begins with.
Bytes content_of(const Field& field) {
    if (field.name == "record, address info") {
        return {0x0a, 6, 0x04, 127, 0, 0, 1, 0};
    }
    if (field.name == "Noise payload, extensions") {
        return {0x12, 6, '/', 'y', 'a', 'm', 'u', 'x'};
    }
    return Bytes(kContent, 0xff);
}

TEST(FieldLengths, OnlyTheRightOneMakesAMessage) {
    constexpr std::uint64_t kWrong[] = {
        1,
        kContent - 1,
        kContent + 1,
        127,
        128,
        (std::uint64_t{1} << 31) - 1,
        std::uint64_t{1} << 31,
        (std::uint64_t{1} << 32) - 1,
        std::uint64_t{1} << 32,
        (std::uint64_t{1} << 63) - 1,
        std::uint64_t{1} << 63,
        std::numeric_limits<std::uint64_t>::max() - kContent,  // would come out right in arithmetic that wraps
        std::numeric_limits<std::uint64_t>::max(),
    };
    for (const auto& field : fields()) {
        const auto message = [&](std::uint64_t length, const Bytes& content) {
            return joined(joined(field.before, protobuf_varint(length)), content);
        };
        const auto content = content_of(field);
        ASSERT_EQ(content.size(), kContent);
        EXPECT_TRUE(field.decodes(message(kContent, content))) << field.name;
        EXPECT_EQ(field.decodes(message(0, {})), field.may_be_empty) << field.name;
        for (const auto length : kWrong) {
            const auto wrong = message(length, content);
            support::heap_switch.largest = 0;
            EXPECT_FALSE(field.decodes(wrong)) << field.name << ": " << length;
            EXPECT_LE(support::heap_switch.largest, 4096U) << field.name << ": " << length;
        }
    }
}

TEST(FieldLengths, TheLargestAllocationIsSeen) {
#ifndef LIBP2P_SUPPORT_ASAN
    support::heap_switch.largest = 0;
    EXPECT_TRUE(decode_envelope_message(joined({0x1a, 0x80, 0x40}, Bytes(8192))));
    EXPECT_GE(support::heap_switch.largest, 8192U);
#endif
}

}  // namespace
}  // namespace libp2p::proto
