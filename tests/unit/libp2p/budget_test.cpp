// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/budget.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

namespace libp2p {
namespace {

constexpr auto kMany = std::numeric_limits<std::uint32_t>::max();
constexpr auto kMuch = std::numeric_limits<std::size_t>::max();
constexpr ScopeLimits kUnlimited{kMany, kMany, kMany, kMany, kMany, kMany, kMany, kMuch};

Usage usage(
    std::uint32_t connections_in,
    std::uint32_t connections_out,
    std::uint32_t streams_in,
    std::uint32_t streams_out,
    std::uint32_t descriptors,
    std::size_t memory
) {
    Usage made;
    made.connections_inbound = connections_in;
    made.connections_outbound = connections_out;
    made.streams_inbound = streams_in;
    made.streams_outbound = streams_out;
    made.descriptors = descriptors;
    made.memory = memory;
    return made;
}

/// The shape the host uses.
struct Tree {
    std::shared_ptr<Budget> system = Budget::make("system", "limits.system", kUnlimited);
    std::shared_ptr<Budget> transient = Budget::make("transient", "limits.transient", kUnlimited, system);
    std::shared_ptr<Budget> peer = Budget::make("peer A", "limits.peer", kUnlimited, system);
    std::shared_ptr<Budget> connection = Budget::make("connection 1", "limits.connection", kUnlimited, peer);
    std::shared_ptr<Budget> stream = Budget::make("stream", "limits.stream", kUnlimited, connection, transient);
};

TEST(Usage, CountsOneConnectionOrOneStreamByDirection) {
    EXPECT_EQ(Usage::connection(Direction::inbound, 1, 7), usage(1, 0, 0, 0, 1, 7));
    EXPECT_EQ(Usage::connection(Direction::outbound, 0, 7), usage(0, 1, 0, 0, 0, 7));
    EXPECT_EQ(Usage::stream(Direction::inbound, 3), usage(0, 0, 1, 0, 0, 3));
    EXPECT_EQ(Usage::stream(Direction::outbound, 3), usage(0, 0, 0, 1, 0, 3));
    EXPECT_EQ(Usage::octets(9), usage(0, 0, 0, 0, 0, 9));
    EXPECT_TRUE(Usage::octets(0).is_zero());
    EXPECT_FALSE(Usage::octets(1).is_zero());
}

TEST(Usage, NeitherOverflowsNorGoesBelowZero) {
    const auto all = usage(kMany, kMany, kMany, kMany, kMany, kMuch);
    const auto one = usage(1, 1, 1, 1, 1, 1);
    auto sum = all;
    sum += one;
    EXPECT_EQ(sum, all);
    sum += all;
    EXPECT_EQ(sum, all);
    EXPECT_EQ(sum.connections(), 2 * std::uint64_t{kMany});
    EXPECT_EQ(sum.streams(), 2 * std::uint64_t{kMany});
    Usage difference;
    difference -= one;
    EXPECT_TRUE(difference.is_zero());
    difference = one;
    difference -= all;
    EXPECT_TRUE(difference.is_zero());
}

TEST(Budget, GrantsUpToEachLimitAndRefusesOneMore) {
    struct Case {
        std::uint32_t ScopeLimits::* limit;
        Usage one;
        const char* name;
    };
    const std::vector<Case> cases{
        {&ScopeLimits::connections_inbound, usage(1, 0, 0, 0, 0, 0), "connections_inbound"},
        {&ScopeLimits::connections_outbound, usage(0, 1, 0, 0, 0, 0), "connections_outbound"},
        {&ScopeLimits::connections, usage(1, 0, 0, 0, 0, 0), "connections"},
        {&ScopeLimits::connections, usage(0, 1, 0, 0, 0, 0), "connections"},
        {&ScopeLimits::streams_inbound, usage(0, 0, 1, 0, 0, 0), "streams_inbound"},
        {&ScopeLimits::streams_outbound, usage(0, 0, 0, 1, 0, 0), "streams_outbound"},
        {&ScopeLimits::streams, usage(0, 0, 1, 0, 0, 0), "streams"},
        {&ScopeLimits::streams, usage(0, 0, 0, 1, 0, 0), "streams"},
        {&ScopeLimits::descriptors, usage(0, 0, 0, 0, 1, 0), "descriptors"},
    };
    for (const auto& test : cases) {
        for (std::uint32_t limit : {0u, 1u, 3u}) {
            auto limits = kUnlimited;
            limits.*test.limit = limit;
            auto scope = Budget::make("scope", "limits.scope", limits);
            std::vector<Charge> charges;
            for (std::uint32_t i = 0; i < limit; ++i) {
                EXPECT_TRUE(scope->has_room(test.one));
                auto charge = scope->charge(test.one);
                ASSERT_TRUE(charge) << test.name << " " << limit;
                charges.push_back(std::move(*charge));
            }
            const auto before = scope->used();
            EXPECT_FALSE(scope->has_room(test.one));
            auto refused = scope->charge(test.one);
            ASSERT_FALSE(refused);
            EXPECT_EQ(refused.error(), Errc::limit_exceeded);
            const auto count = std::to_string(limit);
            EXPECT_EQ(
                refused.error().detail(),
                "scope: " + std::string(test.name) + " " + count + " of " + count +
                    " used, 1 more asked (limits.scope." + test.name + ")"
            );
            EXPECT_EQ(scope->used(), before);
            EXPECT_TRUE(scope->has_room({})) << "asking for nothing is never refused";
        }
    }
}

TEST(Budget, CountsMemoryAtZeroOneAndAroundTheLimit) {
    auto limits = kUnlimited;
    for (std::size_t limit : {std::size_t{0}, std::size_t{1}, std::size_t{4096}, kMuch - 1, kMuch}) {
        limits.memory = limit;
        auto scope = Budget::make("scope", "limits.scope", limits);
        EXPECT_TRUE(scope->charge(Usage::octets(0)));
        EXPECT_TRUE(scope->charge(Usage::octets(limit)));
        if (limit > 0) {
            EXPECT_TRUE(scope->charge(Usage::octets(limit - 1)));
        }
        if (limit < kMuch) {
            EXPECT_FALSE(scope->charge(Usage::octets(limit + 1)));
            EXPECT_FALSE(scope->charge(Usage::octets(kMuch)));
        }
        auto all = scope->charge(Usage::octets(limit));
        ASSERT_TRUE(all);
        EXPECT_FALSE(scope->charge(Usage::octets(1)));
        EXPECT_FALSE(scope->charge(Usage::octets(kMuch)));
        EXPECT_EQ(scope->used().memory, limit);
    }
}

TEST(Budget, ArithmeticHoldsAtTheLargestNumbers) {
    auto scope = Budget::make("scope", "limits.scope", kUnlimited);
    auto half = scope->charge(usage(kMany, 0, kMany, 0, kMany, kMuch));
    ASSERT_TRUE(half);
    EXPECT_FALSE(scope->charge(usage(0, 1, 0, 0, 0, 0))) << "both directions together count to one limit";
    EXPECT_FALSE(scope->charge(usage(0, kMany, 0, 0, 0, 0)));
    EXPECT_FALSE(scope->charge(usage(0, 0, 0, 1, 0, 0)));
    EXPECT_FALSE(scope->charge(usage(0, 0, 0, 0, kMany, 0)));
    EXPECT_FALSE(scope->charge(usage(kMany, kMany, kMany, kMany, kMany, kMuch)));
    half->release();
    EXPECT_TRUE(scope->used().is_zero());
    EXPECT_FALSE(scope->charge(usage(kMany, kMany, 0, 0, 0, 0)));
}

TEST(Budget, RefusalNamesTheScopeThatIsFull) {
    auto limits = kUnlimited;
    limits.streams_inbound = 8192;
    auto system = Budget::make("system", "limits.system", kUnlimited);
    auto peer = Budget::make("peer 12D3", "limits.peer", limits, system);
    auto connection = Budget::make("connection 4", "limits.connection", kUnlimited, peer);
    auto all = connection->charge(usage(0, 0, 8192, 0, 0, 0));
    ASSERT_TRUE(all);
    auto refused = connection->charge(Usage::stream(Direction::inbound, 1));
    ASSERT_FALSE(refused);
    EXPECT_EQ(
        refused.error().detail(),
        "peer 12D3: streams_inbound 8192 of 8192 used, 1 more asked (limits.peer.streams_inbound)"
    );
}

TEST(Budget, ChargesEveryAncestorExactlyOnce) {
    Tree tree;
    auto charge = tree.stream->charge(Usage::stream(Direction::inbound, 5));
    ASSERT_TRUE(charge);
    const auto one = usage(0, 0, 1, 0, 0, 5);
    for (const auto& scope : {tree.stream, tree.connection, tree.peer, tree.transient, tree.system}) {
        EXPECT_EQ(scope->used(), one) << scope->name();
    }
    charge->release();
    charge->release();
    for (const auto& scope : {tree.stream, tree.connection, tree.peer, tree.transient, tree.system}) {
        EXPECT_TRUE(scope->used().is_zero()) << scope->name();
    }
}

TEST(Budget, RefusalByTheLastAncestorChangesNothingAnywhere) {
    auto limits = kUnlimited;
    limits.memory = 10;
    auto system = Budget::make("system", "limits.system", limits);
    auto transient = Budget::make("transient", "limits.transient", kUnlimited, system);
    auto peer = Budget::make("peer", "limits.peer", kUnlimited, system);
    auto stream = Budget::make("stream", "limits.stream", kUnlimited, peer, transient);
    auto held = stream->charge(Usage::octets(10));
    ASSERT_TRUE(held);
    auto refused = stream->charge(Usage::stream(Direction::outbound, 1));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().detail(), "system: memory 10 of 10 used, 1 more asked (limits.system.memory)");
    for (const auto& scope : {stream, peer, transient, system}) {
        EXPECT_EQ(scope->used(), Usage::octets(10)) << scope->name();
    }
}

TEST(Charge, MovesWithoutCountingTwiceAndAssignmentReleasesWhatWasHeld) {
    auto scope = Budget::make("scope", "limits.scope", kUnlimited);
    auto a = scope->charge(Usage::octets(1));
    auto b = scope->charge(Usage::octets(2));
    ASSERT_TRUE(a && b);
    Charge moved = std::move(*a);
    EXPECT_TRUE(a->amount().is_zero());
    EXPECT_EQ(a->budget(), nullptr);
    EXPECT_EQ(scope->used().memory, 3u);
    moved = std::move(*b);
    EXPECT_EQ(scope->used().memory, 2u);
    auto& self = moved;
    moved = std::move(self);
    EXPECT_EQ(scope->used().memory, 2u);
    EXPECT_EQ(moved.amount(), Usage::octets(2));
    moved = Charge();
    EXPECT_TRUE(scope->used().is_zero());
}

TEST(Charge, ResizesItsMemoryAndKeepsItWhenRefused) {
    auto limits = kUnlimited;
    limits.memory = 100;
    auto scope = Budget::make("scope", "limits.scope", limits);
    auto charge = scope->charge(Usage::stream(Direction::inbound, 10));
    ASSERT_TRUE(charge);
    EXPECT_TRUE(charge->resize_memory(100));
    EXPECT_EQ(scope->used().memory, 100u);
    auto refused = charge->resize_memory(101);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().detail(), "scope: memory 100 of 100 used, 1 more asked (limits.scope.memory)");
    EXPECT_FALSE(charge->resize_memory(kMuch));
    EXPECT_EQ(charge->amount().memory, 100u);
    EXPECT_TRUE(charge->resize_memory(100));
    EXPECT_TRUE(charge->resize_memory(99));
    EXPECT_TRUE(charge->resize_memory(1));
    EXPECT_TRUE(charge->resize_memory(0));
    EXPECT_EQ(scope->used(), usage(0, 0, 1, 0, 0, 0));
}

