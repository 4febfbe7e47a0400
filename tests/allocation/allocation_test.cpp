// SPDX-License-Identifier: MIT OR Apache-2.0
#include "security/noise/pooled_buffer.hpp"
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

#include <algorithm>
#include <cstdio>
#include <new>
#include <vector>

/// Memory that runs out at the first operator new of a conversation, at the second, …
///
/// What Asio takes for coroutine frames and operations is spared: Boost 1.81 loses a coroutine whose operation cannot
/// be allocated. It can be told from the rest where Asio recycles it (LIBP2P_RECYCLE_FRAMES). Each allocation fails in
/// a process of its own, so that one that ends it is told from the others.
namespace libp2p::test {
namespace {

using support::heap_switch;
using support::HeapSwitch;

/// The allocations are dealt out to so many tests.
constexpr std::size_t kShares = 16;

constexpr std::size_t kPiece = 64 * 1024;

enum Outcome : int { good = 0, not_reached = 20, broken = 21 };

/// Piece by piece: an echo of more than two windows waits for somebody who reads.
awaitable<result<void>> converse(Node& from, Multiaddr to, std::size_t pieces) {
    auto peer = co_await from.host.connect(std::move(to));
    if (!peer) {
        co_return peer.error();
    }
    auto opened = co_await from.host.open_stream(*peer, ProtocolId(echo::kProtocol));
    if (!opened) {
        co_return opened.error();
    }
    auto stream = std::move(*opened);
    const Bytes text(kPiece, 'x');
    Bytes answer(kPiece);
    for (std::size_t i = 0; i < pieces; ++i) {
        auto sent = co_await write(*stream, text);
        if (!sent) {
            co_return sent.error();
        }
        auto got = co_await read_exactly(*stream, answer);
        if (!got) {
            co_return got.error();
        }
        EXPECT_TRUE(answer == text);  // right, or not at all
        std::fill(answer.begin(), answer.end(), std::uint8_t{0});
    }
    auto closed = co_await stream->close_write();
    if (!closed) {
        co_return closed.error();
    }
    auto end = co_await stream->read_some(answer);
    if (end.error() != asio::error::make_error_code(asio::error::eof)) {
        co_return end.error();
    }
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
        heap_switch.fail_at = at;
        try {
            auto first = co_await converse(dialer, address, kMiB / kPiece);
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
        auto second = co_await converse(dialer, address, 1);
        LIBP2P_EXPECT_OK(second);
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

/// How many blocks the pool of Noise's buffers keeps depends on what failed; it is full from the start.
void fill_pool() {
    std::vector<noise::PooledBuffer> blocks;
    for (int i = 0; i < 16; ++i) {
        blocks.emplace_back(noise::PooledBuffer::kMaxSize);
    }
}

class AllocationTest : public testing::TestWithParam<std::size_t> {};

TEST_P(AllocationTest, AnAllocationThatFailsIsAnErrorAndTheNextConversationWorks) {
    ASSERT_TRUE(heap_switch.is_replaced);
    // Hundreds of failures are as many lines. They are still made, for that takes memory too, and then thrown away.
    set_log_sink([](const LogEvent&) {});
    EXPECT_FALSE(play(HeapSwitch::kNever));  // fills caches
    fill_pool();
    std::size_t at = GetParam();
    int failed = 0;
    for (; failed < 5; at += kShares) {
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

INSTANTIATE_TEST_SUITE_P(FromEach, AllocationTest, testing::Range(std::size_t{0}, kShares));

}  // namespace
}  // namespace libp2p::test
