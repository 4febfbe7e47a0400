// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/support/quiet_sctp_events.hpp"
#include "tests/unit/transports/webrtc/virtual_time.hpp"
#include "transports/webrtc/sctp_association.hpp"
#include "transports/webrtc/sctp_chunk.hpp"

#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <utility>

// How fast one association is over paths that are longer, narrower or worse than loopback, in virtual time.

namespace libp2p::webrtc {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;
using Time = std::chrono::steady_clock::time_point;

struct PathOptions {
    microseconds one_way = 25ms;
    double rate = 0;                              ///< octets a second; 0: no bottleneck
    std::size_t queue = 1 << 20;                  ///< octets that wait for the bottleneck; what finds it full is lost
    double loss = 0;                              ///< of all packets
    microseconds jitter{};                        ///< at most so much later, and in order
    std::pair<microseconds, microseconds> cut{};  ///< from then, until then, nothing gets through
};

/// One direction of a path: a bottleneck with a queue in front of it, then the way.
class Direction {
public:
    Direction(const PathOptions& options, Time now) : options_(options), began_(now) {}

    void send(ByteView packet, Time now) {
        const auto age = now - began_;
        const bool is_cut = age >= options_.cut.first && age < options_.cut.second;
        if (is_cut || draw_(random_) < options_.loss) {
            return;
        }
        auto leaves = std::max(now, free_at_);
        if (options_.rate > 0) {
            const double waiting = std::chrono::duration<double>(leaves - now).count() * options_.rate;
            if (waiting > static_cast<double>(options_.queue)) {
                return;
            }
            leaves += microseconds(static_cast<int>(static_cast<double>(packet.size()) / options_.rate * 1e6));
            free_at_ = leaves;
        }
        const auto late = microseconds(static_cast<int>(draw_(random_) * static_cast<double>(options_.jitter.count())));
        last_ = std::max(last_, leaves + options_.one_way + late);
        under_way_.push_back({last_, Bytes(packet.begin(), packet.end())});
    }

    Time next() const { return under_way_.empty() ? Time::max() : under_way_.front().due; }

    Bytes take() {
        auto octets = std::move(under_way_.front().octets);
        under_way_.pop_front();
        return octets;
    }

private:
    struct Packet {
        Time due;
        Bytes octets;
    };

    PathOptions options_;
    Time began_;
    Time free_at_{};
    Time last_{};
    std::deque<Packet> under_way_;
    std::minstd_rand random_{1};
    std::uniform_real_distribution<double> draw_;
};

/// One end, whose packets go onto the path.
class End final : public QuietSctpEvents {
public:
    End(const PathOptions& options, const Time& now) : out(options, now), now_(now) {}

    void send_packet(ByteView packet) noexcept override {
        auto rest = packet.subspan(kSctpCommonHeader);
        while (const auto chunk = next_sctp_item(rest)) {
            if (type_of(*chunk) == SctpChunkType::data) {
                const auto tsn = u32_at(*chunk, kSctpTsn);
                const bool is_new = packets == 0 || tsn_distance(highest_, tsn) > 0;
                ++(is_new ? packets : repeated);
                highest_ = is_new ? tsn : highest_;
            }
        }
        out.send(packet, now_);
    }
    void on_established(std::uint16_t) override { is_open = true; }
    void on_message(std::uint16_t, PayloadProtocol, ByteView piece, bool) override { received += piece.size(); }
    Time now() const noexcept override { return now_; }

    Direction out;
    std::shared_ptr<SctpAssociation> association;
    bool is_open = false;
    std::size_t received = 0;
    std::size_t packets = 0;   // chunks of data, the first time they are sent
    std::size_t repeated = 0;  // and again

private:
    const Time& now_;
    std::uint32_t highest_ = 0;
};

class SctpLongPathTest : public testing::Test {
protected:
    struct Outcome {
        double rate = 0;  ///< octets a second
        std::size_t packets = 0;
        std::size_t repeated = 0;
    };