TEST(Charge, EmptyAcceptsOnlyNoMemory) {
    Charge empty;
    EXPECT_TRUE(empty.resize_memory(0));
    auto refused = empty.resize_memory(1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), Errc::limit_exceeded);
    EXPECT_TRUE(empty.amount().is_zero());
    empty.release();
}

TEST(Budget, LivesAsLongAsAChargeOrAChildNeedsIt) {
    auto system = Budget::make("system", "limits.system", kUnlimited);
    int unused = 0;
    auto rule = std::make_shared<const ScopeRule>(ScopeRule{"limits.peer", kUnlimited});
    auto peer = Budget::make_watched("peer", rule, system, [&unused] { ++unused; });
    auto child = Budget::make("connection", "limits.connection", kUnlimited, peer);
    auto charge = child->charge(Usage::octets(1));
    ASSERT_TRUE(charge);
    peer.reset();
    child.reset();
    EXPECT_EQ(unused, 0);
    EXPECT_EQ(system->used().memory, 1u);
    charge->release();
    EXPECT_EQ(unused, 1);
    EXPECT_TRUE(system->used().is_zero());
}

TEST(Budget, MovesBelowAnotherParentWithAllItHolds) {
    Tree tree;
    auto connection = Budget::make("connection 2", "limits.connection", kUnlimited, tree.transient);
    auto charge = connection->charge(Usage::connection(Direction::inbound, 1, 100));
    ASSERT_TRUE(charge);
    ASSERT_TRUE(connection->reparent(tree.peer));
    const auto one = usage(1, 0, 0, 0, 1, 100);
    EXPECT_TRUE(tree.transient->used().is_zero());
    EXPECT_EQ(tree.peer->used(), one);
    EXPECT_EQ(tree.system->used(), one) << "an ancestor that stays is not touched";
    charge->release();
    EXPECT_TRUE(tree.peer->used().is_zero());
    EXPECT_TRUE(tree.system->used().is_zero());
}

