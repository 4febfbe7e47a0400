// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/byte_stream.hpp>

#include <memory>

namespace libp2p::websocket {

/// Octets of frames that may come one after the other without any payload in between. Pings, pongs and empty frames
/// cost their sender little: who sends nothing else does not mean well.
inline constexpr std::size_t kMaxWithoutPayload = 16 * 1024;

/// The byte stream that frames come over: gives first what was read behind the head of the HTTP message, and refuses to
/// read on once `kMaxWithoutPayload` octets came without a payload, with `Errc::limit_exceeded`.
class Wire final : public ByteStream {
public:
    Wire(std::unique_ptr<ByteStream> raw, Bytes early) noexcept : raw_(std::move(raw)), early_(std::move(early)) {}

    /// A frame's payload has come through.
    void on_payload() noexcept { without_payload_ = 0; }

    /// The error that reading ended with, with its words, which Beast passes on as a code alone. None while its code is
    /// zero.
    const Error& failure() const noexcept { return failure_; }

    awaitable<result<std::size_t>> read_some(MutableByteView into) override;
    awaitable<result<void>> write(std::span<const ByteView> buffers) override;
    awaitable<result<void>> close_write() override { return raw_->close_write(); }
    void abort() noexcept override { raw_->abort(); }
    asio::any_io_executor executor() const noexcept override { return raw_->executor(); }

private:
    std::unique_ptr<ByteStream> raw_;
    Bytes early_;
    std::size_t early_begin_ = 0;
    std::size_t without_payload_ = 0;
    Error failure_;
};

}  // namespace libp2p::websocket
