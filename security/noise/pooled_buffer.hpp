// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/bytes.hpp>

#include <utility>

namespace libp2p::noise {

/// Memory for octets on their way through a channel, shared by all channels of a thread: taken when there is something
/// to move, given back when there is not, so that only busy connections have any. A thread keeps a few blocks for the
/// next who asks. Move-only.
class PooledBuffer {
public:
    /// The largest block there is.
    static constexpr std::size_t kMaxSize = 256 * 1024 + 1024;

    /// Nothing.
    PooledBuffer() noexcept = default;

    /// A block of at least `size` octets, at most `kMaxSize`. What it holds is left over from others.
    explicit PooledBuffer(std::size_t size);

    PooledBuffer(PooledBuffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    PooledBuffer& operator=(PooledBuffer&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }
    PooledBuffer(const PooledBuffer&) = delete;
    PooledBuffer& operator=(const PooledBuffer&) = delete;
    ~PooledBuffer() { release(); }

    void release() noexcept;

    explicit operator bool() const noexcept { return data_ != nullptr; }
    std::uint8_t* data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }
    MutableByteView view() const noexcept { return {data_, size_}; }

    /// Octets that this thread keeps for the next who asks.
    static std::size_t kept() noexcept;

private:
    std::uint8_t* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace libp2p::noise
