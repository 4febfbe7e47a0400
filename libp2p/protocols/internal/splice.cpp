// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/protocols/internal/splice.hpp"

#include <libp2p/tasks.hpp>

#include <algorithm>
#include <memory>
#include <string>

namespace libp2p::protocols {
namespace {

/// Part of what `Limits::stream_memory` pays for.
constexpr std::size_t kSmallBufferSize = 1536;

/// So many small reads in a row, and a large buffer is given back.
constexpr int kPatience = 16;

/// Small for a direction that says little, large while its reads fill it.
class SpliceBuffer {
public:
    SpliceBuffer(const Stream& from, SpliceTurns& turns)
        : budget_(from.budget()),
          turns_(turns),
          octets_(std::make_unique_for_overwrite<std::uint8_t[]>(kSmallBufferSize)) {}
    SpliceBuffer(const SpliceBuffer&) = delete;
    SpliceBuffer& operator=(const SpliceBuffer&) = delete;
    ~SpliceBuffer() { resize_turns(kSmallBufferSize); }

    MutableByteView view() noexcept { return {octets_.get(), std::min(size_, turns_.piece())}; }
    ByteView first(std::size_t count) const noexcept { return {octets_.get(), count}; }

    /// Tells how much the last read brought. The contents may be gone afterwards.
    void on_read(std::size_t count) {
        if (size_ == kSmallBufferSize) {
            if (count == size_) {
                grow();
            }
            return;
        }
        small_reads_ = count <= kSmallBufferSize ? small_reads_ + 1 : 0;
        if (small_reads_ == kPatience) {
            resize(kSmallBufferSize);
            charge_.release();
        }
    }

private:
    /// Where the budget refuses, the buffer stays as it is.
    void grow() {
        if (budget_) {
            auto charge = budget_->charge(Usage::octets(kSpliceBufferSize));
            if (!charge) {
                return;
            }
            charge_ = std::move(*charge);
        }
        resize(kSpliceBufferSize);
    }

    void resize(std::size_t size) {
        octets_ = std::make_unique_for_overwrite<std::uint8_t[]>(size);
        resize_turns(size);
        small_reads_ = 0;
    }

    void resize_turns(std::size_t size) noexcept {
        turns_.busy += size > kSmallBufferSize ? 1 : 0;
        turns_.busy -= size_ > kSmallBufferSize ? 1 : 0;
        size_ = size;
    }

    std::shared_ptr<Budget> budget_;  // the stream's scope, which its charges share; null in tests without one
    SpliceTurns& turns_;
    Charge charge_;
    std::unique_ptr<std::uint8_t[]> octets_;
    std::size_t size_ = kSmallBufferSize;
    int small_reads_ = 0;
};

class Splice {
public:
    Splice(Stream& first, Stream& second, SpliceLimits limits, SpliceTurns& turns)
        : first_(first), second_(second), limits_(limits), turns_(turns) {}
    Splice(const Splice&) = delete;
    Splice& operator=(const Splice&) = delete;

    /// However this ends, no stream is left half joined.
    ~Splice() {
        if (running_ > 0) {
            end(asio::error::make_error_code(asio::error::operation_aborted), StreamErrorCode::none);
        }
    }

    awaitable<void> copy(Stream& from, Stream& to, std::uint64_t& count) {
        SpliceBuffer buffer(from, turns_);
        for (;;) {
            auto got = co_await from.read_some(buffer.view());
            if (!got && got.error() == asio::error::make_error_code(asio::error::eof)) {
                break;
            }
            if (!got) {
                end(got.error(), StreamErrorCode::none);
                co_return;
            }
            if (limits_.octets > 0 && *got > limits_.octets - count) {
                end(over_limit(), StreamErrorCode::resource_limit_exceeded);
                co_return;
            }
            auto written = co_await write(to, buffer.first(*got));
            if (!written) {
                end(written.error(), StreamErrorCode::none);
                co_return;
            }
            count += *got;
            buffer.on_read(*got);
        }
        auto closed = co_await to.close_write();
        if (!closed) {
            end(closed.error(), StreamErrorCode::none);
            co_return;
        }
        --running_;
    }

    const Error& outcome() const noexcept { return outcome_; }

private:
    /// The first reason counts; the other direction fails because of it.
    void end(const Error& why, StreamErrorCode code) noexcept {
        if (ended_) {
            return;
        }
        ended_ = true;
        running_ = 0;
        outcome_ = why;
        first_.abort(code);
        second_.abort(code);
    }

    Error over_limit() const {
        return Error(Errc::limit_exceeded, "more than " + std::to_string(limits_.octets) + " octets one way");
    }

    Stream& first_;
    Stream& second_;
    SpliceLimits limits_;
    SpliceTurns& turns_;
    int running_ = 2;
    bool ended_ = false;
    Error outcome_ = asio::error::make_error_code(asio::error::eof);
};

}  // namespace

awaitable<Error> splice(Stream& first, Stream& second, SpliceLimits limits, SpliceTurns& turns, SpliceCounts& counts) {
    first.expires_at(limits.deadline);
    second.expires_at(limits.deadline);
    Splice joined(first, second, limits, turns);
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(joined.copy(second, first, counts.backward));
        co_await joined.copy(first, second, counts.forward);
        co_await tasks.join();
    };
    co_await with_tasks(body);
    co_return joined.outcome();
}

}  // namespace libp2p::protocols
