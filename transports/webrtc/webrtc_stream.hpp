// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/webrtc/webrtc_core.hpp"

#include <libp2p/stream.hpp>

#include <memory>

namespace libp2p::webrtc {

/// A stream of a WebRTC connection: a data channel with the framing of the libp2p specs.
///
/// Writes are copied into SCTP's buffer while it has room, and otherwise sent from the caller's memory as room comes.
/// Cancelling a write that has octets left resets the stream, so that the remote cannot take a part for the whole. What
/// a write timed out with is sent neither then nor later, a frame at a time.
class WebRtcStream final : public Stream {
public:
    /// The owner of `channel` from now on.
    WebRtcStream(std::shared_ptr<WebRtcCore> core, Channel& channel, std::shared_ptr<const ConnectionInfo> connection);
    ~WebRtcStream() override;

    awaitable<result<std::size_t>> read_some(MutableByteView into) override;
    awaitable<result<void>> write(std::span<const ByteView> buffers) override;
    awaitable<result<void>> close_write() override;
    using Stream::abort;
    void abort(StreamErrorCode code) noexcept override;
    void expires_at(std::chrono::steady_clock::time_point time) noexcept override;
    std::optional<StreamErrorCode> remote_error() const noexcept override { return std::nullopt; }
    std::uint64_t id() const noexcept override { return channel_.id; }
    asio::any_io_executor executor() const noexcept override { return core_->executor(); }

    /// Resumes whom the session has news for; see WebRtcSession::Wake.
    void wake(std::uint8_t whom) noexcept;

private:
    class ReaderLoan;
    class WriterLoan;

    bool is_late() const noexcept;

    std::shared_ptr<WebRtcCore> core_;  // shared: see WebRtcCore
    Channel& channel_;                  // lives in the session until released
    Waiter reader_;
    Waiter writer_;
};

}  // namespace libp2p::webrtc