TEST(Budget, StaysWhereItIsWhenANewAncestorRefuses) {
    auto limits = kUnlimited;
    limits.connections_inbound = 1;
    auto system = Budget::make("system", "limits.system", kUnlimited);
    auto transient = Budget::make("transient", "limits.transient", kUnlimited, system);
    auto peer = Budget::make("peer", "limits.peer", limits, system);
    auto first = Budget::make("connection 1", "limits.connection", kUnlimited, peer);
    auto second = Budget::make("connection 2", "limits.connection", kUnlimited, transient);
    auto held = first->charge(Usage::connection(Direction::inbound, 0, 0));
    auto charge = second->charge(Usage::connection(Direction::inbound, 1, 8));
    ASSERT_TRUE(held && charge);
    auto refused = second->reparent(peer);
    ASSERT_FALSE(refused);
    EXPECT_EQ(
        refused.error().detail(),
        "peer: connections_inbound 1 of 1 used, 1 more asked (limits.peer.connections_inbound)"
    );
    EXPECT_EQ(second->parent(), transient);
    EXPECT_EQ(transient->used(), usage(1, 0, 0, 0, 1, 8));
    EXPECT_EQ(peer->used(), usage(1, 0, 0, 0, 0, 0));
    EXPECT_EQ(system->used(), usage(2, 0, 0, 0, 1, 8));
    held->release();
    EXPECT_TRUE(second->reparent(peer));
    EXPECT_TRUE(transient->used().is_zero());
}

