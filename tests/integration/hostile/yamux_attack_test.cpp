// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/hostile/raw_yamux.hpp"

#include <libp2p/conformance/loop.hpp>
#include <libp2p/protocols/perf.hpp>
#include <libp2p/tasks.hpp>

#include <boost/asio/post.hpp>

#include <functional>

/// Peers that have proved who they are, and then break the rules of yamux.
namespace libp2p::test::hostile {
namespace {

using conformance::eventually;
using yamux::Flags;

constexpr std::uint32_t kCredit = 256 * 1024;

/// The heap may swing by so much: buffers of connections that are under way, and what allocators keep.
constexpr std::size_t kSwing = 1024 * 1024;

class YamuxAttackTest : public testing::Test {
protected:
    using Attack = std::function<awaitable<void>(RawYamux&)>;

    /// Has `attack` come to a host, next to somebody honest, and looks for what it leaves behind. The attack is a
    /// client that reads, unless it is `deaf`.
    void play(const Attack& attack, bool deaf = false) {
        victim_.emplace(io_, options_);
        victim_->host.handle(perf::kProtocol, perf::serve);
        victim_->host.handle("/patient/1", [](std::unique_ptr<Stream>) -> awaitable<void> {
            co_await conformance::pause(60s);  // and reads nothing
        });
        auto body = [&]() -> awaitable<void> { co_await meet(attack, deaf); };
        run(io_, body());
    }

    awaitable<void> meet(const Attack& attack, bool deaf) {
        auto address = co_await listen(*victim_);
        HonestDialer honest(io_, address);
        co_await honest.dial(15);
        const auto idle = honest.take_median();
        {
            RawYamux peer;
            const int buffer = deaf ? 4096 : 0;
            co_await peer.connect(address, buffer);
            auto joined = co_await eventually([&] { return victim_->host.is_connected(peer.id()); });
            EXPECT_TRUE(joined);
            heap_before_ = support::heap_bytes();
            bool over = false;
            bool is_alone = false;
            auto beside = [&]() -> awaitable<void> {
                while (!over || honest.dials() < 3) {
                    co_await honest.dial_once();
                }
                is_alone = true;
            };
            auto body = [&](TaskScope& tasks) -> awaitable<void> {
                if (!deaf) {
                    tasks.spawn(peer.listen());
                }
                tasks.spawn(beside());
                co_await attack(peer);
                over = true;
                auto gone = co_await eventually([&] { return is_alone; });
                EXPECT_TRUE(gone);
            };
            co_await with_tasks(body);
            peer.abort();
            auto left = co_await eventually([&] { return !victim_->host.is_connected(peer.id()); });
            EXPECT_TRUE(left);
        }
        expect_undisturbed(idle, honest.take_median(), 20ms);
        auto alone = co_await eventually([&] { return victim_->host.resources().system_usage().connections() == 0; });
        EXPECT_TRUE(alone);
        EXPECT_LT(support::heap_bytes(), heap_before_ + kSwing);
        co_await close(honest.node());
        co_await close(*victim_);
    }

    /// The heap, however often it is looked at, has not grown by more than swings.
    void expect_flat_heap() { EXPECT_LT(support::heap_bytes(), heap_before_ + kSwing); }

    /// The victim ends the connection, and says that it is for breaking the rules.
    static awaitable<void> expect_cut(RawYamux& peer) {
        auto ended = co_await eventually([&] { return peer.has_ended; });
        EXPECT_TRUE(ended);
        EXPECT_EQ(peer.goodbye, yamux::kGoAwayProtocolError);
    }

