// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/stream.hpp>
#include <libp2p/waiter.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <exception>
#include <memory>
#include <utility>

namespace libp2p::test {

/// One direction of a pair of streams.
struct StreamWire {
    explicit StreamWire(const asio::any_io_executor& executor) : readable(executor), writable(executor) {}

    void notify() {
        readable.notify();
        writable.notify();
    }

    static constexpr std::size_t kCapacity = 64 * 1024;

    std::deque<std::uint8_t> octets;
    bool closed = false;
    bool reset = false;
    Waiter readable;
    Waiter writable;
};

/// A stream in memory: with backpressure, half close and reset. Its deadline passes when the test says so.
class PairedStream final : public Stream {
public:
    PairedStream(
        Direction direction,
        std::shared_ptr<const ConnectionInfo> connection,
        asio::any_io_executor executor,
        std::shared_ptr<StreamWire> in,
        std::shared_ptr<StreamWire> out
    )
        : Stream(direction, std::move(connection)),
          executor_(std::move(executor)),
          in_(std::move(in)),
          out_(std::move(out)) {}

    ~PairedStream() override {
        if (!out_->closed) {
            abort(StreamErrorCode::none);
        }
    }

    using Stream::abort;

    awaitable<result<std::size_t>> read_some(MutableByteView into) override {
        EXPECT_FALSE(into.empty());
        for (;;) {
            if (auto ec = failure(*in_)) {
                co_return ec;
            }
            if (!in_->octets.empty()) {
                const auto count = std::min({into.size(), in_->octets.size(), max_read});
                std::copy_n(in_->octets.begin(), count, into.begin());
                in_->octets.erase(in_->octets.begin(), in_->octets.begin() + static_cast<std::ptrdiff_t>(count));
                in_->writable.notify();
                co_return count;
            }
            if (in_->closed) {
                co_return asio::error::make_error_code(asio::error::eof);
            }
            auto interrupted = co_await in_->readable.wait();
            if (interrupted) {
                co_return interrupted;
            }
        }
    }

    awaitable<result<void>> write(std::span<const ByteView> buffers) override {
        ++writes;
        for (auto buffer : buffers) {
            while (!buffer.empty()) {
                if (auto ec = failure(*out_)) {
                    co_return ec;
                }
                if (out_->closed) {
                    co_return Errc::write_closed;
                }
                const auto count = std::min(buffer.size(), StreamWire::kCapacity - out_->octets.size());
                out_->octets.insert(
                    out_->octets.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(count)
                );
                buffer = buffer.subspan(count);
                out_->readable.notify();
                if (!buffer.empty()) {
                    auto interrupted = co_await out_->writable.wait();
                    if (interrupted) {
                        co_return interrupted;
                    }
                }
            }
        }
        co_return ok();
    }

    awaitable<result<void>> close_write() override {
        if (auto ec = failure(*out_)) {
            co_return ec;
        }
        out_->closed = true;
        out_->readable.notify();
        co_return ok();
    }

    void abort(StreamErrorCode) noexcept override {
        aborted_ = true;
        in_->reset = out_->reset = true;
        in_->notify();
        out_->notify();
    }

    void expires_at(std::chrono::steady_clock::time_point time) noexcept override { deadline = time; }

    /// The deadline passes now.
    void expire() {
        expired_ = true;
        in_->readable.notify();
        out_->writable.notify();
    }

    std::optional<StreamErrorCode> remote_error() const noexcept override { return std::nullopt; }
    std::uint64_t id() const noexcept override { return 1; }
    asio::any_io_executor executor() const noexcept override { return executor_; }

    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
    std::size_t max_read = 1024 * 1024;
    std::size_t writes = 0;

private:
    error_code failure(const StreamWire& wire) const {
        if (aborted_) {
            return asio::error::make_error_code(asio::error::operation_aborted);
        }
        if (expired_) {
            return asio::error::make_error_code(asio::error::timed_out);
        }
        return wire.reset ? make_error_code(Errc::stream_reset) : error_code();
    }

    asio::any_io_executor executor_;
    std::shared_ptr<StreamWire> in_;
    std::shared_ptr<StreamWire> out_;
    bool aborted_ = false;
    bool expired_ = false;
};

/// Two ends of one stream, and the context that runs them.
class StreamPair {
public:
    explicit StreamPair(const ProtocolId& protocol)
        : left_identity(Identity::generate()), right_identity(Identity::generate()) {
        const auto executor = io.get_executor();
        auto there = std::make_shared<StreamWire>(executor);
        auto back = std::make_shared<StreamWire>(executor);
        left = std::make_unique<PairedStream>(
            Direction::outbound, info(Direction::outbound, right_identity), executor, back, there
        );
        right = std::make_unique<PairedStream>(
            Direction::inbound, info(Direction::inbound, left_identity), executor, there, back
        );
        left->set_protocol(protocol);
        right->set_protocol(protocol);
    }

    /// Starts a coroutine; what it throws fails the test.
    void spawn(awaitable<void> task) {
        asio::co_spawn(io, std::move(task), [](std::exception_ptr failure) {
            if (failure) {
                std::rethrow_exception(failure);
            }
        });
    }

    /// Runs until nothing is left to do.
    void run() {
        io.restart();
        io.run();
    }

    asio::io_context io;
    Identity left_identity;
    Identity right_identity;
    std::unique_ptr<PairedStream> left;
    std::unique_ptr<PairedStream> right;

private:
    static std::shared_ptr<const ConnectionInfo> info(Direction direction, const Identity& remote) {
        const auto address = Multiaddr::parse("/memory/1").value();
        return std::make_shared<ConnectionInfo>(ConnectionInfo{
            ConnectionId{1},
            direction,
            remote.peer_id(),
            remote.public_key(),
            address,
            address,
            "memory",
            "/noise",
            "/yamux/1.0.0",
            false,
            std::chrono::steady_clock::now()
        });
    }
};

}  // namespace libp2p::test
