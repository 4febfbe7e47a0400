// SPDX-License-Identifier: MIT OR Apache-2.0
#include "security/noise/handshake_state.hpp"

#include "tests/unit/security/memory_pair.hpp"
#include "tests/unit/security/noise/vectors.hpp"

#include <gtest/gtest.h>

namespace libp2p::noise {
namespace {

using libp2p::test::from_hex;
using libp2p::test::to_hex;

crypto::X25519KeyPair key_pair(std::string_view hex) {
    const auto bytes = from_hex(hex);
    return crypto::X25519KeyPair::from_private(std::span<const std::uint8_t, 32>(bytes));
}

/// A handshake between two of us.
struct Both {
    crypto::X25519KeyPair initiator_static = crypto::X25519KeyPair::generate();
    crypto::X25519KeyPair responder_static = crypto::X25519KeyPair::generate();
    HandshakeState initiator =
        HandshakeState::initiator(initiator_static, crypto::X25519KeyPair::generate(), as_bytes("p"));
    HandshakeState responder =
        HandshakeState::responder(responder_static, crypto::X25519KeyPair::generate(), as_bytes("p"));

    /// Runs up to message `count`, which is returned and not yet read.
    Bytes message(int count) {
        Bytes bytes;
        EXPECT_TRUE(initiator.write_message({}, bytes));
        if (count > 1) {
            EXPECT_TRUE(responder.read_message(bytes));
            bytes.clear();
            EXPECT_TRUE(responder.write_message(as_bytes("from responder"), bytes));
        }
        if (count > 2) {
            EXPECT_TRUE(initiator.read_message(bytes));
            bytes.clear();
            EXPECT_TRUE(initiator.write_message(as_bytes("from initiator"), bytes));
        }
        return bytes;
    }

