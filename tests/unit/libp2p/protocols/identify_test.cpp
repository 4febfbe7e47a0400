// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/protocols/identify.hpp"

#include "proto/identify_message.hpp"
#include "tests/unit/libp2p/protocols/stream_pair.hpp"

#include <libp2p/peer_record.hpp>

#include <optional>

namespace libp2p {
namespace {

using identify::Message;
using identify::Received;
using test::StreamPair;

Multiaddr address(const std::string& text) {
    return Multiaddr::parse(text).value();
}

Bytes octets_of(ByteView view) {
    return Bytes(view.begin(), view.end());
}

/// The right side tells, the left side listens.
class Identify : public testing::Test {
protected:
    identify::Snapshot snapshot() const {
        return {
            pair.right_identity.public_key(),
            {address("/ip4/10.0.0.1/tcp/1")},
            {"/a", "/b"},
            "agent/1",
            "net/1",
            address("/ip4/10.0.0.2/tcp/2"),
            {}
        };
    }

    Bytes record_of(const Identity& signer, std::uint64_t sequence, std::vector<Multiaddr> addresses) {
        const PeerRecord record{signer.peer_id(), sequence, std::move(addresses)};
        return record.seal(signer).encode();
    }

    /// What the left side makes of these messages.
    result<Received> receive(std::vector<Message> messages, bool close = true) {
        std::vector<Bytes> raw;
        for (const auto& message : messages) {
            raw.push_back(encode(message));
        }
        return receive_raw(std::move(raw), close);
    }

    result<Received> receive_raw(std::vector<Bytes> messages, bool close = true) {
        auto send = [&]() -> awaitable<void> {
            for (const auto& message : messages) {
                auto sent = co_await write_delimited(*pair.right, message);
                if (!sent) {
                    co_return;
                }
            }
            if (close) {
                (co_await pair.right->close_write()).value();
            }
        };
        pair.spawn(send());
        return run_receive();
    }

    result<Received> run_receive() {
        std::optional<result<Received>> received;
        auto listen = [&]() -> awaitable<void> {
            received.emplace(co_await identify::receive(*pair.left, pair.left->connection()));
        };
        pair.spawn(listen());
        pair.io.poll();
        if (!received) {
            pair.left->expire();
        }
        pair.run();
        return *received;
    }

    StreamPair pair{identify::kProtocol};
};

TEST_F(Identify, TellsEverythingInOneMessage) {
    auto told = snapshot();
    auto send = [&]() -> awaitable<void> { (co_await identify::send(*pair.right, told)).value(); };
    pair.spawn(send());
    auto received = run_receive();
    ASSERT_TRUE(received);
    EXPECT_EQ(pair.right->writes, 1U);
    EXPECT_EQ(received->agent, "agent/1");
    EXPECT_EQ(received->protocol_version, "net/1");
    EXPECT_EQ(received->protocols, (std::vector<ProtocolId>{"/a", "/b"}));
    EXPECT_EQ(received->addresses, told.addresses);
    EXPECT_EQ(received->observed, told.observed);
    EXPECT_FALSE(received->certified);
}

TEST_F(Identify, PrefersTheAddressesOfASignedRecord) {
    auto told = snapshot();
    told.signed_peer_record = record_of(pair.right_identity, 7, {address("/ip4/10.0.0.3/tcp/3")});
    auto send = [&]() -> awaitable<void> { (co_await identify::send(*pair.right, told)).value(); };
    pair.spawn(send());
    auto received = run_receive();
    ASSERT_TRUE(received);
    EXPECT_TRUE(received->certified);
    EXPECT_EQ(received->record_sequence, 7U);
    EXPECT_EQ(received->signed_peer_record, told.signed_peer_record);
    EXPECT_EQ(received->addresses, std::vector<Multiaddr>{address("/ip4/10.0.0.3/tcp/3")});
}

TEST_F(Identify, PutsSeveralMessagesTogether) {
    Message first;
    first.public_key = octets_of(pair.right_identity.public_key().encoded());
    first.agent_version = "one";
    first.protocols = {"/a"};
    first.listen_addresses = {octets_of(address("/ip4/10.0.0.1/tcp/1").bytes())};
    Message second;
    second.agent_version = "two";
    second.protocols = {"/b"};
    second.signed_peer_record = record_of(pair.right_identity, 1, {address("/ip4/10.0.0.3/tcp/3")});
    Message third;
    third.listen_addresses = {octets_of(address("/ip4/10.0.0.9/tcp/9").bytes())};
    auto received = receive({first, second, third});
    ASSERT_TRUE(received);
    EXPECT_EQ(received->agent, "two");
    EXPECT_EQ(received->protocols, (std::vector<ProtocolId>{"/a", "/b"}));
    EXPECT_EQ(received->addresses, std::vector<Multiaddr>{address("/ip4/10.0.0.3/tcp/3")});
}

TEST_F(Identify, LeavesAbsentWhatAPushDoesNotTell) {
    Message message;
    message.protocols = {"/c"};
    auto received = receive({message});
    ASSERT_TRUE(received);
    EXPECT_FALSE(received->agent);
    EXPECT_FALSE(received->protocol_version);
    EXPECT_FALSE(received->addresses);
    EXPECT_FALSE(received->observed);
    EXPECT_EQ(received->protocols, std::vector<ProtocolId>{"/c"});
}

TEST_F(Identify, TakesAnAddressThatIsToldTwiceOnce) {
    const auto named = [&](const std::string& text) {
        return octets_of(address(text).with_peer(pair.right_identity.peer_id()).bytes());
    };
    const auto bare = [](const std::string& text) { return octets_of(address(text).bytes()); };
    Message first;
    first.listen_addresses = {bare("/ip4/10.0.0.2/tcp/1"), named("/ip4/10.0.0.2/tcp/1"), named("/ip4/10.0.0.1/tcp/1")};
    Message second;
    second.listen_addresses = {bare("/ip4/10.0.0.1/tcp/1"), bare("/ip4/10.0.0.2/tcp/1"), bare("/ip4/10.0.0.2/tcp/2")};
    auto received = receive({first, second});
    ASSERT_TRUE(received);
    const std::vector<Multiaddr> expected{
        address("/ip4/10.0.0.2/tcp/1"), address("/ip4/10.0.0.1/tcp/1"), address("/ip4/10.0.0.2/tcp/2")
    };
    EXPECT_EQ(received->addresses, expected);
}

TEST_F(Identify, RefusesTheKeyOfSomebodyElse) {
    Message message;
    message.public_key = octets_of(pair.left_identity.public_key().encoded());
    auto received = receive({message});
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error(), Errc::peer_mismatch);
}

TEST_F(Identify, RefusesAKeyThatIsNone) {
    Message message;
    message.public_key = Bytes{1, 2, 3};
    auto received = receive({message});
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error(), Errc::peer_mismatch);
}

