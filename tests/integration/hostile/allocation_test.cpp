// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/hosts.hpp"
#include "tests/support/heap.hpp"
#include "tests/support/replace_heap.hpp"

#include <libp2p/conformance/co_assert.hpp>
#include <libp2p/conformance/loop.hpp>
#include <libp2p/log.hpp>
#include <libp2p/transports.hpp>

#include <boost/asio/steady_timer.hpp>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <new>
#include <vector>

#ifndef LIBP2P_SUPPORT_ASAN  // there Asio's frames are ordinary allocations too, and may not fail: see below

/// Memory that runs out at the first operator new of a conversation, at the second, …
///
/// What Asio takes for coroutine frames and operations is spared: Boost 1.81 loses a coroutine whose operation cannot
/// be allocated. Each allocation fails in a process of its own, so that one that ends it is told from the others.
namespace libp2p::test::hostile {
namespace {

using support::heap_switch;
using support::HeapSwitch;

/// Every allocation up to here fails, and one in so many (a prime) after that: the echo repeats itself.
constexpr std::size_t kEach = 300;
constexpr std::size_t kStride = 7;

enum Outcome : int { good = 0, not_reached = 20, broken = 21 };

awaitable<result<void>> converse(Node& from, Multiaddr to, std::size_t octets) {
    auto peer = co_await from.host.connect(std::move(to));
    if (!peer) {
        co_return peer.error();
    }
    const std::string text(octets, 'x');
    auto answer = co_await echo_once(from, *peer, text);
    if (!answer) {
        co_return answer.error();
    }
    EXPECT_TRUE(*answer == text);  // right, or not at all
    co_await from.host.disconnect(*peer);
    co_return ok();
}

/// What a task of the host threw comes out of close; nothing is left all the same.
awaitable<void> end(Node& node) {
    bool again = false;
    try {
        co_await node.host.close();
    } catch (const std::bad_alloc&) {
        again = true;
    }
    if (again) {
        co_await node.host.close();
    }
    EXPECT_TRUE(node.host.resources().system_usage().is_zero());
}

/// Asio loses a coroutine for which its queue of timers cannot grow, too: it gets room in advance.
awaitable<void> make_room_for_timers(asio::io_context& io) {
    std::vector<asio::steady_timer> timers;
    for (int i = 0; i < 64; ++i) {
        timers.emplace_back(io, 1h);
        timers.back().async_wait([](const error_code&) {});
    }
    timers.clear();
    co_await conformance::settle();
}

/// Connects, echoes and disconnects, with a failure at allocation `at`, and once more without. True when it has struck.
bool play(std::size_t at) {
    asio::io_context io{1};
    auto network = make_memory_network();
    Node dialer(io);
    Node listener(io);
    dialer.host.add_transport(make_memory_transport(dialer.host.services(), network));
    listener.host.add_transport(make_memory_transport(listener.host.services(), network));
    bool has_failed = false;
    bool ended = false;
    auto body = [&]() -> awaitable<void> {
        auto address = co_await listen(listener, "/memory/0");
        bool done = false;
        co_await make_room_for_timers(io);
        heap_switch.allocations = 0;
        heap_switch.has_failed = false;
        heap_switch.asio_too = false;
        heap_switch.fail_at = at;
        try {
            auto first = co_await converse(dialer, address, 256 * 1024);
            done = first.has_value();
        } catch (const std::bad_alloc&) {
        }
        heap_switch.fail_at = HeapSwitch::kNever;
        has_failed = heap_switch.has_failed;
        EXPECT_TRUE(done || has_failed);
        // What is left of that conversation goes; the next one has all it needs.
        co_await dialer.host.disconnect(listener.host.id());
        co_await listener.host.disconnect(dialer.host.id());
        co_await conformance::settle();
        auto second = co_await converse(dialer, address, 1024);
        EXPECT_OK(second);
        co_await end(dialer);
        co_await end(listener);
        ended = true;
    };
    asio::co_spawn(io, body(), [](std::exception_ptr thrown) { EXPECT_FALSE(thrown); });
    for (bool is_idle = false; !is_idle;) {
        try {
            io.run();
            is_idle = true;
        } catch (const std::bad_alloc&) {
            // A task could not be started: Asio passes that on to whoever runs it.
        }
    }
    EXPECT_TRUE(ended);
    return has_failed;
}

int failures() {
    return testing::UnitTest::GetInstance()->current_test_info()->result()->total_part_count();
}

/// `play(at)` in a process of its own: an Outcome, or another number when that has died.
int play_apart(std::size_t at) {
    std::fflush(nullptr);
    const auto child = ::fork();
    if (child == 0) {
        ::alarm(60);  // nothing may hang
        const rlimit no_core{0, 0};
        ::setrlimit(RLIMIT_CORE, &no_core);
        const auto failures_before = failures();
        const auto before = support::heap_bytes();
        const bool struck = play(at);
        EXPECT_LT(support::heap_bytes(), before + 128 * 1024);
        const bool failed = failures() > failures_before;
        std::fflush(nullptr);
        ::_exit(failed ? broken : struck ? good : not_reached);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        std::printf("hangs\n");
        return broken;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(AllocationTest, AnAllocationThatFailsIsAnErrorAndTheNextConversationWorks) {
    ASSERT_TRUE(heap_switch.is_replaced);
    // Hundreds of failures are as many lines. They are still made, for that takes memory too, and then thrown away.
    set_log_sink([](const LogEvent&) {});
    EXPECT_FALSE(play(HeapSwitch::kNever));  // fills caches
    std::size_t at = 0;
    int failed = 0;
    for (; failed < 5; at += at < kEach ? 1 : kStride) {
        const auto outcome = play_apart(at);
        if (outcome == not_reached) {
            break;
        }
        EXPECT_EQ(outcome, good) << "allocation " << at;
        failed += outcome != good;
    }
    set_log_sink({});
    RecordProperty("allocations", static_cast<int>(at));
    EXPECT_GT(at, 200U);
}

}  // namespace
}  // namespace libp2p::test::hostile

#endif
