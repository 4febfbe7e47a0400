// SPDX-License-Identifier: MIT OR Apache-2.0
#include "muxing/yamux/yamux_session.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

// A session between a remote and an application that both do what the fuzzer says: whole frames, torn ones and junk
// from one, every operation from the other. What is sent has to be right, and memory bounded by what arrived.

using namespace libp2p;
using namespace libp2p::yamux;

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

class Input {
public:
    Input(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

    bool empty() const { return rest_.empty(); }

    std::uint32_t number(std::size_t octets) {
        std::uint32_t value = 0;
        for (auto octet : take(octets)) {
            value = (value << 8U) | octet;
        }
        return value;
    }

    ByteView take(std::size_t octets) {
        auto taken = rest_.first(std::min(octets, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }

private:
    ByteView rest_;
};

struct Owned {
    StreamState* state;
    std::unique_ptr<Bytes> lent;  // to a write under way
    std::unique_ptr<ByteView> view;
    std::unique_ptr<Bytes> reader;
};

class Application {
public:
    explicit Application(Input& input)
        : input_(input),
          budget_(Budget::make("connection", "limits.connection", ScopeLimits{1, 1, 1, 1, 1, 1, 1, 8 * kMiB})),
          session_(
              input.number(1) % 2 == 0 ? Direction::outbound : Direction::inbound,
              limits(),
              Timeouts{},
              budget_,
              0x9E3779B97F4A7C15U,
              now_
          ) {}

    ~Application() {
        if (in_air_) {
            session_.landed(flight_);
        }
        session_.end(Errc::shut_down);
        for (auto& stream : streams_) {
            session_.release(*stream.state, now_);
        }
        require(session_.record_count() == 0);
        require(session_.open_count() == 0);
        require(session_.memory().held() == 0);
        require(session_.memory().grown() == 0);
        require(budget_->used().memory == 0);
    }

    void play() {
        while (!input_.empty()) {
            step(input_.number(1));
            std::uint8_t whom = 0;
            while (session_.next_wake(whom) != nullptr) {
            }
            check();
        }
    }

private:
    static Limits limits() {
        Limits limits;
        limits.accept_backlog = 8;
        return limits;
    }

    void step(std::uint32_t what) {
        switch (what % 16) {
            case 0: feed(input_.take(input_.number(1))); break;
            case 1:
            case 2: feed_frame(FrameType::data); break;
            case 3: feed_frame(FrameType::window_update); break;
            case 4: feed_frame(static_cast<FrameType>(input_.number(1) % 4)); break;
            case 5: send(); break;
            case 6: land(); break;
            case 7: open(); break;
            case 8: accept(); break;
            case 9: read(); break;
            case 10: write(); break;
            case 11: close_write(); break;
            case 12: release(); break;
            case 13: deadline(); break;
            case 14:
                now_ += std::chrono::milliseconds(input_.number(2));
                session_.on_time(now_);
                break;
            default:
                if (input_.number(1) == 0) {
                    session_.close(ConnectionErrorCode::shut_down, now_);
                } else if (input_.number(1) == 0) {
                    session_.end(Errc::shut_down);
                }
        }
    }

    void feed(ByteView bytes) {
        fed_ += bytes.size();
        while (!bytes.empty()) {
            auto taken = session_.receive(bytes, now_);
            if (!taken) {
                require(taken.error() == Errc::protocol_violation);
                require(!session_.takes_streams());
                return;
            }
            require(*taken <= bytes.size());
            bytes = bytes.subspan(*taken);
            if (session_.is_held_up()) {
                land();
                send();
                require(!session_.is_held_up());
            }
        }
    }

    /// A header, and for data as much of a body as there is: most of the time all that was announced.
    void feed_frame(FrameType type) {
        FrameHeader header;
        header.type = type;
        header.flags = static_cast<Flags>(input_.number(1) % 16);
        header.stream.value = input_.number(1) % 24;
        header.length = input_.number(1) % 4 == 0 ? input_.number(4) : input_.number(2);
        std::array<std::uint8_t, kHeaderSize> head{};
        encode(header, head);
        feed(head);
        if (type == FrameType::data) {
            feed(Bytes(std::min<std::size_t>(header.length, 300'000), 'x'));
        }
    }

    void send() {
        if (in_air_ || !session_.wants_write()) {
            return;
        }
        session_.fill(flight_, now_);
        in_air_ = true;
        Bytes wire;
        for (auto buffer : flight_.buffers()) {
            wire.insert(wire.end(), buffer.begin(), buffer.end());
        }
        require(wire.size() == flight_.octets());
        require(wire.size() <= Flight::kFull + 2 * 65'536);
        ByteView rest = wire;
        while (!rest.empty()) {
            require(rest.size() >= kHeaderSize);
            auto header = decode(rest.first<kHeaderSize>());
            require(header.has_value());
            rest = rest.subspan(kHeaderSize);
            if (header->type == FrameType::data) {
                require(header->length <= kMaxPayload && header->length <= rest.size());
                rest = rest.subspan(header->length);
            }
        }
    }

    void land() {
        if (in_air_) {
            in_air_ = false;
            session_.landed(flight_);
        }
        for (auto& stream : streams_) {
            if (stream.lent && session_.is_write_done(*stream.state)) {
                stream.lent.reset();
                stream.view.reset();
            }
        }
    }

    void own(StreamState* state) { streams_.push_back(Owned{state, nullptr, nullptr, nullptr}); }

    void open() {
        if (session_.open_room() > 0) {
            if (auto state = session_.open(now_)) {
                own(*state);
            }
        }
    }

    void accept() {
        if (auto* state = session_.accept(now_)) {
            own(state);
        }
    }

    Owned* any() { return streams_.empty() ? nullptr : &streams_[input_.number(1) % streams_.size()]; }

    void read() {
        auto* stream = any();
        if (stream == nullptr) {
            return;
        }
        if (stream->reader) {
            require(session_.take_back_reader(*stream->state) <= stream->reader->size());
            stream->reader.reset();
            return;
        }
        auto buffer = std::make_unique<Bytes>(1 + input_.number(2));
        auto got = session_.read(*stream->state, *buffer);
        if (got && *got == 0 && input_.number(1) % 2 == 0) {
            session_.lend_reader(*stream->state, *buffer);
            stream->reader = std::move(buffer);
        }
    }

    void write() {
        auto* stream = any();
        if (stream == nullptr) {
            return;
        }
        if (stream->lent) {
            session_.withdraw_write(*stream->state);
            if (session_.is_write_done(*stream->state)) {
                stream->lent.reset();
                stream->view.reset();
            }
            return;
        }
        auto bytes = std::make_unique<Bytes>(input_.number(2) * (input_.number(1) % 8 + 1), 'y');
        auto view = std::make_unique<ByteView>(*bytes);
        auto done = session_.write(*stream->state, std::span(view.get(), 1));
        if (done && !*done) {
            stream->lent = std::move(bytes);
            stream->view = std::move(view);
        }
    }

    void close_write() {
        if (auto* stream = any()) {
            (void)session_.close_write(*stream->state);
        }
    }

    void release() {
        auto* stream = any();
        if (stream == nullptr || (stream->lent && stream->state->writer.in_flight > 0)) {
            return;
        }
        if (input_.number(1) % 2 == 0) {
            session_.reset(*stream->state, StreamErrorCode::rate_limited);
        }
        session_.release(*stream->state, now_);
        streams_.erase(streams_.begin() + (stream - streams_.data()));
    }

    void deadline() {
        if (auto* stream = any()) {
            session_.set_deadline(*stream->state, now_ + std::chrono::milliseconds(input_.number(2)));
        }
    }

    void check() {
        auto bound = 8 * kMiB + MemoryAccount::kFree;
        require(session_.memory().held() <= bound);
        require(
            session_.memory().held() <=
            2 * fed_ + 600'000 + session_.record_count() * (sizeof(StreamState) + 2 * kSendBuffer + 1024)
        );
        require(session_.open_count() <= session_.record_count());
        require(session_.open_count() <= streams_.size() + limits().accept_backlog);
        for (auto& stream : streams_) {
            require(stream.state->received.size() + stream.state->window.credit() <= stream.state->window.size());
        }
    }

    Input& input_;
    Clock::time_point now_ = Clock::time_point(std::chrono::hours(1));
    std::shared_ptr<Budget> budget_;
    YamuxSession session_;
    Flight flight_;
    bool in_air_ = false;
    std::vector<Owned> streams_;
    std::size_t fed_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(data, size);
    Application application(input);
    application.play();
    return 0;
}
