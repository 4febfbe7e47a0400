// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "muxing/yamux/yamux_core.hpp"

#include <libp2p/stream.hpp>

#include <memory>

namespace libp2p::yamux {

/// A stream of a yamux connection.
///
/// Writes of up to `kSmallWrite` octets are copied and done at once while the stream holds little unsent; larger ones
/// are sent from the caller's memory. The octets that the channel is just sending cannot be taken back: a write that is
/// cancelled or runs into its deadline then waits until the channel is done with them, for at most `Timeouts::write`.
/// Cancelling a write that has octets left resets the stream, so that the remote cannot take a part for the whole.
class YamuxStream final : public Stream {
public:
    YamuxStream(std::shared_ptr<YamuxCore> core, Direction direction, std::shared_ptr<const ConnectionInfo> connection);
    ~YamuxStream() override;

    /// From now on this is the owner of `state`. Called once.
    void attach(StreamState& state) noexcept;

    awaitable<result<std::size_t>> read_some(MutableByteView into) override;
    awaitable<result<void>> write(std::span<const ByteView> buffers) override;
    awaitable<result<void>> close_write() override;
    using Stream::abort;
    void abort(StreamErrorCode code) noexcept override;
    void expires_at(std::chrono::steady_clock::time_point time) noexcept override;
    std::optional<StreamErrorCode> remote_error() const noexcept override;
    std::uint64_t id() const noexcept override { return state_->id.value; }
    asio::any_io_executor executor() const noexcept override { return core_->executor(); }

    /// Resumes whom the session has news for; see YamuxSession::Wake.
    void wake(std::uint8_t whom) noexcept;

private:
    class ReaderLoan;
    class WriterLoan;

    bool is_late() const noexcept;
    awaitable<void> wait_until_landed();

    std::shared_ptr<YamuxCore> core_;  // shared: see YamuxCore
    StreamState* state_ = nullptr;     // lives in the session until released
    Waiter reader_;
    Waiter writer_;
};

}  // namespace libp2p::yamux
