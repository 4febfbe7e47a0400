// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "muxing/yamux/yamux_session.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace libp2p::yamux::test {

/// Time in session tests goes on only when a test says so.
struct VirtualClock {
    Clock::time_point now = Clock::time_point(std::chrono::hours(1));
    void advance(Clock::duration by) { now += by; }
};

/// A frame as a test wants to see or send it.
struct Frame {
    FrameHeader header;
    Bytes payload;

    friend bool operator==(const Frame&, const Frame&) = default;
};

inline StreamId stream_id(std::uint32_t value) {
    StreamId id;
    id.value = value;
    return id;
}

inline Frame control(FrameType type, Flags flags, std::uint32_t stream, std::uint32_t length) {
    return Frame{FrameHeader{type, flags, stream_id(stream), length}, {}};
}
inline Frame data(Flags flags, std::uint32_t stream, Bytes payload) {
    auto length = static_cast<std::uint32_t>(payload.size());
    return Frame{FrameHeader{FrameType::data, flags, stream_id(stream), length}, std::move(payload)};
}
inline Frame data(Flags flags, std::uint32_t stream, std::string_view payload) {
    auto octets = libp2p::as_bytes(payload);
    return data(flags, stream, Bytes(octets.begin(), octets.end()));
}
inline Frame update(Flags flags, std::uint32_t stream, std::uint32_t delta) {
    return control(FrameType::window_update, flags, stream, delta);
}
inline Frame ping(Flags flags, std::uint32_t value) {
    return control(FrameType::ping, flags, 0, value);
}
inline Frame go_away(std::uint32_t reason) {
    return control(FrameType::go_away, Flags::none, 0, reason);
}

inline Bytes to_bytes(const Frame& frame) {
    Bytes bytes(kHeaderSize);
    encode(frame.header, std::span<std::uint8_t, kHeaderSize>(bytes.data(), kHeaderSize));
    bytes.insert(bytes.end(), frame.payload.begin(), frame.payload.end());
    return bytes;
}

inline std::vector<Frame> to_frames(ByteView bytes) {
    std::vector<Frame> frames;
    while (bytes.size() >= kHeaderSize) {
        auto header = decode(bytes.first<kHeaderSize>());
        if (!header) {
            ADD_FAILURE() << header.error();
            break;
        }
        bytes = bytes.subspan(kHeaderSize);
        Frame frame{*header, {}};
        if (header->type == FrameType::data) {
            EXPECT_LE(header->length, bytes.size());
            auto size = std::min<std::size_t>(header->length, bytes.size());
            frame.payload.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
            bytes = bytes.subspan(size);
        }
        frames.push_back(std::move(frame));
    }
    EXPECT_TRUE(bytes.empty()) << bytes.size() << " octets after the last frame";
    return frames;
}

inline void PrintTo(const Frame& frame, std::ostream* out) {
    *out << "{type " << static_cast<int>(frame.header.type) << " flags " << static_cast<int>(frame.header.flags)
         << " stream " << frame.header.stream.value << " length " << frame.header.length << "}";
}

/// One session under test, with the calls a driver makes.
class Side {
public:
    Side(
        Direction role,
        VirtualClock& clock,
        std::shared_ptr<Budget> budget = nullptr,
        const Limits& limits = {},
        const Timeouts& timeouts = {}
    )
        : clock_(clock), session(role, limits, timeouts, std::move(budget), 0x9E3779B97F4A7C15U, clock.now) {}

    /// What is sent now: one flight, or nothing.
    Bytes send_once() {
        Bytes sent;
        if (session.wants_write()) {
            session.fill(flight, clock_.now);
            for (auto buffer : flight.buffers()) {
                sent.insert(sent.end(), buffer.begin(), buffer.end());
            }
            EXPECT_EQ(sent.size(), flight.octets());
            session.landed(flight);
        }
        drain_wakes();
        return sent;
    }

    /// All that there is to send.
    Bytes send() {
        Bytes all;
        while (session.wants_write()) {
            auto sent = send_once();
            all.insert(all.end(), sent.begin(), sent.end());
        }
        return all;
    }

    std::vector<Frame> send_frames() { return to_frames(send()); }

    /// Gets the ping that every session starts with out of the way; its answer comes at once.
    void skip_first_ping() {
        advance(Liveness::kFirstPing);
        EXPECT_EQ(send_frames(), std::vector<Frame>{ping(Flags::syn, 1)});
        EXPECT_TRUE(receive(ping(Flags::ack, 1)));
    }

    result<void> receive(ByteView bytes) {
        while (!bytes.empty()) {
            auto taken = session.receive(bytes, clock_.now);
            drain_wakes();
            if (!taken) {
                return taken.error();
            }
            bytes = bytes.subspan(*taken);
            if (*taken == 0 && session.is_held_up()) {
                return Errc::limit_exceeded;  // nobody sends meanwhile
            }
        }
        return ok();
    }

    result<void> receive(const Frame& frame) { return receive(ByteView(to_bytes(frame))); }

    template <class... More>
    result<void> receive(const Frame& first, const More&... more) {
        if (auto got = receive(first); !got) {
            return got;
        }
        return receive(more...);
    }

    /// Everything that can be read from the stream now.
    Bytes read_all(StreamState& stream) {
        Bytes all;
        Bytes piece(100'000);
        for (;;) {
            auto got = session.read(stream, piece);
            if (!got || *got == 0) {
                return all;
            }
            all.insert(all.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(*got));
        }
    }

    /// Why nothing (more) can be read; success when there is only nothing yet.
    Error read_error(StreamState& stream) {
        Bytes piece(1);
        auto got = session.read(stream, piece);
        return got ? Error() : got.error();
    }

    /// Writes what must be taken at once.
    void write_small(StreamState& stream, std::string_view text) {
        ByteView view = libp2p::as_bytes(text);
        auto done = session.write(stream, std::span(&view, 1));
        ASSERT_TRUE(done) << done.error();
        EXPECT_TRUE(*done);
    }

    StreamState& open() {
        auto stream = session.open(clock_.now);
        if (!stream) {
            throw std::runtime_error(stream.error().message());
        }
        return **stream;
    }

    void advance(Clock::duration by) {
        clock_.advance(by);
        session.on_time(clock_.now);
        drain_wakes();
    }

    void drain_wakes() {
        std::uint8_t whom = 0;
        while (auto* stream = session.next_wake(whom)) {
            if (keeps_wakes) {
                wakes.emplace_back(stream->id.value, whom);
            }
        }
    }

private:
    VirtualClock& clock_;

public:
    YamuxSession session;
    Flight flight;
    std::vector<std::pair<std::uint32_t, std::uint8_t>> wakes;
    bool keeps_wakes = true;  ///< a test of millions of them measures memory, and not this list
};

/// Carries octets both ways until nobody has anything to say. True unless somebody complained.
inline bool settle(Side& a, Side& b) {
    for (;;) {
        auto to_b = a.send();
        auto to_a = b.send();
        if (to_a.empty() && to_b.empty()) {
            return true;
        }
        auto at_b = b.receive(to_b);
        auto at_a = a.receive(to_a);
        if (!at_a || !at_b) {
            return false;
        }
    }
}

}  // namespace libp2p::yamux::test