    asio::io_context io_{1};
    HostOptions options_;
    std::optional<Node> victim_;
    std::size_t heap_before_ = 0;
};

TEST_F(YamuxAttackTest, MoreDataThanTheCreditEndsTheConnection) {
    play([](RawYamux& peer) -> awaitable<void> {
        auto opened = co_await peer.open(1, "/patient/1");
        EXPECT_TRUE(opened);
        Bytes block(16 * 1024);
        for (std::uint32_t sent = 0; sent <= kCredit; sent += 16 * 1024) {
            (void)co_await peer.send(RawYamux::data(1, Flags::none, block.size()), block);
        }
        co_await expect_cut(peer);
    });
}

TEST_F(YamuxAttackTest, ASynWithABodyBeyondTheCreditEndsTheConnection) {
    play([this](RawYamux& peer) -> awaitable<void> {
        auto sent = co_await peer.send(RawYamux::data(1, Flags::syn, kCredit + 1));
        EXPECT_TRUE(sent);
        co_await expect_cut(peer);
        expect_flat_heap();
    });
}

TEST_F(YamuxAttackTest, FramesOfTheGreatestLengthTakeNoMemoryInAdvance) {
    play([this](RawYamux& peer) -> awaitable<void> {
        auto opened = co_await peer.open(1, "/patient/1");
        EXPECT_TRUE(opened);
        auto sent = co_await peer.send(RawYamux::data(1, Flags::none, 0xffff'ffff));
        EXPECT_TRUE(sent);
        co_await expect_cut(peer);
        expect_flat_heap();
    });
}

TEST_F(YamuxAttackTest, CreditBeyond32BitsEndsTheConnection) {
    play([](RawYamux& peer) -> awaitable<void> {
        auto opened = co_await peer.open(1, "/patient/1");
        EXPECT_TRUE(opened);
        (void)co_await peer.send(RawYamux::window(1, Flags::none, 0xffff'ffff));
        co_await expect_cut(peer);
    });
}

TEST_F(YamuxAttackTest, GarbageEndsTheConnection) {
    play([](RawYamux& peer) -> awaitable<void> {
        Bytes garbage(64 * 1024, 0x5a);
        (void)co_await peer.send(std::move(garbage));
        co_await expect_cut(peer);
    });
}

TEST_F(YamuxAttackTest, StreamsThatAreOpenedAndResetCostNothing) {
    play([this](RawYamux& peer) -> awaitable<void> {
        constexpr std::uint32_t kStreams = 50'000;
        constexpr std::uint32_t kBatch = 100;
        for (std::uint32_t first = 0; first < kStreams; first += kBatch) {
            Bytes frames;
            for (std::uint32_t i = first; i < first + kBatch; ++i) {
                const auto opening = RawYamux::encoded(RawYamux::window(2 * i + 1, Flags::syn));
                const auto reset = RawYamux::encoded(RawYamux::window(2 * i + 1, Flags::rst));
                frames.insert(frames.end(), opening.begin(), opening.end());
                frames.insert(frames.end(), reset.begin(), reset.end());
            }
            auto sent = co_await peer.send(std::move(frames));
            EXPECT_TRUE(sent);
            if (!sent) {
                co_return;
            }
            expect_flat_heap();
        }
        const auto& usage = victim_->host.resources().system_usage();
        auto none_left = co_await eventually([&] { return usage.streams_inbound <= 2; });  // those of the honest one
        EXPECT_TRUE(none_left);
        EXPECT_FALSE(peer.has_ended);  // rude, and allowed
    });
}

TEST_F(YamuxAttackTest, StreamsThatAreOpenedOnAndOnAreRefusedBeyondTheBacklog) {
    options_.timeouts.negotiate_stream = 500ms;
    play([this](RawYamux& peer) -> awaitable<void> {
        constexpr std::uint32_t kStreams = 20'000;
        constexpr std::uint32_t kBatch = 4000;
        for (std::uint32_t first = 0; first < kStreams; first += kBatch) {
            Bytes frames;
            for (std::uint32_t i = first; i < first + kBatch; ++i) {
                const auto opening = RawYamux::encoded(RawYamux::window(2 * i + 1, Flags::syn));
                frames.insert(frames.end(), opening.begin(), opening.end());
            }
            auto sent = co_await peer.send(std::move(frames));
            EXPECT_TRUE(sent);
            if (!sent) {
                co_return;
            }
            // Those of the honest one come on top.
            const auto& resources = victim_->host.resources();
            EXPECT_LE(resources.system_usage().streams_inbound, resources.limits().accept_backlog + 8);
        }
        // Nobody negotiates: who was let in is reset at the deadline. Who was not was told so at once.
        const auto& usage = victim_->host.resources().system_usage();
        auto none_left = co_await eventually([&] { return usage.streams_inbound <= 2; });  // those of the honest one
        EXPECT_TRUE(none_left);
        auto all_told = co_await eventually([&] { return peer.resets == kStreams; });
        EXPECT_TRUE(all_told) << peer.resets << " were told";
        EXPECT_FALSE(peer.has_ended);
    });
}

TEST_F(YamuxAttackTest, PingsOnAndOnCostNothing) {
    play([this](RawYamux& peer) -> awaitable<void> {
        for (std::uint32_t first = 0; first < 50'000; first += 100) {
            Bytes frames;
            for (std::uint32_t i = first; i < first + 100; ++i) {
                const auto ping = RawYamux::encoded(RawYamux::ping(i));
                frames.insert(frames.end(), ping.begin(), ping.end());
            }
            auto sent = co_await peer.send(std::move(frames));
            EXPECT_TRUE(sent);
            expect_flat_heap();
        }
        auto answered = co_await eventually([&] { return peer.pongs > 0; });
        EXPECT_TRUE(answered);
        EXPECT_FALSE(peer.has_ended);
    });
}

TEST_F(YamuxAttackTest, PingsOfSomebodyWhoReadsNoAnswerCostNothing) {
    play(
        [this](RawYamux& peer) -> awaitable<void> {
            for (std::uint32_t first = 0; first < 50'000; first += 100) {
                Bytes frames;
                for (std::uint32_t i = first; i < first + 100; ++i) {
                    const auto ping = RawYamux::encoded(RawYamux::ping(i));
                    frames.insert(frames.end(), ping.begin(), ping.end());
                }
                auto sent = co_await peer.send(std::move(frames));
                expect_flat_heap();
                if (!sent) {
                    break;  // cut for not reading
                }
            }
        },
        true
    );
}

TEST_F(YamuxAttackTest, APeerThatNeverReadsIsCut) {
    options_.timeouts.write = 500ms;
    play(
        [this](RawYamux& peer) -> awaitable<void> {
            // More than any buffer of the system takes, with credit for all of it.
            auto opened = co_await peer.open(1, perf::kProtocol);
            EXPECT_TRUE(opened);
            auto granted = co_await peer.send(RawYamux::window(1, Flags::none, 0x7000'0000));
            EXPECT_TRUE(granted);
            Bytes wanted(8, 0);
            wanted[3] = 1;  // 4 GiB
            auto asked = co_await peer.send(RawYamux::data(1, Flags::fin, wanted.size()), std::move(wanted));
            EXPECT_TRUE(asked);
            // It goes on talking, so it is not taken for dead.
            const auto start = Clock::now();
            while (victim_->host.is_connected(peer.id()) && Clock::now() < start + 10s) {
                (void)co_await peer.send(RawYamux::ping(1));
                expect_flat_heap();
                co_await conformance::pause(20ms);
            }
            EXPECT_FALSE(victim_->host.is_connected(peer.id()));
        },
        true
    );
}

}  // namespace
}  // namespace libp2p::test::hostile
