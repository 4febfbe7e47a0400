// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/connection_info.hpp>
#include <libp2p/security.hpp>
#include <libp2p/waiter.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

namespace libp2p::test {

/// One direction of a memory channel.
struct MemoryPipe {
    MemoryPipe(const asio::any_io_executor& executor, std::size_t room)
        : capacity(room), readable(executor), writable(executor) {}

    std::deque<Bytes> chunks;
    std::size_t held = 0;
    std::size_t capacity;
    bool is_closed = false;
    bool is_aborted = false;
    bool is_stalled = false;  ///< takes nothing
    Waiter readable;
    Waiter writable;
};

/// A SecureChannel to the other end in the same process, without any cipher.
class MemoryChannel final : public SecureChannel {
public:
    MemoryChannel(asio::any_io_executor executor, std::shared_ptr<MemoryPipe> in, std::shared_ptr<MemoryPipe> out);
    ~MemoryChannel() override;

    awaitable<result<std::size_t>> read_some(MutableByteView into) override;
    awaitable<result<MutableByteView>> read_chunk() override;
    awaitable<result<void>> write(std::span<const ByteView> buffers) override;
    awaitable<result<void>> close_write() override;
    void abort() noexcept override;
    asio::any_io_executor executor() const noexcept override { return executor_; }
    const PublicKey& remote_public_key() const noexcept override { return key_; }
    const PeerId& remote_peer() const noexcept override { return peer_; }
    const ProtocolId& early_muxer() const noexcept override { return muxer_; }

    MemoryPipe& out() noexcept { return *out_; }

    /// Chunks are handed out in pieces of at most this size.
    std::size_t largest_chunk = static_cast<std::size_t>(-1);
    /// Every write of the channel, in octets.
    std::vector<std::size_t> writes;
    /// The operation with this number, counted from 0, fails.
    std::size_t fail_at = static_cast<std::size_t>(-1);
    std::size_t operations = 0;

private:
    bool is_failing() noexcept;

    asio::any_io_executor executor_;
    std::shared_ptr<MemoryPipe> in_;
    std::shared_ptr<MemoryPipe> out_;
    Bytes chunk_;
    std::size_t chunk_read_ = 0;
    PublicKey key_;
    PeerId peer_;
    ProtocolId muxer_;
};

/// Two channels that are connected with each other.
std::pair<std::unique_ptr<MemoryChannel>, std::unique_ptr<MemoryChannel>> memory_channels(
    const asio::any_io_executor& executor, std::size_t capacity = 256 * 1024
);

/// What a connection of a test knows of itself.
std::shared_ptr<const ConnectionInfo> test_connection_info(Direction direction);

}  // namespace libp2p::test
