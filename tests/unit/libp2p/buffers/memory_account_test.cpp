// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/buffers/memory_account.hpp"

#include <gtest/gtest.h>

namespace libp2p {
namespace {

std::shared_ptr<Budget> budget_of(std::size_t memory) {
    ScopeLimits limits{1, 1, 1, 1, 1, 1, 1, memory};
    return Budget::make("connection", "limits.connection", limits);
}

TEST(MemoryAccountTest, TheFirstOctetsAreFree) {
    auto budget = budget_of(1'000'000);
    MemoryAccount account(budget, 1'000'000);
    EXPECT_TRUE(account.hold(MemoryAccount::kFree));
    EXPECT_EQ(budget->used().memory, 0U);
    EXPECT_TRUE(account.hold(1));
    EXPECT_EQ(budget->used().memory, MemoryAccount::kStep);
    account.release(1);
    account.release(MemoryAccount::kFree);
    EXPECT_EQ(budget->used().memory, 0U);
}

TEST(MemoryAccountTest, ChargesWhicheverIsMoreOfWhatIsHeldAndWhatWasPromised) {
    auto budget = budget_of(10'000'000);
    MemoryAccount account(budget, 1'000'000);
    EXPECT_TRUE(account.grow(200'000));
    auto promised = budget->used().memory;
    EXPECT_GE(promised + MemoryAccount::kFree, 200'000U);
    EXPECT_TRUE(account.hold(200'000));
    EXPECT_EQ(budget->used().memory, promised);
    EXPECT_TRUE(account.hold(200'000));
    EXPECT_GE(budget->used().memory + MemoryAccount::kFree, 400'000U);
    account.shrink(200'000);
    account.release(400'000);
    EXPECT_EQ(budget->used().memory, 0U);
}

TEST(MemoryAccountTest, ARefusalChangesNothingAndHasWords) {
    auto budget = budget_of(100'000);
    MemoryAccount account(budget, 1'000'000);
    EXPECT_TRUE(account.hold(90'000));
    EXPECT_FALSE(account.hold(100'000));
    EXPECT_EQ(account.held(), 90'000U);
    EXPECT_EQ(account.refusal(), Errc::limit_exceeded);
    EXPECT_NE(account.refusal().message().find("limits.connection"), std::string::npos);
    EXPECT_FALSE(account.grow(500'000));
    EXPECT_EQ(account.grown(), 0U);
}

TEST(MemoryAccountTest, GrowthHasALimitOfItsOwn) {
    MemoryAccount account(nullptr, 1000);
    EXPECT_TRUE(account.grow(999));
    EXPECT_FALSE(account.grow(2));
    EXPECT_TRUE(account.grow(1));
    EXPECT_FALSE(account.grow(1));
    account.shrink(1000);
    EXPECT_TRUE(account.grow(1000));
}

}  // namespace
}  // namespace libp2p
