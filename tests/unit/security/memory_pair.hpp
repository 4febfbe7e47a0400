// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/byte_stream.hpp>
#include <libp2p/readable.hpp>
#include <libp2p/waiter.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

/// ASSERT_* return from the function they stand in, which a coroutine cannot do.
#define LIBP2P_CO_ASSERT_TRUE(condition) \
    if (!(condition)) {                  \
        ADD_FAILURE() << #condition;     \
        co_return;                       \
    }                                    \
    static_assert(true)

namespace libp2p::test {

inline constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();

/// What one end of a pair is told to do, and what it did. The test holds it while the end belongs to somebody else.
struct Meter {
    std::size_t fail_at = kNever;   ///< this operation, counted from 0, breaks the connection
    std::size_t max_read = kNever;  ///< a read returns no more octets than this
    std::size_t operations = 0;
    std::size_t reads = 0;
    std::size_t writes = 0;
    std::size_t waits = 0;
    std::size_t written = 0;  ///< octets
    std::size_t time = 0;     ///< in half round trips: everything sent arrives one later
    bool alive = true;
    std::function<void(Bytes&)> tamper;  ///< sees what each write sends before it leaves
};

/// One direction.
struct Wire {
    explicit Wire(const asio::any_io_executor& executor) : readable(executor), writable(executor) {}

    struct Piece {
        Bytes bytes;
        std::size_t sent;
    };

    std::deque<Piece> pieces;
    std::size_t size = 0;
    std::size_t capacity = kNever;
    bool closed = false;
    bool broken = false;
    Waiter readable;
    Waiter writable;
};

/// One end of a pair. Octets keep the boundaries of the writes, unless `Meter::max_read` cuts them further.
class MemoryStream : public ByteStream {
public:
    MemoryStream(
        asio::any_io_executor executor,
        std::shared_ptr<Wire> in,
        std::shared_ptr<Wire> out,
        std::shared_ptr<Meter> meter
    )
        : executor_(std::move(executor)), in_(std::move(in)), out_(std::move(out)), meter_(std::move(meter)) {}

    ~MemoryStream() override {
        break_both();
        meter_->alive = false;
    }

    awaitable<result<std::size_t>> read_some(MutableByteView into) override {
        EXPECT_FALSE(into.empty());
        ++meter_->reads;
        for (;;) {
            if (fails()) {
                co_return asio::error::make_error_code(asio::error::connection_reset);
            }
            error_code ec;
            auto count = take(into, ec);
            if (ec != asio::error::would_block) {
                if (ec) {
                    co_return ec;
                }
                co_return count;
            }
            auto interrupted = co_await in_->readable.wait();
            if (interrupted) {
                co_return interrupted;
            }
        }
    }

    awaitable<result<void>> write(std::span<const ByteView> buffers) override {
        ++meter_->writes;
        if (fails()) {
            co_return asio::error::make_error_code(asio::error::connection_reset);
        }
        Bytes all;
        for (auto buffer : buffers) {
            all.insert(all.end(), buffer.begin(), buffer.end());
        }
        if (meter_->tamper) {
            meter_->tamper(all);
        }
        meter_->written += all.size();
        std::size_t sent = 0;
        while (sent < all.size()) {
            if (out_->broken) {
                co_return broken();
            }
            const auto room = out_->capacity - std::min(out_->size, out_->capacity);
            if (room == 0) {
                auto interrupted = co_await out_->writable.wait();
                if (interrupted) {
                    co_return interrupted;
                }
                continue;
            }
            const auto part = std::min(room, all.size() - sent);
            const auto from = all.begin() + static_cast<std::ptrdiff_t>(sent);
            out_->pieces.push_back(Wire::Piece{Bytes(from, from + static_cast<std::ptrdiff_t>(part)), meter_->time});
            out_->size += part;
            sent += part;
            out_->readable.notify();
        }
        co_return ok();
    }

    awaitable<result<void>> close_write() override {
        if (fails() || out_->broken) {
            co_return asio::error::make_error_code(asio::error::connection_reset);
        }
        out_->closed = true;
        out_->readable.notify();
        co_return ok();
    }

    void abort() noexcept override {
        aborted_ = true;
        break_both();
    }

    asio::any_io_executor executor() const noexcept override { return executor_; }

protected:
    std::size_t take(MutableByteView into, error_code& ec) noexcept {
        if (in_->broken) {
            ec = broken();
            return 0;
        }
        if (in_->pieces.empty()) {
            ec = in_->closed ? error_code(asio::error::eof) : error_code(asio::error::would_block);
            return 0;
        }
        auto& piece = in_->pieces.front();
        const auto count = std::min({into.size(), meter_->max_read, piece.bytes.size()});
        std::memcpy(into.data(), piece.bytes.data(), count);
        piece.bytes.erase(piece.bytes.begin(), piece.bytes.begin() + static_cast<std::ptrdiff_t>(count));
        meter_->time = std::max(meter_->time, piece.sent + 1);
        if (piece.bytes.empty()) {
            in_->pieces.pop_front();
        }
        in_->size -= count;
        in_->writable.notify();
        return count;
    }

