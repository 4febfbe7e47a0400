// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/buffers/byte_queue.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace libp2p {
namespace {

std::shared_ptr<Budget> budget_of(std::size_t memory) {
    ScopeLimits limits{1, 1, 1, 1, 1, 1, 1, memory};
    return Budget::make("connection", "limits.connection", limits);
}

TEST(ByteQueueTest, GivesBackWhatItWasGivenWhateverThePieces) {
    MemoryAccount account(nullptr, 0);
    Bytes sent(300'000);
    std::iota(sent.begin(), sent.end(), std::uint8_t{0});
    for (std::size_t in : {1U, 7U, 1000U, 65'536U, 300'000U}) {
        for (std::size_t out : {13U, 4096U, 300'000U}) {
            ByteQueue queue;
            Bytes got;
            Bytes piece(out);
            for (std::size_t at = 0; at < sent.size(); at += in) {
                ASSERT_TRUE(queue.append(ByteView(sent).subspan(at, std::min(in, sent.size() - at)), account));
                if (at % 3 == 0) {
                    auto n = queue.read(piece, account);
                    got.insert(got.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(n));
                }
            }
            while (auto n = queue.read(piece, account)) {
                got.insert(got.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(n));
            }
            EXPECT_EQ(got, sent);
            EXPECT_EQ(account.held(), 0U) << "drained buffers are freed";
        }
    }
}

TEST(ByteQueueTest, HoldsLittleMoreThanItsOctets) {
    MemoryAccount account(nullptr, 0);
    ByteQueue queue;
    Bytes one(1);
    for (std::size_t i = 1; i <= 300'000; ++i) {
        ASSERT_TRUE(queue.append(one, account));
        ASSERT_LE(account.held(), 2 * i + 512) << i;
    }
    queue.clear(account);
    EXPECT_EQ(account.held(), 0U);
    EXPECT_TRUE(queue.empty());
}

TEST(ByteQueueTest, ALargePieceTakesTheMemoryOfTheLastOne) {
    MemoryAccount account(nullptr, 0);
    ByteQueue queue;
    const Bytes piece(50'000);
    ASSERT_TRUE(queue.append(piece, account));
    const auto* first = queue.front().data();
    queue.clear(account);
    EXPECT_EQ(account.held(), 0U);
    const Bytes between(60'000);  // what the system would give in its place
    ASSERT_TRUE(queue.append(piece, account));
    EXPECT_EQ(queue.front().data(), first);
    queue.clear(account);
}

TEST(ByteQueueTest, StopsWhereTheAccountRefuses) {
    auto budget = budget_of(100'000);
    MemoryAccount account(budget, 0);
    ByteQueue queue;
    Bytes much(300'000);
    EXPECT_FALSE(queue.append(much, account));
    EXPECT_LE(account.held(), 104'096U);
    queue.clear(account);
    EXPECT_EQ(budget->used().memory, 0U);
}

}  // namespace
}  // namespace libp2p
