// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/peer_store.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

namespace libp2p {
namespace {

using namespace std::chrono_literals;
using TimePoint = PeerStore::TimePoint;

const TimePoint kNow = TimePoint() + 1h;

/// Any number of different peers.
PeerId peer(std::size_t number) {
    Bytes multihash(34);
    multihash[0] = 0x12;  // SHA-256
    multihash[1] = 32;
    for (std::size_t i = 0; i < sizeof number; ++i) {
        multihash[33 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    }
    return PeerId::from_bytes(multihash).value();
}

const PeerId kAlice = peer(1);
const PeerId kBob = peer(2);

Multiaddr address(std::size_t port) {
    return Multiaddr::parse("/ip4/198.51.100.1/tcp/" + std::to_string(port)).value();
}

using Addresses = std::vector<Multiaddr>;

Addresses addresses(std::size_t first, std::size_t count) {
    Addresses made;
    for (std::size_t i = 0; i < count; ++i) {
        made.push_back(address(first + i));
    }
    return made;
}

Limits small() {
    Limits limits;
    limits.known_peers = 3;
    limits.addresses_per_peer = 4;
    limits.protocols_per_peer = 3;
    return limits;
}

TEST(PeerStore, KnowsNothingOfAStranger) {
    PeerStore store(small());
    EXPECT_TRUE(store.addresses(kAlice, kNow).empty());
    EXPECT_TRUE(store.protocols(kAlice).empty());
    EXPECT_FALSE(store.supports(kAlice, std::vector<ProtocolId>{"/a"}));
    EXPECT_EQ(store.agent(kAlice), "");
    EXPECT_FALSE(store.public_key(kAlice));
    EXPECT_FALSE(store.certified_sequence(kAlice));
    EXPECT_FALSE(store.contains(kAlice));
    store.forget(kAlice);
    store.remove_expired(kNow);
    EXPECT_EQ(store.size(), 0u);
    EXPECT_EQ(store.memory(), 0u);
}

TEST(PeerStore, GivesAddressesUntilTheirEnd) {
    PeerStore store(small());
    store.add_addresses(kAlice, addresses(1, 1), 10s, kNow);
    store.add_addresses(kAlice, addresses(2, 1), 20s, kNow);
    EXPECT_EQ(store.addresses(kAlice, kNow), (Addresses{address(2), address(1)})) << "who ends last comes first";
    EXPECT_EQ(store.addresses(kAlice, kNow + 10s - 1ns).size(), 2u);
    EXPECT_EQ(store.addresses(kAlice, kNow + 10s), (Addresses{address(2)}));
    EXPECT_TRUE(store.addresses(kAlice, kNow + 20s).empty());
    store.add_addresses(kAlice, addresses(1, 1), 5s, kNow);
    EXPECT_EQ(store.addresses(kAlice, kNow + 9s).size(), 2u) << "an earlier end does not shorten";
    store.add_addresses(kAlice, addresses(1, 1), 30s, kNow);
    EXPECT_EQ(store.addresses(kAlice, kNow + 25s), (Addresses{address(1)}));
}

TEST(PeerStore, TakesTheShortestAndTheLongestTimes) {
    PeerStore store(small());
    store.add_addresses(kAlice, addresses(1, 1), 0s, kNow);
    store.add_addresses(kAlice, addresses(1, 1), -1h, kNow);
    store.add_addresses(kAlice, addresses(1, 1), PeerStore::Duration::min(), kNow);
    EXPECT_FALSE(store.contains(kAlice));
    store.add_addresses(kAlice, addresses(1, 1), 1ns, kNow);
    EXPECT_EQ(store.addresses(kAlice, kNow).size(), 1u);
    store.add_addresses(kAlice, addresses(2, 1), PeerStore::Duration::max(), kNow);
    EXPECT_EQ(store.addresses(kAlice, TimePoint::max() - 1ns), (Addresses{address(2)}));
}

TEST(PeerStore, LeavesOutThePeerAtTheEndAndAddressesOfOthers) {
    PeerStore store(small());
    const Addresses given{
        address(1).with_peer(kAlice),
        address(2).with_peer(kBob),
        Multiaddr::parse("/p2p/" + kAlice.to_string()).value(),
        address(1)
    };
    store.add_addresses(kAlice, given, 10s, kNow);
    EXPECT_EQ(store.addresses(kAlice, kNow), (Addresses{address(1)}));
    EXPECT_FALSE(store.contains(kBob));
}

TEST(PeerStore, LeavesOutAddressesThatAreTooLong) {
    PeerStore store(small());
    const auto of_size = [](std::size_t size) {  // code and length of /dns4 take three octets
        return Multiaddr::parse("/dns4/" + std::string(size - 3, 'a')).value();
    };
    std::vector<std::size_t> sizes;
    for (std::size_t size : {kMaxStoredAddressSize - 1, kMaxStoredAddressSize, kMaxStoredAddressSize + 1}) {
        PeerStore one(small());
        const Addresses given{of_size(size)};
        ASSERT_EQ(given[0].bytes().size(), size);
        one.add_addresses(kAlice, given, 10s, kNow);
        sizes.push_back(one.addresses(kAlice, kNow).size());
    }
    EXPECT_EQ(sizes, (std::vector<std::size_t>{1, 1, 0}));
}

TEST(PeerStore, KeepsTheBestAddressesUpToTheirLimit) {
    auto limits = small();
    for (std::uint32_t limit : {0u, 1u, 4u}) {
        limits.addresses_per_peer = limit;
        for (std::size_t count :
             {std::size_t{0}, std::size_t{1}, std::size_t{3}, std::size_t{4}, std::size_t{5}, std::size_t{60'000}}) {
            PeerStore store(limits);
            store.add_addresses(kAlice, addresses(1, count), 10s, kNow);
            EXPECT_EQ(store.addresses(kAlice, kNow).size(), std::min<std::size_t>(limit, count));
        }
    }
    PeerStore store(limits);
    store.add_addresses(kAlice, addresses(1, 4), 10s, kNow);
    store.add_addresses(kAlice, addresses(10, 2), 20s, kNow);
    store.add_addresses(kAlice, addresses(20, 1), 5s, kNow);
    EXPECT_TRUE(store.set_certified_addresses(kAlice, addresses(30, 1), 1, 1s, kNow));
    EXPECT_EQ(store.addresses(kAlice, kNow), (Addresses{address(30), address(10), address(11), address(1)}));
}

TEST(PeerStore, TheNewestSignedRecordWins) {
    PeerStore store(small());
    store.add_addresses(kAlice, addresses(9, 1), 10s, kNow);
    EXPECT_TRUE(store.set_certified_addresses(kAlice, addresses(1, 2), 5, 10s, kNow));
    EXPECT_EQ(store.certified_sequence(kAlice), 5u);
    EXPECT_FALSE(store.set_certified_addresses(kAlice, addresses(3, 1), 4, 10s, kNow)) << "older";
    EXPECT_FALSE(store.set_certified_addresses(kAlice, addresses(3, 1), 0, 10s, kNow));
    EXPECT_EQ(store.addresses(kAlice, kNow), (Addresses{address(1), address(2), address(9)}));
    EXPECT_TRUE(store.set_certified_addresses(kAlice, addresses(1, 1), 5, 20s, kNow)) << "the same again";
    EXPECT_TRUE(store.set_certified_addresses(kAlice, addresses(4, 1), 6, 10s, kNow));
    EXPECT_EQ(store.addresses(kAlice, kNow), (Addresses{address(4), address(9)}));
    const auto last = std::numeric_limits<std::uint64_t>::max();
    EXPECT_TRUE(store.set_certified_addresses(kAlice, addresses(5, 1), last, 10s, kNow));
    EXPECT_TRUE(store.set_certified_addresses(kAlice, addresses(6, 1), last, 10s, kNow));
    EXPECT_FALSE(store.set_certified_addresses(kAlice, addresses(7, 1), last - 1, 10s, kNow));
    EXPECT_EQ(store.addresses(kAlice, kNow), (Addresses{address(6), address(9)}));
}

TEST(PeerStore, FindsTheFirstProtocolThatIsServed) {
    PeerStore store(small());
    store.set_protocols(kAlice, std::vector<ProtocolId>{"/c", "/a", "/b"});
    EXPECT_EQ(store.protocols(kAlice), (std::vector<ProtocolId>{"/a", "/b", "/c"}));
    EXPECT_EQ(store.supports(kAlice, std::vector<ProtocolId>{"/x", "/b", "/a"}), "/b");
    EXPECT_FALSE(store.supports(kAlice, std::vector<ProtocolId>{"/x"}));
    EXPECT_FALSE(store.supports(kAlice, std::vector<ProtocolId>{}));
    store.set_protocols(kAlice, std::vector<ProtocolId>{"/x"});
    EXPECT_EQ(store.supports(kAlice, std::vector<ProtocolId>{"/b", "/x"}), "/x") << "the list was replaced";
    store.set_protocols(kAlice, std::vector<ProtocolId>{});
    EXPECT_FALSE(store.contains(kAlice)) << "nothing is left to know";
}

TEST(PeerStore, BoundsTheProtocolsOfAPeer) {
    auto limits = small();
    for (std::uint32_t limit : {0u, 1u, 3u}) {
        limits.protocols_per_peer = limit;
        PeerStore store(limits);
        store.set_protocols(kAlice, std::vector<ProtocolId>{"/d", "/c", "/b", "/a"});
        EXPECT_EQ(store.protocols(kAlice).size(), limit);
    }
    PeerStore store(limits);
    const ProtocolId longest(kMaxProtocolIdSize, 'x');
    store.set_protocols(kAlice, std::vector<ProtocolId>{"", longest + "x", longest, "/a", "/a"});
    EXPECT_EQ(store.protocols(kAlice), (std::vector<ProtocolId>{"/a", longest}));
}

TEST(PeerStore, KeepsWhoThePeerSaysItIs) {
    PeerStore store(small());
    store.set_identified(kAlice, "tester/1", "ipfs/0.1.0");
    EXPECT_EQ(store.agent(kAlice), "tester/1");
    EXPECT_EQ(store.protocol_version(kAlice), "ipfs/0.1.0");
    for (std::size_t size : {kMaxAgentSize - 1, kMaxAgentSize, kMaxAgentSize + 1, std::size_t{1} << 20}) {
        store.set_identified(kAlice, std::string(size, 'a'), std::string(size, 'b'));
        EXPECT_EQ(store.agent(kAlice).size(), std::min(size, kMaxAgentSize));
        EXPECT_EQ(store.protocol_version(kAlice).size(), std::min(size, kMaxAgentSize));
    }
}

TEST(PeerStore, KeepsKeysThatAreNotInsideTheId) {
    PeerStore store(small());
    const auto ecdsa = Identity::generate(KeyType::ecdsa);
    EXPECT_FALSE(store.public_key(ecdsa.peer_id()));
    store.set_public_key(ecdsa.public_key());
    EXPECT_EQ(store.public_key(ecdsa.peer_id()), ecdsa.public_key());
    const auto ed25519 = Identity::generate();
    store.set_public_key(ed25519.public_key());
    EXPECT_FALSE(store.contains(ed25519.peer_id())) << "nothing to keep";
    EXPECT_EQ(store.public_key(ed25519.peer_id()), ed25519.public_key());
}

TEST(PeerStore, ForgetsThePeerThatChangedLeastLatelyWhenFull) {
    PeerStore store(small());
    for (std::size_t i : {1u, 2u, 3u}) {
        store.add_addresses(peer(i), addresses(1, 1), 10s, kNow);
    }
    store.set_protocols(peer(1), std::vector<ProtocolId>{"/a"});
    store.add_addresses(peer(4), addresses(1, 1), 10s, kNow);
    EXPECT_EQ(store.peers(), (std::vector<PeerId>{peer(1), peer(3), peer(4)}));
    store.hold(peer(3));
    store.hold(peer(3));
    store.hold(peer(5));  // before there is an entry
    store.add_addresses(peer(5), addresses(1, 1), 10s, kNow);
    store.add_addresses(peer(6), addresses(1, 1), 10s, kNow);
    store.add_addresses(peer(7), addresses(1, 1), 10s, kNow);
    EXPECT_EQ(store.peers(), (std::vector<PeerId>{peer(3), peer(5), peer(7)}));
    store.unhold(peer(3));
    store.add_addresses(peer(8), addresses(1, 1), 10s, kNow);
    EXPECT_TRUE(store.contains(peer(3))) << "held twice";
    store.unhold(peer(3));
    store.unhold(peer(5));
    store.add_addresses(peer(9), addresses(1, 1), 10s, kNow);
    EXPECT_EQ(store.peers(), (std::vector<PeerId>{peer(3), peer(5), peer(9)}));
}

TEST(PeerStore, TakesNobodyNewWhileEverybodyIsHeld) {
    PeerStore store(small());
    for (std::size_t i : {1u, 2u, 3u}) {
        store.add_addresses(peer(i), addresses(1, 1), 10s, kNow);
        store.hold(peer(i));
    }
    store.add_addresses(peer(4), addresses(1, 1), 10s, kNow);
    store.hold(peer(5));
    store.add_addresses(peer(5), addresses(1, 1), 10s, kNow);
    EXPECT_EQ(store.peers(), (std::vector<PeerId>{peer(1), peer(2), peer(3)}));
    auto limits = small();
    limits.known_peers = 0;
    PeerStore none(limits);
    none.add_addresses(peer(1), addresses(1, 1), 10s, kNow);
    EXPECT_EQ(none.size(), 0u);
}

TEST(PeerStore, ForgetsPeersWhenTheirMemoryIsTooMuch) {
    auto limits = small();
    limits.known_peers = 1'000'000;
    limits.known_peers_memory = 256 * kKiB;
    limits.protocols_per_peer = 1000;
    PeerStore store(limits);
    for (std::size_t i = 0; i < 1000; ++i) {
        std::vector<ProtocolId> protocols;
        for (int j = 0; j < 50; ++j) {
            protocols.push_back("/some/protocol/" + std::to_string(j));
        }
        store.set_protocols(peer(i), protocols);
        store.add_addresses(peer(i), addresses(1, 4), 10s, kNow);
        ASSERT_LE(store.memory(), limits.known_peers_memory);
    }
    EXPECT_GT(store.size(), 40u);
    EXPECT_TRUE(store.contains(peer(999)));
    limits.known_peers_memory = 1;
    PeerStore none(limits);
    none.add_addresses(kAlice, addresses(1, 1), 10s, kNow);
    EXPECT_EQ(none.size(), 0u);
    EXPECT_EQ(none.memory(), 0u);
}

TEST(PeerStore, DropsWhatIsPastItsEnd) {
    PeerStore store(small());
    store.add_addresses(kAlice, addresses(1, 2), 10s, kNow);
    store.add_addresses(kBob, addresses(1, 2), 10s, kNow);
    store.set_identified(kBob, "tester", "");
    store.remove_expired(kNow + 9s);
    EXPECT_EQ(store.size(), 2u);
    store.remove_expired(kNow + 10s);
    EXPECT_EQ(store.peers(), (std::vector<PeerId>{kBob}));
    store.forget(kBob);
    EXPECT_EQ(store.memory(), 0u);
}

TEST(PeerStore, StaysWithinItsBoundsUnderRandomUse) {
    for (std::uint32_t seed = 1; seed <= 5; ++seed) {
        std::mt19937 random(seed);
        const auto pick = [&random](std::size_t n) {
            return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
        };
        auto limits = small();
        limits.known_peers = 10;
        limits.known_peers_memory = 8 * kKiB;
        PeerStore store(limits);
        std::vector<PeerId> held;
        auto now = kNow;
        for (int step = 0; step < 5000; ++step) {
            now += 1s;
            const auto who = peer(pick(30));
            switch (pick(7)) {
                case 0:
                    store.add_addresses(who, addresses(pick(20), pick(8)), std::chrono::seconds(pick(60)), now);
                    break;
                case 1:
                    (void)store.set_certified_addresses(who, addresses(pick(20), pick(8)), pick(5), 20s, now);
                    break;
                case 2:
                    store.set_protocols(who, std::vector<ProtocolId>(pick(4), "/" + std::to_string(pick(9))));
                    break;
                case 3: store.set_identified(who, std::string(pick(300), 'a'), ""); break;
                case 4:
                    store.hold(who);
                    held.push_back(who);
                    break;
                case 5:
                    if (!held.empty()) {
                        std::swap(held[pick(held.size())], held.back());
                        store.unhold(held.back());
                        held.pop_back();
                    }
                    break;
                case 6: pick(2) == 0 ? store.forget(who) : store.remove_expired(now); break;
            }
            ASSERT_LE(store.size(), limits.known_peers);
            ASSERT_LE(store.memory(), limits.known_peers_memory);
            ASSERT_LE(store.addresses(who, now).size(), limits.addresses_per_peer);
        }
        for (const auto& one : store.peers()) {
            store.forget(one);
        }
        EXPECT_EQ(store.memory(), 0u);
    }
}

}  // namespace
}  // namespace libp2p
