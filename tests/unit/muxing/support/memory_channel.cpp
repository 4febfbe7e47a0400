// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/unit/muxing/support/memory_channel.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cstring>

namespace libp2p::test {
namespace {

// RFC 8032, section 7.1, test 1: any valid key will do.
constexpr std::uint8_t kKey[] = {0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe,
                                 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6,
                                 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};

PublicKey test_key() {
    return PublicKey::from_raw(KeyType::ed25519, ByteView(kKey)).value();
}

}  // namespace

MemoryChannel::MemoryChannel(
    asio::any_io_executor executor, std::shared_ptr<MemoryPipe> in, std::shared_ptr<MemoryPipe> out
)
    : executor_(std::move(executor)),
      in_(std::move(in)),
      out_(std::move(out)),
      key_(test_key()),
      peer_(key_.peer_id()) {}

MemoryChannel::~MemoryChannel() {
    MemoryChannel::abort();
}

awaitable<result<std::size_t>> MemoryChannel::read_some(MutableByteView into) {
    if (chunk_read_ == chunk_.size()) {
        auto next = co_await read_chunk();
        if (!next) {
            co_return next.error();
        }
        chunk_read_ = 0;
    }
    auto n = std::min(into.size(), chunk_.size() - chunk_read_);
    std::memcpy(into.data(), chunk_.data() + chunk_read_, n);
    chunk_read_ += n;
    co_return n;
}

awaitable<result<MutableByteView>> MemoryChannel::read_chunk() {
    if (is_failing()) {
        co_return make_error_code(asio::error::connection_reset);
    }
    auto pipe = in_;
    chunk_ = Bytes();
    while (pipe->chunks.empty()) {
        if (pipe->is_aborted) {
            co_return make_error_code(asio::error::connection_reset);
        }
        if (pipe->is_closed) {
            co_return make_error_code(asio::error::eof);
        }
        auto interrupted = co_await pipe->readable.wait();
        if (interrupted) {
            co_return interrupted;
        }
    }
    auto& next = pipe->chunks.front();
    if (next.size() > largest_chunk) {
        auto cut = next.begin() + static_cast<std::ptrdiff_t>(largest_chunk);
        chunk_.assign(next.begin(), cut);
        next.erase(next.begin(), cut);
    } else {
        chunk_ = std::move(next);
        pipe->chunks.pop_front();
    }
    pipe->held -= chunk_.size();
    chunk_read_ = chunk_.size();
    pipe->writable.notify();
    co_return MutableByteView(chunk_);
}

awaitable<result<void>> MemoryChannel::write(std::span<const ByteView> buffers) {
    if (is_failing()) {
        co_return make_error_code(asio::error::broken_pipe);
    }
    auto pipe = out_;
    std::size_t total = 0;
    for (auto buffer : buffers) {
        total += buffer.size();
    }
    writes.push_back(total);
    while (pipe->is_stalled || pipe->held >= pipe->capacity || pipe->is_aborted) {
        if (pipe->is_aborted) {
            co_return make_error_code(asio::error::broken_pipe);
        }
        auto interrupted = co_await pipe->writable.wait();
        if (interrupted) {
            co_return interrupted;
        }
    }
    Bytes chunk;
    chunk.reserve(total);
    for (auto buffer : buffers) {
        chunk.insert(chunk.end(), buffer.begin(), buffer.end());
    }
    pipe->held += chunk.size();
    pipe->chunks.push_back(std::move(chunk));
    pipe->readable.notify();
    co_return ok();
}

awaitable<result<void>> MemoryChannel::close_write() {
    if (is_failing()) {
        co_return make_error_code(asio::error::broken_pipe);
    }
    out_->is_closed = true;
    out_->readable.notify();
    co_return ok();
}

void MemoryChannel::abort() noexcept {
    for (auto* pipe : {in_.get(), out_.get()}) {
        pipe->is_aborted = true;
        pipe->readable.notify();
        pipe->writable.notify();
    }
}

bool MemoryChannel::is_failing() noexcept {
    return operations++ == fail_at;
}

std::pair<std::unique_ptr<MemoryChannel>, std::unique_ptr<MemoryChannel>> memory_channels(
    const asio::any_io_executor& executor, std::size_t capacity
) {
    auto there = std::make_shared<MemoryPipe>(executor, capacity);
    auto back = std::make_shared<MemoryPipe>(executor, capacity);
    return {
        std::make_unique<MemoryChannel>(executor, back, there), std::make_unique<MemoryChannel>(executor, there, back)
    };
}

std::shared_ptr<const ConnectionInfo> test_connection_info(Direction direction) {
    static std::uint64_t count = 0;
    auto address = Multiaddr::parse("/memory/1").value();
    auto key = test_key();
    ConnectionInfo info{
        ConnectionId{++count},
        direction,
        key.peer_id(),
        key,
        address,
        address,
        "memory",
        "",
        "/yamux/1.0.0",
        false,
        std::chrono::steady_clock::now()
    };
    return std::make_shared<const ConnectionInfo>(std::move(info));
}

}  // namespace libp2p::test