TEST_F(Identify, IgnoresARecordThatIsNotThePeersOwn) {
    Message message;
    message.agent_version = "agent";
    message.listen_addresses = {octets_of(address("/ip4/10.0.0.1/tcp/1").bytes())};
    for (const auto& record : {record_of(pair.left_identity, 1, {address("/ip4/10.0.0.3/tcp/3")}), Bytes{1, 2, 3}}) {
        StreamPair other(identify::kProtocol);
        message.signed_peer_record = record;
        auto send = [&]() -> awaitable<void> {
            (co_await write_delimited(*other.right, encode(message))).value();
            (co_await other.right->close_write()).value();
        };
        std::optional<result<Received>> received;
        auto listen = [&]() -> awaitable<void> {
            received.emplace(co_await identify::receive(*other.left, other.left->connection()));
        };
        other.spawn(send());
        other.spawn(listen());
        other.run();
        ASSERT_TRUE(received && *received);
        EXPECT_FALSE((*received)->certified);
        EXPECT_EQ((*received)->addresses, std::vector<Multiaddr>{address("/ip4/10.0.0.1/tcp/1")});
    }
}

TEST_F(Identify, IgnoresTheLegacyRecordOfRust) {
    const auto legacy = SignedEnvelope::seal(
        pair.right_identity, "libp2p-routing-state", as_bytes("/libp2p/routing-state-record"), as_bytes("payload")
    );
    Message message;
    message.agent_version = "rust-libp2p/0.57";
    message.listen_addresses = {octets_of(address("/ip4/10.0.0.1/tcp/1").bytes())};
    message.signed_peer_record = legacy.encode();
    auto received = receive({message});
    ASSERT_TRUE(received);
    EXPECT_FALSE(received->certified);
    EXPECT_EQ(received->agent, "rust-libp2p/0.57");
    EXPECT_EQ(received->addresses->size(), 1U);
}

TEST_F(Identify, SkipsAddressesItCannotRead) {
    Message message;
    message.listen_addresses = {
        Bytes{0xff, 0xff},
        Bytes{},
        octets_of(address("/ip4/10.0.0.1/tcp/1").bytes()),
        octets_of(address("/ip4/10.0.0.1/tcp/1").with_peer(pair.left_identity.peer_id()).bytes()),
        octets_of(address("/ip4/10.0.0.2/tcp/1").with_peer(pair.right_identity.peer_id()).bytes())
    };
    message.observed_address = Bytes{0xff};
    auto received = receive({message});
    ASSERT_TRUE(received);
    EXPECT_EQ(
        received->addresses, (std::vector<Multiaddr>{address("/ip4/10.0.0.1/tcp/1"), address("/ip4/10.0.0.2/tcp/1")})
    );
    EXPECT_FALSE(received->observed);
}

