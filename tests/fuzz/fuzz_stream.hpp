// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/byte_stream.hpp>
#include <libp2p/readable.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cstdlib>
#include <exception>

namespace libp2p::fuzz {

/// A byte stream whose remote says what the fuzzer says, then ends, and swallows everything.
class FuzzStream : public ByteStream {
public:
    FuzzStream(asio::any_io_executor executor, ByteView input, std::size_t max_read)
        : executor_(std::move(executor)), input_(input), max_read_(max_read) {}

    awaitable<result<std::size_t>> read_some(MutableByteView into) override {
        error_code ec;
        const auto count = take(into, ec);
        if (ec) {
            co_return ec;
        }
        co_return count;
    }

    awaitable<result<void>> write(std::span<const ByteView>) override { co_return ok(); }
    awaitable<result<void>> close_write() override { co_return ok(); }
    void abort() noexcept override { input_ = {}; }
    asio::any_io_executor executor() const noexcept override { return executor_; }

protected:
    std::size_t take(MutableByteView into, error_code& ec) noexcept {
        const auto count = std::min({into.size(), input_.size(), max_read_});
        if (count == 0) {
            ec = asio::error::eof;
            return 0;
        }
        std::copy_n(input_.begin(), count, into.begin());
        input_ = input_.subspan(count);
        return count;
    }

private:
    asio::any_io_executor executor_;
    ByteView input_;
    std::size_t max_read_;
};

class ReadableFuzzStream final : public FuzzStream, public Readable {
public:
    using FuzzStream::FuzzStream;

    /// Has nothing at hand every other time.
    std::size_t try_read_some(MutableByteView into, error_code& ec) noexcept override {
        blocked_ = !blocked_;
        if (blocked_) {
            ec = asio::error::would_block;
            return 0;
        }
        return take(into, ec);
    }

    awaitable<result<void>> wait_readable() override { co_return ok(); }

private:
    bool blocked_ = false;
};

/// Runs `task` to its end, which it must reach.
template <class Task>
void run(Task task) {
    asio::io_context context(1);
    bool done = false;
    asio::co_spawn(
        context,
        [&] { return task(context.get_executor()); },
        [&](const std::exception_ptr& failure) {
            if (failure) {
                std::rethrow_exception(failure);
            }
            done = true;
        }
    );
    context.run();
    if (!done) {
        std::abort();
    }
}

}  // namespace libp2p::fuzz
