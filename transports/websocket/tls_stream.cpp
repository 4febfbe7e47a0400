// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/websocket/tls_stream.hpp"

#include <algorithm>

namespace libp2p::websocket {

awaitable<result<std::unique_ptr<TlsStream>>> TlsStream::handshake(
    std::unique_ptr<ByteStream> raw,
    std::shared_ptr<const crypto::TlsContext> context,
    std::string remote_name,
    std::shared_ptr<Budget> budget
) {
    auto charge = budget->charge(Usage::octets(kTlsMemory));
    if (!charge) {
        co_return charge.error();
    }
    std::unique_ptr<TlsStream> self(new TlsStream(std::move(raw), std::move(context), remote_name, std::move(*charge)));
    auto shaken = co_await self->shake_hands();
    if (!shaken) {
        co_return shaken.error();
    }
    co_return std::move(self);
}

TlsStream::TlsStream(
    std::unique_ptr<ByteStream> raw,
    std::shared_ptr<const crypto::TlsContext> context,
    const std::string& remote_name,
    Charge charge
)
    : charge_(std::move(charge)),
      raw_(std::move(raw)),
      readable_(dynamic_cast<Readable*>(raw_.get())),
      session_(std::move(context), remote_name) {}

awaitable<result<void>> TlsStream::shake_hands() {
    for (;;) {
        auto done = session_.handshake();
        auto sent = co_await flush();  // after a failure too: it has the alert
        if (!done) {
            co_return done.error();
        }
        if (!sent) {
            co_return sent.error();
        }
        if (*done) {
            co_return ok();
        }
        auto received = co_await receive();
        if (!received && received.error() == asio::error::make_error_code(asio::error::eof)) {
            co_return Error(Errc::protocol_violation, "TLS: the remote closed in the middle of the handshake");
        }
        if (!received) {
            co_return received.error();
        }
    }
}

awaitable<result<std::size_t>> TlsStream::read_some(MutableByteView into) {
    for (;;) {
        auto got = session_.read(into);
        if (!got) {
            co_return got.error();
        }
        if (*got > 0) {
            co_return *got;
        }
        auto received = co_await receive();
        if (!received) {
            co_return received.error();
        }
    }
}

/// Feeds the session with what comes next. Waits without a block where that can be done.
awaitable<result<void>> TlsStream::receive() {
    std::size_t size = 0;
    for (bool waited = false; size == 0 && readable_ != nullptr; waited = true) {
        if (waited) {
            block_ = Bytes();
            auto ready = co_await readable_->wait_readable();
            if (!ready) {
                co_return ready.error();
            }
        }
        block_.resize(kTlsBlock);
        error_code ec;
        size = readable_->try_read_some(block_, ec);
        if (size == 0 && ec != asio::error::would_block) {
            co_return ec;
        }
    }
    if (size == 0) {
        block_.resize(kTlsBlock);
        auto got = co_await raw_->read_some(block_);
        if (!got) {
            co_return got.error();
        }
        size = *got;
    }
    session_.feed(ByteView(block_).first(size));
    co_return ok();
}

awaitable<result<void>> TlsStream::write(std::span<const ByteView> buffers) {
    std::size_t pending = 0;
    for (auto buffer : buffers) {
        while (!buffer.empty()) {
            const auto chunk = buffer.first(std::min(buffer.size(), kTlsBlock - pending));
            buffer = buffer.subspan(chunk.size());
            auto sealed = session_.write(chunk);
            if (!sealed) {
                co_return sealed.error();
            }
            pending += chunk.size();
            if (pending == kTlsBlock) {
                pending = 0;
                auto sent = co_await flush();
                if (!sent) {
                    co_return sent.error();
                }
            }
        }
    }
    auto sent = co_await flush();
    co_return sent;
}

/// Sends what the session has to say. What a read gives it to say, an answer to new keys, leaves with the next write,
/// before which it has to be there.
awaitable<result<void>> TlsStream::flush() {
    if (!session_.has_output()) {
        co_return ok();
    }
    const auto output = session_.take_output();
    const ByteView octets(output);
    auto written = co_await raw_->write(std::span(&octets, 1));
    co_return written;
}

awaitable<result<void>> TlsStream::close_write() {
    session_.close_write();
    auto sent = co_await flush();
    if (!sent) {
        co_return sent.error();
    }
    auto closed = co_await raw_->close_write();
    co_return closed;
}

}  // namespace libp2p::websocket
