// SPDX-License-Identifier: MIT OR Apache-2.0
#include "muxing/yamux/yamux_session.hpp"
#include "tests/unit/muxing/support/session_side.hpp"

#include <deque>
#include <map>
#include <random>

// Two sessions, random operations, random chunks: what one writes is what the other reads, and no rule is ever broken.

namespace libp2p::yamux {
namespace {

using namespace std::chrono_literals;
using test::Side;
using test::VirtualClock;

/// The octet at `place` of what is sent on a stream in one direction.
std::uint8_t octet_at(std::uint32_t stream, Direction from, std::uint64_t place) {
    auto x = place * 0x9E3779B97F4A7C15U + stream * 31U + (from == Direction::outbound ? 7U : 0U);
    return static_cast<std::uint8_t>(x >> 32U);
}

class RandomPair {
public:
    explicit RandomPair(std::uint32_t seed) : random_(seed) {
        ends_[0].role = Direction::outbound;
        ends_[1].role = Direction::inbound;
        ends_[0].largest_chunk = ends_[1].largest_chunk = 1U << (random_() % 18);
    }

    void play(int steps) {
        for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
            step(ends_[random_() % 2]);
        }
        finish();
    }

private:
    struct Open {
        StreamState* state;
        std::uint64_t written = 0;
        std::uint64_t read = 0;
        bool closed = false;
        bool done = false;
        std::unique_ptr<Bytes> lent;  // to a write under way
        std::unique_ptr<ByteView> view;
        Bytes reader;
        bool reading = false;
    };

    struct End {
        Direction role = Direction::outbound;
        std::size_t largest_chunk = 1;
        std::unique_ptr<Side> side;
        std::deque<std::uint8_t> wire;  // towards this end
        std::map<std::uint32_t, Open> streams;
    };

    End& other(End& end) { return &end == &ends_[0] ? ends_[1] : ends_[0]; }

    Open* any_stream(End& end) {
        if (end.streams.empty()) {
            return nullptr;
        }
        auto at = end.streams.begin();
        std::advance(at, static_cast<std::ptrdiff_t>(random_() % end.streams.size()));
        return &at->second;
    }