TEST(Budget, DoesNotAskTwiceOfAnAncestorThatStays) {
    auto limits = kUnlimited;
    limits.memory = 10;
    auto system = Budget::make("system", "limits.system", limits);
    auto a = Budget::make("a", "limits.peer", kUnlimited, system);
    auto b = Budget::make("b", "limits.peer", kUnlimited, system);
    auto scope = Budget::make("scope", "limits.connection", kUnlimited, a);
    auto charge = scope->charge(Usage::octets(10));
    ASSERT_TRUE(charge);
    EXPECT_TRUE(scope->reparent(b)) << "system is full of what moves, and has it already";
    EXPECT_EQ(b->used().memory, 10u);
    EXPECT_TRUE(a->used().is_zero());
    EXPECT_TRUE(scope->reparent(b)) << "moving to where it is changes nothing";
    EXPECT_EQ(b->used().memory, 10u);
    EXPECT_TRUE(scope->reparent(nullptr)) << "leaving the tree is never refused";
    EXPECT_TRUE(system->used().is_zero());
    EXPECT_TRUE(scope->reparent(a, b));
    EXPECT_EQ(system->used().memory, 10u) << "reached on two ways, counted once";
}

TEST(Budget, LeavesItsSecondParentWithoutBeingAsked) {
    Tree tree;
    auto charge = tree.stream->charge(Usage::stream(Direction::inbound, 5));
    ASSERT_TRUE(charge);
    tree.stream->leave_second_parent();
    tree.stream->leave_second_parent();
    EXPECT_TRUE(tree.transient->used().is_zero());
    EXPECT_EQ(tree.peer->used().memory, 5u);
    EXPECT_EQ(tree.system->used().memory, 5u);
}

TEST(Budget, AnOldParentMayDieWhenItsLastChildMovesAway) {
    auto system = Budget::make("system", "limits.system", kUnlimited);
    auto old_parent = Budget::make("old", "limits.peer", kUnlimited, system);
    auto new_parent = Budget::make("new", "limits.peer", kUnlimited, system);
    auto scope = Budget::make("scope", "limits.connection", kUnlimited, std::move(old_parent));
    auto charge = scope->charge(Usage::octets(3));
    ASSERT_TRUE(charge);
    EXPECT_TRUE(scope->reparent(new_parent));
    EXPECT_EQ(system->used().memory, 3u);
}

