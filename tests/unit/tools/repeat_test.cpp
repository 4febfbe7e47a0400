// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/repeat.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>

namespace libp2p::tools {
namespace {

using Time = result<std::chrono::nanoseconds>;

/// Runs all turns, and gives what was printed.
struct Outcome {
    result<void> finished;
    nlohmann::json summary;
};

Outcome run(std::uint64_t count, std::uint64_t parallel, const Repetition::Turn& turn) {
    asio::io_context io;
    Repetition repetition("things", count, parallel);
    auto all = [&]() -> awaitable<void> { co_await repetition.run(turn); };
    asio::co_spawn(io, all(), [](std::exception_ptr failure) {
        if (failure) {
            std::rethrow_exception(failure);
        }
    });
    io.run();
    testing::internal::CaptureStdout();
    auto finished = repetition.finish(Output(true));
    const auto printed = testing::internal::GetCapturedStdout();
    return {finished, printed.empty() ? nlohmann::json() : nlohmann::json::parse(printed)};
}

TEST(Repetition, TakesEveryTurnOnceWithSoManyAtOnce) {
    int turns = 0;
    int at_once = 0;
    int most_at_once = 0;
    std::set<std::uint64_t> workers;
    auto turn = [&](std::uint64_t worker) -> awaitable<Time> {
        ++turns;
        most_at_once = std::max(most_at_once, ++at_once);
        workers.insert(worker);
        auto executor = co_await asio::this_coro::executor;
        co_await asio::post(executor, asio::use_awaitable);
        --at_once;
        co_return std::chrono::nanoseconds(1'000'000);
    };
    const auto outcome = run(100, 8, turn);
    EXPECT_TRUE(outcome.finished);
    EXPECT_EQ(turns, 100);
    EXPECT_EQ(most_at_once, 8);
    EXPECT_EQ(workers.size(), 8U);
    EXPECT_EQ(outcome.summary["event"], "summary");
    EXPECT_EQ(outcome.summary["things"], 100);
    EXPECT_EQ(outcome.summary["failed"], 0);
    EXPECT_EQ(outcome.summary["median_ms"], 1.0);
    EXPECT_EQ(outcome.summary["p99_ms"], 1.0);
    EXPECT_GT(outcome.summary["per_second"], 0.0);
}

TEST(Repetition, GivesUpWhenNothingSucceeds) {
    int turns = 0;
    auto turn = [&](std::uint64_t) -> awaitable<Time> {
        ++turns;
        co_return Errc::peer_mismatch;
    };
    const auto outcome = run(1'000'000, 4, turn);
    ASSERT_FALSE(outcome.finished);
    EXPECT_EQ(outcome.finished.error(), Errc::peer_mismatch);
    EXPECT_LE(turns, 4);
    EXPECT_TRUE(outcome.summary.is_null());
}

TEST(Repetition, GoesOnAfterAFailureAmongSuccesses) {
    int turns = 0;
    auto turn = [&](std::uint64_t) -> awaitable<Time> {
        if (++turns == 5) {
            co_return Errc::stream_reset;
        }
        co_return std::chrono::nanoseconds(1);
    };
    const auto outcome = run(10, 1, turn);
    ASSERT_FALSE(outcome.finished);
    EXPECT_EQ(outcome.finished.error(), Errc::stream_reset);
    EXPECT_EQ(outcome.summary["things"], 9);
    EXPECT_EQ(outcome.summary["failed"], 1);
}

}  // namespace
}  // namespace libp2p::tools