    HandshakeState& reader_of(int message) { return message == 2 ? initiator : responder; }
};

class NoiseVectors : public testing::TestWithParam<test::Vector> {};

TEST_P(NoiseVectors, AreReproducedOctetForOctet) {
    const auto& vector = GetParam();
    const auto initiator_static = key_pair(vector.initiator_static);
    const auto responder_static = key_pair(vector.responder_static);
    const auto prologue = from_hex(vector.prologue);
    auto initiator = HandshakeState::initiator(initiator_static, key_pair(vector.initiator_ephemeral), prologue);
    auto responder = HandshakeState::responder(responder_static, key_pair(vector.responder_ephemeral), prologue);
    for (std::size_t i = 0; i < 3; ++i) {
        auto& writer = i % 2 == 0 ? initiator : responder;
        auto& reader = i % 2 == 0 ? responder : initiator;
        Bytes message;
        ASSERT_TRUE(writer.write_message(from_hex(vector.messages[i].payload), message));
        EXPECT_EQ(to_hex(message), vector.messages[i].ciphertext);
        auto payload = reader.read_message(message);
        ASSERT_TRUE(payload);
        EXPECT_EQ(to_hex(*payload), vector.messages[i].payload);
    }
    ASSERT_TRUE(initiator.is_finished());
    ASSERT_TRUE(responder.is_finished());
    EXPECT_EQ(initiator.remote_static_key(), responder_static.public_key());
    EXPECT_EQ(responder.remote_static_key(), initiator_static.public_key());
    const auto ours = initiator.session_keys();
    const auto theirs = responder.session_keys();
    EXPECT_EQ(ours.handshake_hash, theirs.handshake_hash);
    if (!vector.handshake_hash.empty()) {
        EXPECT_EQ(to_hex(ours.handshake_hash), vector.handshake_hash);
    }
    CipherState to_responder(ours.send);
    CipherState from_initiator(theirs.receive);
    CipherState to_initiator(theirs.send);
    CipherState from_responder(ours.receive);
    for (std::size_t i = 3; i < vector.messages.size(); ++i) {
        const bool by_initiator = (i % 2 == 1) == vector.initiator_sends_first;
        const auto payload = from_hex(vector.messages[i].payload);
        Bytes message(payload.size() + kTagSize);
        ASSERT_TRUE((by_initiator ? to_responder : to_initiator).seal({}, payload, message));
        EXPECT_EQ(to_hex(message), vector.messages[i].ciphertext);
        ASSERT_TRUE((by_initiator ? from_initiator : from_responder).open_in_place({}, message));
        EXPECT_EQ(to_hex(ByteView(message).first(payload.size())), vector.messages[i].payload);
    }
}

INSTANTIATE_TEST_SUITE_P(All, NoiseVectors, testing::ValuesIn(test::kVectors), [](const auto& parameter) {
    return std::string(parameter.param.name);
});

TEST(HandshakeState, EveryOctetOfEveryMessageIsAuthenticated) {
    for (int number = 2; number <= 3; ++number) {
        const auto size = Both().message(number).size();
        for (std::size_t at = 0; at < size; ++at) {
            Both both;
            auto message = both.message(number);
            message[at] ^= 0x01U;
            auto payload = both.reader_of(number).read_message(message);
            ASSERT_FALSE(payload) << "message " << number << " octet " << at;
            EXPECT_EQ(payload.error(), Errc::authentication_failed);
        }
    }
    // The first message has nothing to authenticate it yet; that shows in the second. The top bit does not count.
    for (std::size_t at = 0; at < 31; ++at) {
        Both both;
        auto first = both.message(1);
        first[at] ^= 0x01U;
        ASSERT_TRUE(both.responder.read_message(first));
        Bytes second;
        ASSERT_TRUE(both.responder.write_message({}, second));
        EXPECT_FALSE(both.initiator.read_message(second));
    }
}

TEST(HandshakeState, EveryTruncationIsRefused) {
    for (int number = 1; number <= 3; ++number) {
        const auto size = Both().message(number).size();
        const auto end = number == 1 ? 32 : size;
        for (std::size_t length = 0; length < end; ++length) {
            Both both;
            auto message = both.message(number);
            message.resize(length);
            auto payload = both.reader_of(number).read_message(message);
            ASSERT_FALSE(payload) << "message " << number << " of " << length;
            EXPECT_EQ(payload.error(), Errc::authentication_failed);
        }
    }
}

TEST(HandshakeState, APayloadOfTheFirstMessageIsPassedOn) {
    Both both;
    Bytes first;
    ASSERT_TRUE(both.initiator.write_message(as_bytes("early"), first));
    auto payload = both.responder.read_message(first);
    ASSERT_TRUE(payload);
    EXPECT_EQ(as_text(*payload), "early");
}

TEST(HandshakeState, PointsOfSmallOrderAreRefused) {
    const std::string_view points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    };
    for (const auto point : points) {
        Both both;
        auto message = from_hex(point);
        ASSERT_TRUE(both.responder.read_message(message));
        Bytes answer;
        auto written = both.responder.write_message({}, answer);
        ASSERT_FALSE(written) << point;
        EXPECT_EQ(written.error(), Errc::authentication_failed);
    }
    Both both;
    auto second = both.message(2);
    std::fill(second.begin(), second.begin() + 32, std::uint8_t{0});
    EXPECT_FALSE(both.initiator.read_message(second));
}

TEST(HandshakeState, DifferentProloguesDoNotMeet) {
    Both both;
    auto responder =
        HandshakeState::responder(both.responder_static, crypto::X25519KeyPair::generate(), as_bytes("other"));
    auto first = both.message(1);
    ASSERT_TRUE(responder.read_message(first));
    Bytes second;
    ASSERT_TRUE(responder.write_message({}, second));
    EXPECT_FALSE(both.initiator.read_message(second));
}

TEST(CipherState, RefusesWhatIsRepeatedOrOutOfOrder) {
    const crypto::Secret32 key;
    CipherState sender(key);
    CipherState receiver(key);
    Bytes first(1 + kTagSize);
    Bytes second(1 + kTagSize);
    ASSERT_TRUE(sender.seal({}, as_bytes("1"), first));
    ASSERT_TRUE(sender.seal({}, as_bytes("2"), second));
    auto copy = second;
    EXPECT_FALSE(receiver.open_in_place({}, copy));
    copy = first;
    EXPECT_TRUE(receiver.open_in_place({}, copy));
    copy = first;
    EXPECT_FALSE(receiver.open_in_place({}, copy));
    EXPECT_TRUE(receiver.open_in_place({}, second));
    Bytes small(kTagSize - 1);
    EXPECT_FALSE(receiver.open_in_place({}, small));
}

TEST(CipherState, EndsBeforeTheReservedCounter) {
    constexpr auto kLast = std::numeric_limits<std::uint64_t>::max() - 1;
    const crypto::Secret32 key;
    CipherState sender(key, kLast);
    CipherState receiver(key, kLast);
    Bytes message(kTagSize);
    ASSERT_TRUE(sender.seal({}, {}, message));
    Bytes untouched(kTagSize, 7);
    EXPECT_FALSE(sender.seal({}, {}, untouched));
    EXPECT_EQ(untouched, Bytes(kTagSize, 7));
    EXPECT_TRUE(receiver.open_in_place({}, message));
    EXPECT_FALSE(receiver.open_in_place({}, message));
}

}  // namespace
}  // namespace libp2p::noise
