// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/memory/memory_pipe.hpp"

#include <libp2p/readable.hpp>
#include <libp2p/waiter.hpp>

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <cstring>
#include <deque>
#include <optional>

namespace libp2p::memory {
namespace {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

/// What is sent without latency is gathered into pieces of up to so many octets.
constexpr std::size_t kPiece = 16 * 1024;

/// Pieces under way in one direction; with latency every write makes one, however small.
constexpr std::size_t kMaxPieces = 4096;

/// Where one coroutine waits for a change or for a point in time.
class Pause {
public:
    explicit Pause(const asio::any_io_executor& executor) : change_(executor), timer_(executor) {}

    /// Succeeds after `wake` and at `until`; then the condition is to be checked again. `operation_aborted` when
    /// cancelled.
    awaitable<error_code> wait(std::optional<Time> until) {
        if (!until) {
            auto ec = co_await change_.wait();
            co_return ec;
        }
        woken_ = false;
        timer_.expires_at(*until);
        auto [ec] = co_await timer_.async_wait(as_result);
        co_return woken_ ? error_code() : ec;
    }

    void wake() {
        woken_ = true;
        change_.notify();
        timer_.cancel();
    }

private:
    Waiter change_;
    asio::steady_timer timer_;
    bool woken_ = false;
};

/// One direction.
struct Lane {
    enum class End { none, polite, reset };

    struct Piece {
        Bytes bytes;
        Time arrives;
    };

    Lane(const asio::any_io_executor& from, const asio::any_io_executor& to, const PipeOptions& pipe_options)
        : options(pipe_options), reader(to), writer(from) {}

    /// When what is sent now arrives. Without latency no clock is asked.
    Time arrival() const noexcept {
        return options.latency == Clock::duration() ? Time::min() : Clock::now() + options.latency;
    }

    static bool is_past(Time time) noexcept { return time == Time::min() || time <= Clock::now(); }

    std::size_t room() const noexcept {
        return pieces.size() < kMaxPieces ? options.capacity - std::min(held, options.capacity) : 0;
    }

    void put(ByteView bytes) {
        if (is_deserted) {
            held += bytes.size();  // the writer does not know yet
            return;
        }
        const auto arrives = arrival();
        const bool was_empty = pieces.empty();
        if (!was_empty && pieces.back().arrives == arrives && pieces.back().bytes.size() + bytes.size() <= kPiece) {
            pieces.back().bytes.insert(pieces.back().bytes.end(), bytes.begin(), bytes.end());
        } else {
            pieces.push_back(Piece{Bytes(bytes.begin(), bytes.end()), arrives});
        }
        held += bytes.size();
        if (was_empty) {
            reader.wake();  // else the reader knows already what it waits for
        }
    }

    /// What has arrived, at most `into.size()` octets.
    std::size_t take(MutableByteView into) {
        std::size_t taken = 0;
        while (taken < into.size() && !pieces.empty() && is_past(pieces.front().arrives)) {
            const auto& bytes = pieces.front().bytes;
            const auto part = std::min(into.size() - taken, bytes.size() - begin);
            std::memcpy(into.data() + taken, bytes.data() + begin, part);
            taken += part;
            begin += part;
            if (begin == bytes.size()) {
                pieces.pop_front();
                begin = 0;
            }
        }
        held -= taken;
        if (taken > 0) {
            writer.wake();
        }
        return taken;
    }

    void finish(End how) {
        if (end == End::none) {
            end = how;
            end_arrives = arrival();
            reader.wake();
        }
    }

    bool has_ended() const noexcept { return end != End::none && is_past(end_arrives); }

    /// When something arrives that is under way; nothing when nothing is.
    std::optional<Time> next_arrival() const noexcept {
        if (!pieces.empty()) {
            return pieces.front().arrives;
        }
        if (end != End::none) {
            return end_arrives;
        }
        return std::nullopt;
    }

    PipeOptions options;
    std::deque<Piece> pieces;
    std::size_t begin = 0;  // of the first piece, in octets: what is in front is read
    std::size_t held = 0;
    End end = End::none;
    Time end_arrives;
    bool is_deserted = false;  // the reader is gone, so nothing is kept any more
    Time desertion_shows;      // to the writer
    Pause reader;
    Pause writer;
};

class MemoryStream final : public ByteStream, public Readable {
public:
    MemoryStream(asio::any_io_executor executor, std::shared_ptr<Lane> in, std::shared_ptr<Lane> out)
        : executor_(std::move(executor)), in_(std::move(in)), out_(std::move(out)) {}