TEST_F(Identify, BoundsWhatItKeeps) {
    Message message;
    message.agent_version = std::string(1000, 'a');
    message.protocols.assign(1000, "/x");
    auto received = receive({message, message, message});
    ASSERT_TRUE(received);
    EXPECT_EQ(received->agent->size(), kMaxAgentSize);
    EXPECT_EQ(received->protocols->size(), identify::kMaxProtocols);
}

TEST_F(Identify, KeepsNoMoreAddressesThanItsBound) {
    std::vector<Message> messages(2);
    for (int i = 0; i < 600; ++i) {
        const auto different = address("/ip4/10.0.0.1/tcp/" + std::to_string(1 + i));
        messages[i < 300 ? 0 : 1].listen_addresses.push_back(octets_of(different.bytes()));
    }
    auto received = receive(messages);
    ASSERT_TRUE(received);
    EXPECT_EQ(received->addresses->size(), identify::kMaxAddresses);
}

TEST_F(Identify, TakesTenMessagesAndNotEleven) {
    Message message;
    message.agent_version = "agent";
    EXPECT_TRUE(receive(std::vector<Message>(identify::kMaxMessages, message)));
}

TEST_F(Identify, RefusesAnEleventhMessage) {
    Message message;
    message.agent_version = "agent";
    auto received = receive(std::vector<Message>(identify::kMaxMessages + 1, message));
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error(), Errc::protocol_violation);
}

TEST_F(Identify, RefusesALongMessageWithoutReadingIt) {
    auto received = receive_raw({Bytes(identify::kMaxReceivedMessageSize + 1)});
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error(), Errc::protocol_violation);
}

TEST_F(Identify, RefusesWhatIsNoMessage) {
    auto received = receive_raw({Bytes{0x0a, 0xff, 0x01}});
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error(), Errc::protocol_violation);
}

TEST_F(Identify, RefusesAnEndWithoutAMessage) {
    auto received = receive({});
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error(), Errc::protocol_violation);
}

TEST_F(Identify, TakesWhatCameFromAPeerThatForgetsToClose) {
    Message message;
    message.agent_version = "agent";
    auto received = receive({message}, false);
    ASSERT_TRUE(received);
    EXPECT_EQ(received->agent, "agent");
}

TEST_F(Identify, FailsWhenNothingComesInTime) {
    auto received = receive({}, false);
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error(), asio::error::make_error_code(asio::error::timed_out));
}

TEST(IdentifyEncode, LeavesOutTheLastAddressesAndProtocolsOfALongSnapshot) {
    const auto identity = Identity::generate(KeyType::rsa);
    identify::Snapshot snapshot{identity.public_key(), {}, {}, std::string(9000, 'a'), "net/1", {}, {}};
    for (int i = 0; i < 1000; ++i) {
        snapshot.addresses.push_back(address("/ip4/10.0.0.1/tcp/" + std::to_string(i)));
        snapshot.protocols.push_back("/protocol/" + std::to_string(i));
    }
    snapshot.signed_peer_record = Bytes(2048);
    const auto octets = encode(snapshot);
    EXPECT_LE(octets.size(), identify::kMaxSentMessageSize);
    EXPECT_GE(octets.size(), identify::kMaxSentMessageSize - 32);
    const auto message = identify::decode(octets);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->agent_version->size(), kMaxAgentSize);
    EXPECT_EQ(message->signed_peer_record->size(), 2048U);
    ASSERT_FALSE(message->protocols.empty());
    ASSERT_FALSE(message->listen_addresses.empty());
    EXPECT_EQ(message->protocols.front(), "/protocol/0");
    EXPECT_EQ(message->listen_addresses.front(), octets_of(snapshot.addresses.front().bytes()));
}

TEST(IdentifyEncode, LeavesOutARecordThatIsTooLong) {
    const auto identity = Identity::generate();
    identify::Snapshot snapshot{identity.public_key(), {}, {}, "agent", "net/1", {}, Bytes(2049)};
    const auto message = identify::decode(encode(snapshot));
    ASSERT_TRUE(message);
    EXPECT_FALSE(message->signed_peer_record);
}

TEST(IdentifyEncode, CutsALongAgentBetweenCharacters) {
    const auto identity = Identity::generate();
    std::string agent(255, 'a');
    agent += "\xc3\xa4";
    identify::Snapshot snapshot{identity.public_key(), {}, {}, agent, "", {}, {}};
    const auto message = identify::decode(encode(snapshot));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->agent_version, std::string(255, 'a'));
}

}  // namespace
}  // namespace libp2p
