// SPDX-License-Identifier: MIT OR Apache-2.0
#include "muxing/yamux/yamux_stream.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>

#include <utility>

namespace libp2p::yamux {
namespace {

Error timed_out() noexcept {
    return asio::error::make_error_code(asio::error::timed_out);
}

}  // namespace

/// Lends a reader's memory to the session for the time of a wait, however that ends.
class YamuxStream::ReaderLoan {
public:
    ReaderLoan(YamuxSession& session, StreamState& stream, MutableByteView into) noexcept
        : session_(session), stream_(stream) {
        session_.lend_reader(stream_, into);
    }
    ReaderLoan(const ReaderLoan&) = delete;
    ReaderLoan& operator=(const ReaderLoan&) = delete;
    ~ReaderLoan() { (void)end(); }

    std::size_t end() noexcept { return session_.take_back_reader(stream_); }

private:
    YamuxSession& session_;
    StreamState& stream_;
};

/// Takes back what a writer lent and was not sent, however its wait ends.
class YamuxStream::WriterLoan {
public:
    WriterLoan(YamuxSession& session, StreamState& stream) noexcept : session_(session), stream_(stream) {}
    WriterLoan(const WriterLoan&) = delete;
    WriterLoan& operator=(const WriterLoan&) = delete;
    ~WriterLoan() { (void)end(); }

    /// True when something was left.
    bool end() noexcept {
        bool has_rest = stream_.writer.left > 0;
        if (has_rest) {
            session_.withdraw_write(stream_);
        }
        return has_rest;
    }

private:
    YamuxSession& session_;
    StreamState& stream_;
};

YamuxStream::YamuxStream(
    std::shared_ptr<YamuxCore> core, Direction direction, std::shared_ptr<const ConnectionInfo> connection
)
    : Stream(direction, std::move(connection)),
      core_(std::move(core)),
      reader_(core_->executor()),
      writer_(core_->executor()) {}

YamuxStream::~YamuxStream() {
    if (state_ != nullptr) {
        core_->session.release(*state_, Clock::now());
        core_->flush();
    }
}

void YamuxStream::attach(StreamState& state) noexcept {
    state_ = &state;
    state_->owner = this;
}

awaitable<result<std::size_t>> YamuxStream::read_some(MutableByteView into) {
    if (is_late()) {
        co_return timed_out();
    }
    auto& session = core_->session;
    auto got = session.read(*state_, into);
    core_->flush();
    if (!got || *got > 0) {
        co_return got;
    }
    ReaderLoan loan(session, *state_, into);
    error_code interrupted;
    while (!interrupted && !state_->expired && !session.is_read_done(*state_)) {
        interrupted = co_await reader_.wait();
    }
    if (auto filled = loan.end(); filled > 0) {
        co_return filled;  // even if cancelled: what has arrived is not lost
    }
    if (interrupted) {
        co_return interrupted;
    }
    if (state_->expired) {
        co_return timed_out();
    }
    co_return session.read(*state_, into);
}

awaitable<result<void>> YamuxStream::write(std::span<const ByteView> buffers) {
    if (is_late()) {
        co_return timed_out();
    }
    auto& session = core_->session;
    auto written = session.write(*state_, buffers);
    core_->flush();
    if (!written) {
        co_return written.error();
    }
    if (*written) {
        co_return ok();
    }
    WriterLoan loan(session, *state_);
    error_code interrupted;
    while (!interrupted && !state_->expired && !session.is_write_done(*state_)) {
        interrupted = co_await writer_.wait();
    }
    bool has_rest = loan.end();
    if (has_rest && interrupted) {
        session.reset(*state_, StreamErrorCode::none);
        core_->flush();
    }
    if (!session.is_write_done(*state_)) {
        // Awaiting a coroutine throws once this one is cancelled, so that is put off first.
        bool throws = co_await asio::this_coro::throw_if_cancelled();
        co_await asio::this_coro::throw_if_cancelled(false);
        co_await wait_until_landed();
        co_await asio::this_coro::throw_if_cancelled(throws);
    }
    if (has_rest && !interrupted) {
        co_return timed_out();
    }
    if (has_rest) {
        co_return interrupted;
    }
    co_return session.finish_write(*state_);
}

awaitable<result<void>> YamuxStream::close_write() {
    if (is_late()) {
        co_return timed_out();
    }
    auto closed = core_->session.close_write(*state_);
    core_->flush();
    co_return closed;
}

void YamuxStream::abort(StreamErrorCode code) noexcept {
    core_->session.reset(*state_, code);
    core_->flush();
}

void YamuxStream::expires_at(std::chrono::steady_clock::time_point time) noexcept {
    core_->session.set_deadline(*state_, time);
    core_->flush();
}

std::optional<StreamErrorCode> YamuxStream::remote_error() const noexcept {
    if (!state_->remote_code) {
        return std::nullopt;
    }
    return static_cast<StreamErrorCode>(*state_->remote_code);
}

void YamuxStream::wake(std::uint8_t whom) noexcept {
    if ((whom & YamuxSession::wake_reader) != 0) {
        reader_.notify();
    }
    if ((whom & YamuxSession::wake_writer) != 0) {
        writer_.notify();
    }
}

bool YamuxStream::is_late() const noexcept {
    return state_->deadline != Clock::time_point::max() && (state_->expired || Clock::now() >= state_->deadline);
}

/// Waits while the channel reads from the writer's memory, whether cancelled or not: it must not be given back before.
awaitable<void> YamuxStream::wait_until_landed() {
    while (!core_->session.is_write_done(*state_)) {
        (void)co_await writer_.wait();
    }
}

}  // namespace libp2p::yamux
