// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/webrtc_stream.hpp"

#include <boost/asio/error.hpp>

#include <utility>

namespace libp2p::webrtc {
namespace {

Error timed_out() noexcept {
    return asio::error::make_error_code(asio::error::timed_out);
}

}  // namespace

/// Lends a reader's memory to the session for the time of a wait, however that ends.
class WebRtcStream::ReaderLoan {
public:
    ReaderLoan(WebRtcSession& session, Channel& channel, MutableByteView into) noexcept
        : session_(session), channel_(channel) {
        session_.lend_reader(channel_, into);
    }
    ReaderLoan(const ReaderLoan&) = delete;
    ReaderLoan& operator=(const ReaderLoan&) = delete;
    ~ReaderLoan() { (void)end(); }

    std::size_t end() noexcept { return session_.take_back_reader(channel_); }

private:
    WebRtcSession& session_;
    Channel& channel_;
};

/// Takes back what a writer lent and was not sent, however its wait ends.
class WebRtcStream::WriterLoan {
public:
    WriterLoan(WebRtcSession& session, Channel& channel) noexcept : session_(session), channel_(channel) {}
    WriterLoan(const WriterLoan&) = delete;
    WriterLoan& operator=(const WriterLoan&) = delete;
    ~WriterLoan() { (void)end(); }

    /// True when something was left.
    bool end() noexcept {
        const bool has_rest = channel_.writer.left > 0;
        if (has_rest) {
            session_.withdraw_write(channel_);
        }
        return has_rest;
    }

private:
    WebRtcSession& session_;
    Channel& channel_;
};

WebRtcStream::WebRtcStream(
    std::shared_ptr<WebRtcCore> core, Channel& channel, std::shared_ptr<const ConnectionInfo> connection
)
    : Stream(channel.direction, std::move(connection)),
      core_(std::move(core)),
      channel_(channel),
      reader_(core_->executor()),
      writer_(core_->executor()) {
    channel_.owner = this;
}

WebRtcStream::~WebRtcStream() {
    core_->session.release(channel_);
    core_->flush();
}

awaitable<result<std::size_t>> WebRtcStream::read_some(MutableByteView into) {
    if (is_late()) {
        co_return timed_out();
    }
    auto& session = core_->session;
    auto got = session.read(channel_, into);
    if (!got || *got > 0) {
        co_return got;
    }
    ReaderLoan loan(session, channel_, into);
    error_code interrupted;
    while (!interrupted && !channel_.expired && !session.is_read_done(channel_)) {
        interrupted = co_await reader_.wait();
    }
    if (auto filled = loan.end(); filled > 0) {
        co_return filled;  // even if cancelled: what has arrived is not lost
    }
    if (interrupted) {
        co_return interrupted;
    }
    if (channel_.expired) {
        co_return timed_out();
    }
    co_return session.read(channel_, into);
}

awaitable<result<void>> WebRtcStream::write(std::span<const ByteView> buffers) {
    if (is_late()) {
        co_return timed_out();
    }
    auto& session = core_->session;
    auto written = session.write(channel_, buffers);
    core_->flush();
    if (!written) {
        co_return written.error();
    }
    if (*written) {
        co_return ok();
    }
    WriterLoan loan(session, channel_);
    error_code interrupted;
    while (!interrupted && !channel_.expired && !session.is_write_done(channel_)) {
        interrupted = co_await writer_.wait();
    }
    const bool has_rest = loan.end();
    if (has_rest && interrupted) {
        session.abort(channel_);
        core_->flush();
        co_return interrupted;
    }
    if (has_rest) {
        co_return timed_out();
    }
    co_return session.finish_write(channel_);
}

awaitable<result<void>> WebRtcStream::close_write() {
    if (is_late()) {
        co_return timed_out();
    }
    auto closed = core_->session.close_write(channel_);
    core_->flush();
    co_return closed;
}

void WebRtcStream::abort(StreamErrorCode) noexcept {
    core_->session.abort(channel_);
    core_->flush();
}

void WebRtcStream::expires_at(std::chrono::steady_clock::time_point time) noexcept {
    core_->session.set_deadline(channel_, time);
    core_->flush();
}

void WebRtcStream::wake(std::uint8_t whom) noexcept {
    if ((whom & WebRtcSession::wake_reader) != 0) {
        reader_.notify();
    }
    if ((whom & WebRtcSession::wake_writer) != 0) {
        writer_.notify();
    }
}

bool WebRtcStream::is_late() const noexcept {
    return channel_.deadline != Clock::time_point::max() && (channel_.expired || Clock::now() >= channel_.deadline);
}

}  // namespace libp2p::webrtc
