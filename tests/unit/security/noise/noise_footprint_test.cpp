// SPDX-License-Identifier: MIT OR Apache-2.0

// What connections hold on the heap while nothing happens, coroutine frames included, byte stream beneath excluded.

#include "security/noise/noise_channel.hpp"
#include "security/noise/noise_protocol.hpp"
#include "tests/support/heap.hpp"
#include "tests/unit/security/memory_pair.hpp"

#include <libp2p/negotiate.hpp>

#include <gtest/gtest.h>

namespace libp2p::noise {
namespace {

using libp2p::test::make_pair_of;
using libp2p::test::Pair;
using libp2p::test::ReadableMemoryStream;

constexpr std::size_t kConnections = 50;

class NoiseFootprint : public testing::Test {
protected:
    NoiseFootprint() {
        for (std::size_t i = 0; i < kConnections; ++i) {
            pairs_.push_back(make_pair_of<ReadableMemoryStream>(context_.get_executor()));
        }
    }

    /// Octets a connection that `start` leaves behind, once nothing moves any more.
    template <class Start>
    std::size_t footprint(Start start) {
        start(pairs_.back());  // what is allocated only once
        context_.poll();
        pairs_.pop_back();
        const auto before = support::heap_bytes();
        for (auto& pair : pairs_) {
            start(pair);
        }
        context_.restart();
        context_.poll();
        return (support::heap_bytes() - before) / pairs_.size();
    }

    void spawn(awaitable<void> task) {
        asio::co_spawn(context_, std::move(task), [](const std::exception_ptr&) {});
    }

    static awaitable<void> accept(std::unique_ptr<ByteStream> raw, std::span<const ProtocolId> protocols) {
        co_await negotiate_inbound(*raw, protocols);
    }

    awaitable<void> secure(std::unique_ptr<ByteStream> raw) {
        SecurityOptions options(Direction::inbound, std::nullopt, {"/yamux/1.0.0"});
        co_await protocol_.secure(std::move(raw), std::move(options));
    }

    static awaitable<void> read(SecureChannel& channel) { co_await channel.read_chunk(); }

    asio::io_context context_;
    NoiseProtocol protocol_{Identity::generate()};
    std::vector<std::unique_ptr<SecureChannel>> channels_;
    std::vector<Pair> pairs_;
};

TEST_F(NoiseFootprint, ASilentConnectionTakesLittle) {
    const std::vector<ProtocolId> protocols{"/noise"};
    const auto octets = footprint([&](Pair& pair) { spawn(accept(std::move(pair.listener), protocols)); });
    RecordProperty("octets", static_cast<int>(octets));
    EXPECT_LE(octets, 3U * 1024);
}

TEST_F(NoiseFootprint, AHandshakeUnderWayStaysBounded) {
    // The longest message is announced, and all but its last octet is there.
    const auto octets = footprint([&](Pair& pair) {
        Bytes message(2 + kMaxHandshakeMessage - 1, 1);
        message[0] = static_cast<std::uint8_t>(kMaxHandshakeMessage / 256);
        message[1] = static_cast<std::uint8_t>(kMaxHandshakeMessage % 256);
        pair.to_listener->pieces.push_back({std::move(message), 0});
        spawn(secure(std::move(pair.listener)));
    });
    RecordProperty("octets", static_cast<int>(octets));
    EXPECT_LE(octets, 16U * 1024);
}

TEST_F(NoiseFootprint, AHandshakeThatOnlyBeganTakesLess) {
    const auto octets = footprint([&](Pair& pair) {
        pair.to_listener->pieces.push_back({Bytes{0x10, 0x00, 0x01}, 0});
        spawn(secure(std::move(pair.listener)));
    });
    RecordProperty("octets", static_cast<int>(octets));
    EXPECT_LE(octets, 6U * 1024);
}

TEST_F(NoiseFootprint, AnIdleChannelHoldsNoBuffer) {
    const auto identity = Identity::generate();
    const auto octets = footprint([&](Pair& pair) {
        const crypto::Secret32 key;
        Session session{CipherState(key), CipherState(key), identity.public_key(), identity.peer_id(), "/yamux/1.0.0"};
        channels_.push_back(std::make_unique<NoiseChannel>(std::move(pair.listener), std::move(session), ByteView()));
        spawn(read(*channels_.back()));
    });
    RecordProperty("octets", static_cast<int>(octets));
    EXPECT_LE(sizeof(NoiseChannel), 1536U);
    EXPECT_LE(octets, sizeof(NoiseChannel) + 2560U);  // the rest is the frames of the read that waits
}

TEST_F(NoiseFootprint, AnIncompleteMessageTakesWhatHasArrived) {
    const auto identity = Identity::generate();
    const auto octets = footprint([&](Pair& pair) {
        const crypto::Secret32 key;
        Session session{CipherState(key), CipherState(key), identity.public_key(), identity.peer_id(), "/yamux/1.0.0"};
        pair.to_listener->pieces.push_back({Bytes(1000, 0xff), 0});
        channels_.push_back(std::make_unique<NoiseChannel>(std::move(pair.listener), std::move(session), ByteView()));
        spawn(read(*channels_.back()));
    });
    EXPECT_LE(octets, sizeof(NoiseChannel) + 4U * 1024);
}

}  // namespace
}  // namespace libp2p::noise