    void step(End& end) {
        switch (random_() % 12) {
            case 0: open(end); break;
            case 1: accept(end); break;
            case 2:
            case 3: write(end); break;
            case 4:
            case 5: read(end); break;
            case 6: close(end); break;
            case 7: release(end); break;
            case 8: end.side->advance(std::chrono::microseconds(random_() % 30'000)); break;
            default: transfer(end); break;
        }
    }

    void open(End& end) {
        if (end.streams.size() < 40 && end.side->session.open_room() > 0) {
            auto& state = end.side->open();
            end.streams[state.id.value].state = &state;
        }
    }

    void accept(End& end) {
        if (auto* state = end.side->session.accept(clock_.now)) {
            end.streams[state->id.value].state = state;
        }
    }

    void write(End& end) {
        auto* stream = any_stream(end);
        if (stream == nullptr || stream->closed || stream->lent) {
            return;
        }
        std::size_t size = random_() % (1U << (random_() % 19));
        auto bytes = std::make_unique<Bytes>(size);
        for (std::size_t i = 0; i < size; ++i) {
            (*bytes)[i] = octet_at(stream->state->id.value, end.role, stream->written + i);
        }
        auto view = std::make_unique<ByteView>(*bytes);
        auto done = end.side->session.write(*stream->state, std::span(view.get(), 1));
        if (!done) {
            EXPECT_NE(stream->state->end, StreamEnd::none) << done.error();
            stream->closed = true;
            return;
        }
        stream->written += size;
        if (!*done) {
            stream->lent = std::move(bytes);
            stream->view = std::move(view);
        }
    }

    void check(End& end, Open& stream, ByteView bytes) {
        for (auto octet : bytes) {
            if (octet != octet_at(stream.state->id.value, other(end).role, stream.read)) {
                ADD_FAILURE() << "stream " << stream.state->id.value << " octet " << stream.read;
                return;
            }
            ++stream.read;
        }
    }

    void read(End& end) {
        auto* stream = any_stream(end);
        if (stream == nullptr) {
            return;
        }
        auto& session = end.side->session;
        if (stream->reading) {
            if (session.is_read_done(*stream->state)) {
                auto filled = session.take_back_reader(*stream->state);
                stream->reading = false;
                check(end, *stream, ByteView(stream->reader).first(filled));
            }
            return;
        }
        stream->reader.resize(1 + random_() % (1U << (random_() % 17)));
        auto got = session.read(*stream->state, stream->reader);
        if (!got) {
            stream->done = true;
        } else if (*got > 0) {
            check(end, *stream, ByteView(stream->reader).first(*got));
        } else {
            session.lend_reader(*stream->state, stream->reader);
            stream->reading = true;
        }
    }

    void close(End& end) {
        auto* stream = any_stream(end);
        if (stream != nullptr && !stream->lent && random_() % 3 == 0) {
            (void)end.side->session.close_write(*stream->state);
            stream->closed = true;
        }
    }

    void release(End& end) {
        auto* stream = any_stream(end);
        if (stream == nullptr || stream->lent || random_() % 4 != 0) {
            return;
        }
        if (random_() % 4 == 0) {
            end.side->session.reset(*stream->state, StreamErrorCode::rate_limited);
        }
        auto id = stream->state->id.value;
        end.side->session.release(*stream->state, clock_.now);
        end.streams.erase(id);
    }

    void transfer(End& from) {
        auto& to = other(from);
        if (random_() % 2 == 0) {
            auto sent = from.side->send_once();
            to.wire.insert(to.wire.end(), sent.begin(), sent.end());
        }
        auto size = std::min<std::size_t>(to.wire.size(), 1 + random_() % to.largest_chunk);
        Bytes chunk(to.wire.begin(), to.wire.begin() + static_cast<std::ptrdiff_t>(size));
        to.wire.erase(to.wire.begin(), to.wire.begin() + static_cast<std::ptrdiff_t>(size));
        auto got = to.side->receive(chunk);
        EXPECT_TRUE(got) << got.error();
        settle_writes(from);
        settle_writes(to);
    }

    void settle_writes(End& end) {
        for (auto& [id, stream] : end.streams) {
            if (stream.lent && end.side->session.is_write_done(*stream.state)) {
                stream.lent.reset();
                stream.view.reset();
            }
            auto& window = stream.state->window;
            auto buffered = stream.state->received.size();
            EXPECT_LE(buffered + window.credit(), window.size()) << "more is promised than the window has";
        }
        EXPECT_LE(end.side->session.memory().grown(), Limits{}.connection_window_growth);
    }

    /// All ends close; in the end nobody holds anything.
    void finish() {
        ends_[0].largest_chunk = ends_[1].largest_chunk = 1U << 17U;
        for (int i = 0; i < 20'000 && !testing::Test::HasFailure(); ++i) {
            bool idle = true;
            for (auto& end : ends_) {
                accept(end);
                for (auto at = end.streams.begin(); at != end.streams.end();) {
                    auto& stream = (at++)->second;
                    if (stream.reading) {
                        auto filled = end.side->session.take_back_reader(*stream.state);
                        stream.reading = false;
                        check(end, stream, ByteView(stream.reader).first(filled));
                    }
                    check(end, stream, end.side->read_all(*stream.state));
                    if (!stream.lent) {
                        (void)end.side->session.close_write(*stream.state);
                        auto id = stream.state->id.value;
                        end.side->session.release(*stream.state, clock_.now);
                        end.streams.erase(id);
                    }
                }
                transfer(end);
                idle = idle && end.wire.empty() && end.streams.empty() && !end.side->session.wants_write() &&
                       !end.side->session.has_accept();
            }
            if (idle) {
                break;
            }
        }
        for (auto& end : ends_) {
            EXPECT_FALSE(end.side->session.has_ended());
            EXPECT_EQ(end.side->session.record_count(), 0U);
            EXPECT_EQ(end.side->session.open_count(), 0U);
            EXPECT_EQ(end.side->session.memory().held(), 0U);
            EXPECT_EQ(end.side->session.memory().grown(), 0U);
            EXPECT_GE(end.side->session.open_room(), kEarlyStreams);
        }
    }

    std::mt19937 random_;
    VirtualClock clock_;
    std::array<End, 2> ends_{
        End{Direction::outbound, 1, std::make_unique<Side>(Direction::outbound, clock_), {}, {}},
        End{Direction::inbound, 1, std::make_unique<Side>(Direction::inbound, clock_), {}, {}}
    };
};

class YamuxSessionRandom : public testing::TestWithParam<std::uint32_t> {};

TEST_P(YamuxSessionRandom, WhatIsWrittenIsReadAndEverythingIsGivenBack) {
    RandomPair pair(GetParam());
    pair.play(4000);
}

INSTANTIATE_TEST_SUITE_P(Seeds, YamuxSessionRandom, testing::Range(1U, 31U));

}  // namespace
}  // namespace libp2p::yamux