    ~MemoryStream() override { MemoryStream::abort(); }

    awaitable<result<std::size_t>> read_some(MutableByteView into) override {
        for (;;) {
            error_code ec;
            auto count = try_read_some(into, ec);
            if (!ec) {
                co_return count;
            }
            if (ec != asio::error::would_block) {
                co_return ec;
            }
            auto interrupted = co_await in_->reader.wait(in_->next_arrival());
            if (interrupted) {
                co_return interrupted;
            }
        }
    }

    std::size_t try_read_some(MutableByteView into, error_code& ec) noexcept override {
        ec.clear();
        if (is_aborted_) {
            ec = asio::error::operation_aborted;
            return 0;
        }
        const auto taken = in_->take(into);
        if (taken == 0) {
            // Octets that were on their way a moment ago may have arrived by now: only where there are none is there an
            // end.
            const bool is_over = in_->pieces.empty() && in_->has_ended();
            ec = is_over ? end_of_input() : error_code(asio::error::would_block);
        }
        return taken;
    }

    awaitable<result<void>> wait_readable() override {
        while (!is_aborted_ && !has_arrived()) {
            auto interrupted = co_await in_->reader.wait(in_->next_arrival());
            if (interrupted) {
                co_return interrupted;
            }
        }
        co_return ok();
    }

    awaitable<result<void>> write(std::span<const ByteView> buffers) override {
        for (auto rest : buffers) {
            while (!rest.empty()) {
                if (auto ec = why_not_writable(); ec) {
                    co_return ec;
                }
                const auto part = std::min(rest.size(), out_->room());
                if (part > 0) {
                    out_->put(rest.first(part));
                    rest = rest.subspan(part);
                    continue;
                }
                std::optional<Time> until;
                if (out_->is_deserted) {
                    until = out_->desertion_shows;
                }
                auto interrupted = co_await out_->writer.wait(until);
                if (interrupted) {
                    co_return interrupted;
                }
            }
        }
        co_return ok();
    }

    awaitable<result<void>> close_write() override {
        if (is_aborted_) {
            co_return asio::error::make_error_code(asio::error::operation_aborted);
        }
        out_->finish(Lane::End::polite);
        co_return ok();
    }

    void abort() noexcept override {
        if (is_aborted_) {
            return;
        }
        is_aborted_ = true;
        out_->finish(Lane::End::reset);
        in_->is_deserted = true;
        in_->desertion_shows = in_->arrival();
        in_->pieces.clear();
        in_->begin = 0;
        in_->reader.wake();
        in_->writer.wake();
        out_->writer.wake();
    }

    asio::any_io_executor executor() const noexcept override { return executor_; }

private:
    bool has_arrived() const noexcept {
        return in_->pieces.empty() ? in_->has_ended() : Lane::is_past(in_->pieces.front().arrives);
    }

    error_code end_of_input() const noexcept {
        if (in_->end == Lane::End::polite) {
            return asio::error::make_error_code(asio::error::eof);
        }
        return asio::error::make_error_code(asio::error::connection_reset);
    }

    error_code why_not_writable() const noexcept {
        if (is_aborted_) {
            return asio::error::make_error_code(asio::error::operation_aborted);
        }
        if (out_->end != Lane::End::none) {
            return make_error_code(Errc::write_closed);
        }
        if (out_->is_deserted && Lane::is_past(out_->desertion_shows)) {
            return asio::error::make_error_code(asio::error::connection_reset);
        }
        return {};
    }

    asio::any_io_executor executor_;
    std::shared_ptr<Lane> in_;  // shared by the two ends, of which either may go first
    std::shared_ptr<Lane> out_;
    bool is_aborted_ = false;
};

}  // namespace

std::pair<std::unique_ptr<ByteStream>, std::unique_ptr<ByteStream>> make_pipe(
    asio::any_io_executor first, asio::any_io_executor second, const PipeOptions& options
) {
    auto there = std::make_shared<Lane>(first, second, options);
    auto back = std::make_shared<Lane>(second, first, options);
    auto near = std::make_unique<MemoryStream>(std::move(first), back, there);
    auto far = std::make_unique<MemoryStream>(std::move(second), there, back);
    return {std::move(near), std::move(far)};
}

}  // namespace libp2p::memory