    bool fails() noexcept {
        if (meter_->operations++ != meter_->fail_at) {
            return false;
        }
        break_both();
        return true;
    }

    error_code broken() const noexcept {
        return make_error_code(aborted_ ? asio::error::operation_aborted : asio::error::connection_reset);
    }

    Wire& in() noexcept { return *in_; }
    Meter& meter() noexcept { return *meter_; }

private:
    void break_both() noexcept {
        for (auto* wire : {in_.get(), out_.get()}) {
            if (wire == out_.get() && wire->closed && !aborted_) {
                continue;  // what was sent before a polite end still arrives
            }
            wire->broken = true;
            wire->readable.notify();
            wire->writable.notify();
        }
    }

    asio::any_io_executor executor_;
    std::shared_ptr<Wire> in_;
    std::shared_ptr<Wire> out_;
    std::shared_ptr<Meter> meter_;
    bool aborted_ = false;
};

/// The same with what a socket can do besides.
class ReadableMemoryStream final : public MemoryStream, public Readable {
public:
    using MemoryStream::MemoryStream;

    std::size_t try_read_some(MutableByteView into, error_code& ec) noexcept override {
        EXPECT_FALSE(into.empty());
        ++meter().reads;
        if (fails()) {
            ec = asio::error::connection_reset;
            return 0;
        }
        return take(into, ec);
    }

    awaitable<result<void>> wait_readable() override {
        ++meter().waits;
        if (fails()) {
            co_return asio::error::make_error_code(asio::error::connection_reset);
        }
        if (in().pieces.empty() && !in().closed && !in().broken) {
            auto interrupted = co_await in().readable.wait();
            if (interrupted) {
                co_return interrupted;
            }
        }
        co_return ok();
    }
};

struct Pair {
    std::unique_ptr<ByteStream> dialer;
    std::unique_ptr<ByteStream> listener;
    std::shared_ptr<Meter> dialer_meter = std::make_shared<Meter>();
    std::shared_ptr<Meter> listener_meter = std::make_shared<Meter>();
    std::shared_ptr<Wire> to_listener;
    std::shared_ptr<Wire> to_dialer;
};

template <class End = MemoryStream>
Pair make_pair_of(const asio::any_io_executor& executor) {
    Pair pair;
    pair.to_listener = std::make_shared<Wire>(executor);
    pair.to_dialer = std::make_shared<Wire>(executor);
    pair.dialer = std::make_unique<End>(executor, pair.to_dialer, pair.to_listener, pair.dialer_meter);
    pair.listener = std::make_unique<End>(executor, pair.to_listener, pair.to_dialer, pair.listener_meter);
    return pair;
}

/// Runs `task` until nothing is left to do. False when it waits for something that does not come; it may go on later.
template <class Task>
bool run(asio::io_context& context, Task task) {
    auto done = std::make_shared<bool>(false);
    asio::co_spawn(context, std::move(task), [done](const std::exception_ptr& failure) {
        *done = true;
        if (failure) {
            std::rethrow_exception(failure);
        }
    });
    context.restart();
    context.poll();
    return *done;
}

/// Runs both at the same time.
template <class First, class Second>
bool run_both(asio::io_context& context, First first, Second second) {
    auto done = std::make_shared<int>(0);
    auto finished = [done](const std::exception_ptr& failure) {
        ++*done;
        if (failure) {
            std::rethrow_exception(failure);
        }
    };
    asio::co_spawn(context, std::move(first), finished);
    asio::co_spawn(context, std::move(second), finished);
    context.restart();
    context.poll();
    return *done == 2;
}

/// Runs `step` handlers of a task, then cancels it and lets it unwind. Returns false once the task ends by itself
/// sooner.
template <class Task>
bool cancel_after(asio::io_context& context, std::size_t steps, Task task, bool& unwound) {
    asio::cancellation_signal signal;
    bool done = false;
    auto finished = [&done](const std::exception_ptr& failure) {
        done = true;
        if (failure) {
            try {
                std::rethrow_exception(failure);
            } catch (const boost::system::system_error& error) {
                EXPECT_EQ(error.code(), asio::error::operation_aborted);
            }
        }
    };
    asio::co_spawn(context, std::move(task), asio::bind_cancellation_slot(signal.slot(), finished));
    context.restart();
    for (std::size_t step = 0; step < steps && !done; ++step) {
        if (context.poll_one() == 0) {
            break;
        }
    }
    if (done) {
        context.poll();
        unwound = true;
        return false;
    }
    signal.emit(asio::cancellation_type::terminal);
    context.restart();
    context.poll();
    unwound = done;
    return true;
}

inline Bytes from_hex(std::string_view hex) {
    Bytes bytes;
    auto digit = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); };
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes.push_back(static_cast<std::uint8_t>(digit(hex[i]) * 16 + digit(hex[i + 1])));
    }
    return bytes;
}

inline std::string to_hex(ByteView bytes) {
    std::string hex;
    for (auto byte : bytes) {
        hex += "0123456789abcdef"[byte / 16];
        hex += "0123456789abcdef"[byte % 16];
    }
    return hex;
}

}  // namespace libp2p::test
