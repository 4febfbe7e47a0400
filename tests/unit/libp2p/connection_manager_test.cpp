// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/connection_manager.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

namespace libp2p {
namespace {

using namespace std::chrono_literals;
using TimePoint = ConnectionManager::TimePoint;
using Activity = ConnectionManager::Activity;

constexpr auto kLargest = std::numeric_limits<std::uint32_t>::max();
const TimePoint kNow = TimePoint() + 1h;

std::vector<PeerId> make_peers() {
    std::vector<PeerId> peers;
    for (const auto* text :
         {"12D3KooWB1b3qZxWJanuhtseF3DmPggHCtG36KZ9ixkqHtdKH9fh",
          "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq",
          "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA",
          "12D3KooWF85R7CM2Wikdtb2sjwnd24e1tgojf3MEWwizmVB8PA6U"}) {
        peers.push_back(PeerId::parse(text).value());
    }
    return peers;
}

const std::vector<PeerId> kPeers = make_peers();
const PeerId& kAlice = kPeers[0];
const PeerId& kBob = kPeers[1];

ConnectionManagerOptions marks(std::uint32_t low, std::uint32_t high) {
    ConnectionManagerOptions options;
    options.low_water = low;
    options.high_water = high;
    return options;
}

/// Chosen ids as numbers, for comparison.
std::vector<std::uint64_t> victims(ConnectionManager& manager, TimePoint now = kNow) {
    std::vector<std::uint64_t> ids;
    for (const auto id : manager.victims(now)) {
        ids.push_back(id.value);
    }
    return ids;
}

void add(
    ConnectionManager& manager,
    std::uint64_t id,
    const PeerId& peer,
    Direction direction = Direction::inbound,
    Activity activity = {},
    TimePoint opened = TimePoint()
) {
    manager.add(ConnectionId{id}, peer, direction, opened, [activity] { return activity; });
}

std::string refusal(std::uint32_t low, std::uint32_t high, const Limits& limits = {}) {
    try {
        ConnectionManager manager(marks(low, high), limits);
        return "accepted";
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

TEST(ConnectionManager, RefusesAHighWaterThatTheLimitsWouldNeverLetItPass) {
    Limits limits;
    limits.system.connections = 100;
    limits.system.connections_inbound = 80;
    limits.system.connections_outbound = 60;
    EXPECT_EQ(refusal(10, 59, limits), "accepted");
    EXPECT_EQ(
        refusal(10, 60, limits),
        "connection_manager.high_water (60) must be below limits.system.connections_outbound (60): connections "
        "would be refused before any is trimmed"
    );
    EXPECT_NE(refusal(10, 80, limits).find("limits.system.connections_inbound (80)"), std::string::npos);
    EXPECT_NE(refusal(10, 100, limits).find("limits.system.connections (100)"), std::string::npos);
    EXPECT_NE(refusal(10, kLargest, limits).find("limits.system.connections (100)"), std::string::npos);
    EXPECT_EQ(refusal(1, 1, limits), "accepted");
    EXPECT_EQ(
        refusal(60, 59, limits),
        "connection_manager.low_water (60) must not be above connection_manager.high_water (59)"
    );
    EXPECT_EQ(refusal(59, 59, limits), "accepted");
    EXPECT_NE(refusal(kLargest, 59, limits), "accepted");
}

TEST(ConnectionManager, TakesItsMarksFromTheLimitsUnlessTold) {
    Limits limits;
    limits.system.connections = 100;
    limits.system.connections_inbound = 80;
    limits.system.connections_outbound = 200;
    ConnectionManager manager({}, limits);
    EXPECT_EQ(manager.high_water(), 60u);
    EXPECT_EQ(manager.low_water(), 45u);
    limits.system.connections = limits.system.connections_inbound = limits.system.connections_outbound = kLargest;
    ConnectionManager largest({}, limits);
    EXPECT_EQ(largest.high_water(), 3221225472u);
    limits.system.connections = 0;
    ConnectionManager none({}, limits);
    EXPECT_EQ(none.high_water(), 0u);
    EXPECT_EQ(victims(none).size(), 0u);
}

TEST(ConnectionManager, RefusesNegativePeriods) {
    auto options = marks(1, 2);
    options.grace_period = -1ms;
    EXPECT_THROW(ConnectionManager(options, {}), std::invalid_argument);
    options.grace_period = 0ms;
    options.silence_period = -1ms;
    EXPECT_THROW(ConnectionManager(options, {}), std::invalid_argument);
    options.silence_period = 0ms;
    EXPECT_NO_THROW(ConnectionManager(options, {}));
}

TEST(ConnectionManager, TrimsOnlyAboveHighWaterAndDownToLowWater) {
    ConnectionManager manager(marks(2, 4), {});
    for (std::uint64_t id = 1; id <= 4; ++id) {
        add(manager, id, kAlice);
    }
    EXPECT_TRUE(victims(manager).empty());
    add(manager, 5, kAlice);
    EXPECT_EQ(victims(manager), (std::vector<std::uint64_t>{1, 2, 3}));
    EXPECT_EQ(manager.size(), 2u);
    EXPECT_TRUE(victims(manager, kNow + 1h).empty()) << "victims are not chosen twice";
    manager.remove(ConnectionId{1});
    manager.remove(ConnectionId{1});
    manager.remove(ConnectionId{4});
    manager.remove(ConnectionId{99});
    EXPECT_EQ(manager.size(), 1u);
}

TEST(ConnectionManager, KeepsSilentBetweenTrims) {
    ConnectionManager manager(marks(1, 1), {});
    add(manager, 1, kAlice);
    add(manager, 2, kAlice);
    EXPECT_EQ(victims(manager), (std::vector<std::uint64_t>{1}));
    add(manager, 3, kAlice);
    EXPECT_TRUE(victims(manager, kNow).empty());
    EXPECT_TRUE(victims(manager, kNow + 9'999ms).empty());
    EXPECT_EQ(victims(manager, kNow + 10'000ms), (std::vector<std::uint64_t>{2}));
}

TEST(ConnectionManager, SparesConnectionsWithinGrace) {
    ConnectionManager manager(marks(1, 1), {});
    add(manager, 1, kAlice, Direction::inbound, {}, kNow - 59'999ms);
    add(manager, 2, kAlice, Direction::inbound, {}, kNow);
    add(manager, 3, kAlice, Direction::inbound, {}, kNow + 1h);
    EXPECT_TRUE(victims(manager).empty());
    EXPECT_EQ(victims(manager, kNow + 10s), (std::vector<std::uint64_t>{1})) << "exactly one is old enough by now";
}

struct OrderCase {
    const char* name;
    Direction direction_a;
    Activity a;
    std::int32_t weight_a;
    Direction direction_b;
    Activity b;
    std::int32_t weight_b;
};

/// In each row connection 2 (of Alice) has to go before connection 1 (of Bob), although its id is higher.
TEST(ConnectionManager, ChoosesInTheDocumentedOrder) {
    constexpr auto in = Direction::inbound;
    constexpr auto out = Direction::outbound;
    const auto idle = [](std::chrono::seconds since) { return Activity{0, kNow - since, false}; };
    const auto busy = [](std::size_t streams) { return Activity{streams, kNow, false}; };
    const Activity half_open{0, kNow, true};
    const Activity half_open_busy{5, kNow, true};
    const std::vector<OrderCase> cases{
        {"half open before set up", out, half_open, 9, in, idle(1800s), -9},
        {"half open before set up, even with streams", out, half_open_busy, 9, in, idle(1800s), -9},
        {"without streams before one stream", out, idle(0s), 9, in, busy(1), -9},
        {"without streams before many", in, idle(0s), 0, in, busy(8192), 0},
        {"lower weight first", out, idle(0s), 1, in, idle(1800s), 2},
        {"negative weight first", out, idle(0s), -1, in, idle(1800s), 0},
        {"lower weight first among the busy", out, busy(9), 1, in, busy(1), 2},
        {"smallest before largest weight",
         out,
         idle(0s),
         std::numeric_limits<std::int32_t>::min(),
         in,
         idle(9s),
         std::numeric_limits<std::int32_t>::max()},
        {"inbound before outbound", in, idle(0s), 1, out, idle(1800s), 1},
        {"longer idle first", in, idle(11s), 1, in, idle(10s), 1},
    };
    for (const auto& test : cases) {
        ConnectionManager manager(marks(1, 1), {});
        add(manager, 1, kBob, test.direction_b, test.b);
        add(manager, 2, kAlice, test.direction_a, test.a);
        ASSERT_TRUE(manager.tag_peer(kAlice, "test", test.weight_a));
        ASSERT_TRUE(manager.tag_peer(kBob, "test", test.weight_b));
        EXPECT_EQ(victims(manager), (std::vector<std::uint64_t>{2})) << test.name;
    }
}

TEST(ConnectionManager, BreaksTiesByTheLowerId) {
    ConnectionManager manager(marks(1, 1), {});
    for (const std::uint64_t id : {7u, 3u, 5u}) {
        add(manager, id, kAlice);
    }
    EXPECT_EQ(victims(manager), (std::vector<std::uint64_t>{3, 5}));
}

TEST(ConnectionManager, CountsAConnectionThatWasNeverUsedAsIdleSinceItOpened) {
    ConnectionManager manager(marks(1, 1), {});
    add(manager, 1, kAlice, Direction::inbound, {}, kNow - 100s);
    add(manager, 2, kAlice, Direction::inbound, {0, kNow - 200s, false}, kNow - 300s);
    EXPECT_EQ(victims(manager), (std::vector<std::uint64_t>{2}));
}

TEST(ConnectionManager, NeverChoosesAProtectedPeer) {
    ConnectionManager manager(marks(1, 1), {});
    add(manager, 1, kAlice, Direction::inbound, {0, {}, true});
    add(manager, 2, kAlice);
    add(manager, 3, kBob, Direction::outbound, {100, kNow, false});
    ASSERT_TRUE(manager.tag_peer(kBob, "dear", 1000));
    ASSERT_TRUE(manager.protect(kAlice, "relay"));
    EXPECT_EQ(victims(manager), (std::vector<std::uint64_t>{3}));
    EXPECT_FALSE(manager.unprotect(kAlice, "relay"));
    EXPECT_EQ(victims(manager, kNow + 10s), (std::vector<std::uint64_t>{1}));
}

TEST(ConnectionManager, ProtectsUntilTheLastNameIsTakenBack) {
    ConnectionManager manager(marks(1, 1), {});
    EXPECT_FALSE(manager.is_protected(kAlice));
    EXPECT_FALSE(manager.unprotect(kAlice, "a"));
    ASSERT_TRUE(manager.protect(kAlice, "a"));
    ASSERT_TRUE(manager.protect(kAlice, "a"));
    ASSERT_TRUE(manager.protect(kAlice, "b"));
    EXPECT_TRUE(manager.is_protected(kAlice));
    EXPECT_TRUE(manager.is_protected(kAlice, "b"));
    EXPECT_FALSE(manager.is_protected(kAlice, "c"));
    EXPECT_TRUE(manager.unprotect(kAlice, "a"));
    EXPECT_TRUE(manager.unprotect(kAlice, "c"));
    EXPECT_FALSE(manager.unprotect(kAlice, "b"));
    EXPECT_FALSE(manager.is_protected(kAlice));
    EXPECT_FALSE(manager.is_protected(kAlice, "b"));
}

TEST(ConnectionManager, SumsTheWeightsOfAllTagsWithoutOverflow) {
    ConnectionManager manager(marks(1, 1), {});
    constexpr auto most = std::numeric_limits<std::int32_t>::max();
    constexpr auto least = std::numeric_limits<std::int32_t>::min();
    EXPECT_EQ(manager.weight(kAlice), 0);
    for (std::size_t i = 0; i < kMaxTagsPerPeer; ++i) {
        ASSERT_TRUE(manager.tag_peer(kAlice, "tag" + std::to_string(i), most));
        ASSERT_TRUE(manager.tag_peer(kBob, "tag" + std::to_string(i), least));
    }
    EXPECT_EQ(manager.weight(kAlice), std::int64_t{most} * 64);
    EXPECT_EQ(manager.weight(kBob), std::int64_t{least} * 64);
    auto refused = manager.tag_peer(kAlice, "one more", 1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), Errc::limit_exceeded);
    EXPECT_NE(refused.error().detail().find("kMaxTagsPerPeer"), std::string_view::npos);
    EXPECT_TRUE(manager.tag_peer(kAlice, "tag7", 0)) << "a tag that exists may change";
    EXPECT_EQ(manager.weight(kAlice), std::int64_t{most} * 63);
    manager.untag_peer(kAlice, "tag7");
    manager.untag_peer(kAlice, "tag7");
    manager.untag_peer(kPeers[3], "tag7");
    EXPECT_EQ(manager.tags(kAlice).size(), 63u);
    EXPECT_TRUE(manager.tag_peer(kAlice, "one more", 1));
    for (std::size_t i = 0; i < kMaxTagsPerPeer; ++i) {
        ASSERT_TRUE(manager.protect(kAlice, std::to_string(i)));
    }
    EXPECT_FALSE(manager.protect(kAlice, "one more"));
    EXPECT_TRUE(manager.protect(kAlice, "0"));
}

TEST(ConnectionManager, UpsertsFromThePresentWeight) {
    ConnectionManager manager(marks(1, 1), {});
    const auto bump = [](std::int32_t weight) { return weight + 5; };
    EXPECT_TRUE(manager.upsert_tag(kAlice, "useful", bump));
    EXPECT_TRUE(manager.upsert_tag(kAlice, "useful", bump));
    EXPECT_EQ(manager.tags(kAlice).at("useful"), 10);
    EXPECT_TRUE(manager.tags(kBob).empty());
}

TEST(ConnectionManager, BoundsTheNamesOfTags) {
    ConnectionManager manager(marks(1, 1), {});
    EXPECT_TRUE(manager.tag_peer(kAlice, "", 1));
    EXPECT_TRUE(manager.tag_peer(kAlice, std::string(kMaxTagSize, 'x'), 1));
    EXPECT_FALSE(manager.tag_peer(kAlice, std::string(kMaxTagSize + 1, 'x'), 1));
    EXPECT_FALSE(manager.protect(kAlice, std::string(kMaxTagSize + 1, 'x')));
    EXPECT_EQ(manager.weight(kAlice), 2);
}

/// Any number of different peers.
PeerId numbered_peer(std::size_t number) {
    Bytes multihash(34);
    multihash[0] = 0x12;  // SHA-256
    multihash[1] = 32;
    for (std::size_t i = 0; i < sizeof number; ++i) {
        multihash[2 + i] = static_cast<std::uint8_t>(number >> (8 * i));
    }
    return PeerId::from_bytes(multihash).value();
}

TEST(ConnectionManager, ForgetsTheTagsOfThePeerThatIsAwayForLongestWhenThereAreTooMany) {
    ConnectionManager manager(marks(1, 2), {});
    const auto connected = numbered_peer(0);
    const auto guarded = numbered_peer(1);
    const auto comes_and_goes = numbered_peer(2);
    add(manager, 1, connected);
    ASSERT_TRUE(manager.tag_peer(connected, "t", 1));
    ASSERT_TRUE(manager.protect(guarded, "p"));
    add(manager, 2, comes_and_goes);
    ASSERT_TRUE(manager.tag_peer(comes_and_goes, "t", 2));
    for (std::size_t i = 3; i < kMaxTaggedPeers; ++i) {
        ASSERT_TRUE(manager.tag_peer(numbered_peer(i), "t", 1));
    }
    manager.remove(ConnectionId{2});  // away since just now
    ASSERT_TRUE(manager.tag_peer(numbered_peer(kMaxTaggedPeers), "t", 1));
    EXPECT_EQ(manager.weight(numbered_peer(3)), 0) << "the one to go";
    EXPECT_EQ(manager.weight(numbered_peer(4)), 1);
    for (std::size_t i = 1; i < 3 * kMaxTaggedPeers; ++i) {
        ASSERT_TRUE(manager.tag_peer(numbered_peer(kMaxTaggedPeers + i), "t", 1));
    }
    EXPECT_EQ(manager.weight(comes_and_goes), 0);
    EXPECT_EQ(manager.weight(connected), 1);
    EXPECT_TRUE(manager.is_protected(guarded));
}

TEST(ConnectionManager, RefusesToProtectMorePeersThanItsCap) {
    ConnectionManager manager(marks(1, 2), {});
    for (std::size_t i = 0; i < kMaxTaggedPeers; ++i) {
        ASSERT_TRUE(manager.protect(numbered_peer(i), "p"));
    }
    auto refused = manager.protect(kAlice, "p");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), Errc::limit_exceeded);
    EXPECT_NE(refused.error().detail().find("kMaxTaggedPeers"), std::string_view::npos);
    EXPECT_FALSE(manager.tag_peer(kAlice, "t", 1));
    EXPECT_FALSE(manager.unprotect(numbered_peer(5), "p"));
    EXPECT_TRUE(manager.tag_peer(kAlice, "t", 1)) << "a place is free again";
}

}  // namespace
}  // namespace libp2p