/// Random trees under random charges, releases, resizes and moves, checked after each step against sums made afresh.
class BudgetModel {
public:
    explicit BudgetModel(std::uint32_t seed) : random_(seed) {
        const ScopeLimits tight{6, 6, 9, 12, 12, 20, 8, 4000};
        scopes_.push_back(Budget::make("system", "limits.system", ScopeLimits{20, 20, 30, 40, 40, 60, 25, 12'000}));
        scopes_.push_back(Budget::make("transient", "limits.transient", tight, scopes_[0]));
        for (int i = 0; i < 3; ++i) {
            scopes_.push_back(Budget::make("peer", "limits.peer", tight, scopes_[0]));
        }
        for (int i = 0; i < 6; ++i) {
            scopes_.push_back(Budget::make("connection", "limits.connection", tight, scopes_[1 + pick(4)]));
        }
        for (int i = 0; i < 8; ++i) {
            scopes_.push_back(
                Budget::make("stream", "limits.stream", tight, scopes_[5 + pick(6)], pick(2) ? scopes_[1] : nullptr)
            );
        }
    }

    void step() {
        const auto before = all_used();
        const auto children = before.size() - kStreams;
        bool changed = true;
        switch (pick(6)) {
            case 0:
            case 1: {
                auto charge = scopes_[pick(scopes_.size())]->charge(random_usage());
                changed = charge.has_value();
                if (charge) {
                    charges_.push_back(std::move(*charge));
                } else {
                    EXPECT_EQ(charge.error(), Errc::limit_exceeded);
                }
                break;
            }
            case 2:
                if (!charges_.empty()) {
                    std::swap(charges_[pick(charges_.size())], charges_.back());
                    charges_.pop_back();
                }
                break;
            case 3:
                if (!charges_.empty()) {
                    changed = charges_[pick(charges_.size())].resize_memory(pick(3000)).has_value();
                }
                break;
            case 4: {  // a stream moves, with or without transient
                auto& stream = scopes_[kStreams + pick(children)];
                changed = stream->reparent(scopes_[5 + pick(6)], pick(2) ? scopes_[1] : nullptr).has_value();
                break;
            }
            case 5: {  // a connection moves, unless one of its streams counts elsewhere too
                auto& connection = scopes_[5 + pick(6)];
                const bool crossed = std::any_of(scopes_.begin(), scopes_.end(), [&](const auto& scope) {
                    return scope->parent() == connection && scope->second_parent();
                });
                if (!crossed) {
                    changed = connection->reparent(scopes_[1 + pick(4)]).has_value();
                }
                break;
            }
        }
        if (!changed) {
            EXPECT_EQ(all_used(), before) << "a refusal changed something";
        }
        check();
    }

    void finish() {
        charges_.clear();
        for (const auto& scope : scopes_) {
            EXPECT_TRUE(scope->used().is_zero()) << scope->name();
        }
    }

private:
    static constexpr std::size_t kStreams = 11;

    std::size_t pick(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }

    Usage random_usage() {
        const auto few = [this] { return static_cast<std::uint32_t>(pick(4) / 2); };
        return usage(few(), few(), few(), few(), few(), pick(800));
    }

    std::vector<Usage> all_used() const {
        std::vector<Usage> all;
        for (const auto& scope : scopes_) {
            all.push_back(scope->used());
        }
        return all;
    }

    static bool is_below(const Budget* scope, const Budget* ancestor) {
        return scope != nullptr && (scope == ancestor || is_below(scope->parent().get(), ancestor) ||
                                    is_below(scope->second_parent().get(), ancestor));
    }

    void check() const {
        for (const auto& scope : scopes_) {
            Usage sum;
            for (const auto& charge : charges_) {
                if (is_below(charge.budget().get(), scope.get())) {
                    sum += charge.amount();
                }
            }
            ASSERT_EQ(scope->used(), sum) << scope->name();
            ASSERT_LE(sum.connections(), scope->limits().connections);
            ASSERT_LE(sum.streams(), scope->limits().streams);
            ASSERT_LE(sum.descriptors, scope->limits().descriptors);
            ASSERT_LE(sum.memory, scope->limits().memory);
        }
    }

    std::mt19937 random_;
    std::vector<std::shared_ptr<Budget>> scopes_;
    std::vector<Charge> charges_;
};

TEST(Budget, SumsStayRightUnderRandomUse) {
    for (std::uint32_t seed = 1; seed <= 20; ++seed) {
        SCOPED_TRACE(seed);
        BudgetModel model(seed);
        for (int i = 0; i < 1000 && !testing::Test::HasFatalFailure(); ++i) {
            model.step();
        }
        model.finish();
    }
}

}  // namespace
}  // namespace libp2p
