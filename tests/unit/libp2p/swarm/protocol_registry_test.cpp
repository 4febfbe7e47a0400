// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/swarm/protocol_registry.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace libp2p::swarm {
namespace {

awaitable<void> nothing() {
    co_return;
}

class ProtocolRegistryTest : public testing::Test {
protected:
    /// A handler that leaves `name` behind when it is called.
    StreamHandler noting(std::string name) {
        return [this, name = std::move(name)](std::unique_ptr<Stream>) {
            called_ = name;
            return nothing();
        };
    }

    /// Which of the handlers above serves `protocol`.
    std::string served_by(const ProtocolId& protocol) {
        called_.clear();
        auto handler = registry_.find(protocol);
        EXPECT_EQ(handler != nullptr, registry_.supports(protocol));
        if (handler) {
            (void)(*handler)(nullptr);
        }
        return called_;
    }

    static ProtocolMatcher starts_with(std::string head) {
        return [head = std::move(head)](const ProtocolId& protocol) { return protocol.starts_with(head); };
    }

    ProtocolRegistry registry_;
    std::string called_;
};

TEST_F(ProtocolRegistryTest, IsEmptyAtFirst) {
    EXPECT_TRUE(registry_.names().empty());
    EXPECT_EQ(registry_.find("/echo/1"), nullptr);
    EXPECT_EQ(registry_.find(""), nullptr);
    EXPECT_FALSE(registry_.remove("/echo/1"));
}

TEST_F(ProtocolRegistryTest, FindsExactNamesOnly) {
    registry_.add("/echo/1", noting("echo"));
    registry_.add("/ping/1", noting("ping"));
    EXPECT_EQ(served_by("/echo/1"), "echo");
    EXPECT_EQ(served_by("/ping/1"), "ping");
    for (const auto* other : {"", "/echo/", "/echo/1 ", "/echo/10", "/ECHO/1", "echo/1"}) {
        EXPECT_EQ(served_by(other), "") << other;
    }
}

TEST_F(ProtocolRegistryTest, NamesAreSorted) {
    registry_.add("/b", noting("b"));
    registry_.add("/c", starts_with("/c"), noting("c"));
    registry_.add("/a", noting("a"));
    EXPECT_EQ(registry_.names(), (std::vector<ProtocolId>{"/a", "/b", "/c"}));
}

TEST_F(ProtocolRegistryTest, RefusesDuplicates) {
    registry_.add("/echo/1", noting("first"));
    EXPECT_THROW(registry_.add("/echo/1", noting("second")), std::invalid_argument);
    EXPECT_THROW(registry_.add("/echo/1", starts_with("/echo/"), noting("third")), std::invalid_argument);
    EXPECT_EQ(served_by("/echo/1"), "first");
    EXPECT_EQ(served_by("/echo/2"), "");
    registry_.add("/match", starts_with("/match/"), noting("matcher"));
    EXPECT_THROW(registry_.add("/match", noting("exact")), std::invalid_argument);
    EXPECT_EQ(served_by("/match/7"), "matcher");
    EXPECT_EQ(registry_.names().size(), 2U);
}

TEST_F(ProtocolRegistryTest, RefusesWhatIsNoName) {
    EXPECT_THROW(registry_.add("", noting("")), std::invalid_argument);
    EXPECT_THROW(registry_.add("/a\n", noting("")), std::invalid_argument);
    EXPECT_THROW(registry_.add("", starts_with("/"), noting("")), std::invalid_argument);
    EXPECT_TRUE(registry_.names().empty());
}

TEST_F(ProtocolRegistryTest, TakesNamesUpToTheLongestOne) {
    const std::string longest(kMaxProtocolIdSize, 'x');
    registry_.add(longest, noting("longest"));
    EXPECT_EQ(served_by(longest), "longest");
    EXPECT_THROW(registry_.add(longest + "x", noting("")), std::invalid_argument);
    EXPECT_THROW(registry_.add(longest + "x", starts_with("x"), noting("")), std::invalid_argument);
    EXPECT_EQ(registry_.names().size(), 1U);
}

TEST_F(ProtocolRegistryTest, RefusesEmptyFunctions) {
    EXPECT_THROW(registry_.add("/a", StreamHandler()), std::invalid_argument);
    EXPECT_THROW(registry_.add("/a", starts_with("/a"), StreamHandler()), std::invalid_argument);
    EXPECT_THROW(registry_.add("/a", ProtocolMatcher(), noting("")), std::invalid_argument);
    EXPECT_TRUE(registry_.names().empty());
}

TEST_F(ProtocolRegistryTest, ErrorsNameTheProtocol) {
    registry_.add("/echo/1", noting("echo"));
    try {
        registry_.add("/echo/1", noting("echo"));
        FAIL() << "nothing was thrown";
    } catch (const std::invalid_argument& error) {
        EXPECT_NE(std::string(error.what()).find("/echo/1"), std::string::npos) << error.what();
    }
}

TEST_F(ProtocolRegistryTest, MatchersServeVersions) {
    registry_.add("/versioned/1", starts_with("/versioned/1."), noting("one"));
    registry_.add("/versioned/2", starts_with("/versioned/2."), noting("two"));
    EXPECT_EQ(served_by("/versioned/1.0"), "one");
    EXPECT_EQ(served_by("/versioned/1.99.3"), "one");
    EXPECT_EQ(served_by("/versioned/2.0"), "two");
    EXPECT_EQ(served_by("/versioned/3.0"), "");
    EXPECT_EQ(served_by("/versioned/1"), "") << "the name of a matcher is announced, not served";
}

TEST_F(ProtocolRegistryTest, ExactNamesGoBeforeMatchers) {
    registry_.add("/a/all", starts_with("/"), noting("all"));
    registry_.add("/z/exact", noting("exact"));
    EXPECT_EQ(served_by("/z/exact"), "exact");
    EXPECT_EQ(served_by("/z/other"), "all");
}

TEST_F(ProtocolRegistryTest, TheFirstMatcherByNameServesWhatSeveralAccept) {
    registry_.add("/b", starts_with("/x"), noting("b"));
    registry_.add("/a", starts_with("/x/y"), noting("a"));
    EXPECT_EQ(served_by("/x/y/z"), "a");
    EXPECT_EQ(served_by("/x/z"), "b");
}

TEST_F(ProtocolRegistryTest, RemovesAndTakesAgain) {
    registry_.add("/echo/1", noting("first"));
    EXPECT_FALSE(registry_.remove("/echo/2"));
    EXPECT_TRUE(registry_.remove("/echo/1"));
    EXPECT_FALSE(registry_.remove("/echo/1"));
    EXPECT_EQ(served_by("/echo/1"), "");
    registry_.add("/echo/1", noting("second"));
    EXPECT_EQ(served_by("/echo/1"), "second");
}

TEST_F(ProtocolRegistryTest, RemovesMatchersByName) {
    registry_.add("/any", starts_with("/"), noting("any"));
    EXPECT_FALSE(registry_.remove("/something"));
    EXPECT_EQ(served_by("/something"), "any");
    EXPECT_TRUE(registry_.remove("/any"));
    EXPECT_EQ(served_by("/something"), "");
}

TEST_F(ProtocolRegistryTest, ARemovedHandlerLivesWhileItIsHeld) {
    auto witness = std::make_shared<int>(0);
    std::weak_ptr<int> alive = witness;
    registry_.add("/a", [witness = std::move(witness)](std::unique_ptr<Stream>) { return nothing(); });
    auto handler = registry_.find("/a");
    registry_.remove("/a");
    EXPECT_FALSE(alive.expired());
    handler.reset();
    EXPECT_TRUE(alive.expired());
}

}  // namespace
}  // namespace libp2p::swarm