    /// One end sends as much as it can for `duration`. Acknowledgements are not lost, but when the path is cut.
    Outcome transfer(const PathOptions& path, std::chrono::seconds duration) {
        PathOptions back = path;
        back.rate = 0;
        back.loss = 0;
        End near(path, now_);
        End far(back, now_);
        SctpOptions options;
        options.send_buffer = 4 * 1024 * 1024;
        options.receive_buffer = 4 * 1024 * 1024;
        for (auto* end : {&near, &far}) {
            end->association = SctpAssociation::make(context_.get_executor(), options, *end, now_).value();
        }
        EXPECT_TRUE(near.association->connect());
        EXPECT_TRUE(far.association->connect());
        const Bytes message(16'000, 1);
        auto began = Time::max();
        auto next_tick = now_ + SctpStack::kTick;
        while (began == Time::max() || now_ < began + duration) {
            if (near.is_open) {
                began = std::min(began, now_);
                while (near.association->send(1, PayloadProtocol::binary, message).value()) {
                }
            }
            const auto next = std::min({near.out.next(), far.out.next(), next_tick});
            move_to(next);
            if (now_ >= next_tick) {
                next_tick += SctpStack::kTick;
                SctpStack::instance().advance(now_);
                context_.restart();
                context_.poll();
            }
            deliver(near, far);
            deliver(far, near);
        }
        return {
            static_cast<double>(far.received) / std::chrono::duration<double>(duration).count(),
            near.packets,
            near.repeated
        };
    }

    void move_to(Time then) {
        if (then > now_) {
            virtual_time_.advance(std::chrono::duration_cast<microseconds>(then - now_));
            now_ = then;
        }
    }

    void deliver(End& from, End& to) {
        bool any = false;
        while (from.out.next() <= now_) {
            to.association->receive(from.out.take());
            any = true;
        }
        if (any) {
            to.association->look();
        }
    }

    VirtualTime virtual_time_;
    asio::io_context context_;
    Time now_ = Time() + 1h;
};

TEST_F(SctpLongPathTest, ALongPathIsFilled) {
    const auto outcome = transfer({.one_way = 25ms, .jitter = 3ms}, 5s);
    EXPECT_GT(outcome.rate, 40e6);
    EXPECT_EQ(outcome.repeated, 0U) << "nothing was lost";
}

TEST_F(SctpLongPathTest, ALossNowAndThenDoesNotSlowALongPathDown) {
    const auto outcome = transfer({.one_way = 25ms, .loss = 0.0003, .jitter = 3ms}, 2s);
    EXPECT_GT(outcome.rate, 20e6);
    EXPECT_LT(outcome.repeated, outcome.packets / 500);
}

TEST_F(SctpLongPathTest, AShortPathThatLosesOnePercentIsStillFast) {
    const auto outcome = transfer({.one_way = 500us, .loss = 0.01}, 1s);
    EXPECT_GT(outcome.rate, 60e6);
}

TEST_F(SctpLongPathTest, ABottleneckIsFilledAndNotFlooded) {
    constexpr double kRate = 12.5e6;
    for (const auto one_way : {5ms, 25ms}) {
        const auto outcome = transfer({.one_way = one_way, .rate = kRate, .queue = 256 * 1024}, 10s);
        EXPECT_GT(outcome.rate, 0.85 * kRate) << one_way.count();
        EXPECT_LT(outcome.repeated, outcome.packets / 20) << one_way.count();
    }
}

TEST_F(SctpLongPathTest, ADeepQueueIsFilledAndNotFlooded) {
    const auto outcome = transfer({.one_way = 10ms, .rate = 2e6, .queue = 2 * 1024 * 1024}, 10s);
    EXPECT_GT(outcome.rate, 0.85 * 2e6);
    EXPECT_LT(outcome.repeated, outcome.packets / 20);
}

TEST_F(SctpLongPathTest, APathThatWasCutIsFilledAgain) {
    const auto outcome = transfer({.one_way = 10ms, .rate = 12.5e6, .queue = 256 * 1024, .cut = {2s, 3s}}, 8s);
    EXPECT_GT(outcome.rate, 0.6 * 12.5e6);
}

}  // namespace
}  // namespace libp2p::webrtc
