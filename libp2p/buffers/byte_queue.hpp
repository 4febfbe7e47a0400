// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/buffers/memory_account.hpp"

#include <libp2p/bytes.hpp>

#include <cstddef>

namespace libp2p {

/// Octets in the order they came, in segments that are allocated when they are needed and freed when they are read.
/// Empty it takes no heap. Whoever destroys a queue clears it first, so that the account is right.
class ByteQueue {
public:
    ByteQueue() noexcept = default;
    ByteQueue(const ByteQueue&) = delete;
    ByteQueue& operator=(const ByteQueue&) = delete;
    ~ByteQueue();

    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }

    /// Copies `bytes` in. False when the account refused memory for all of them; some may be in.
    [[nodiscard]] bool append(ByteView bytes, MemoryAccount& account);

    /// Copies out as much as there is and fits; returns how much.
    std::size_t read(MutableByteView into, MemoryAccount& account) noexcept;

    /// The oldest octets that lie side by side; empty when the queue is.
    ByteView front() const noexcept;

    /// Forgets the oldest `octets`, which `front` has shown.
    void drop(std::size_t octets, MemoryAccount& account) noexcept;

    void clear(MemoryAccount& account) noexcept;

private:
    struct Segment;

    void pop(MemoryAccount& account) noexcept;

    Segment* first_ = nullptr;
    Segment* last_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace libp2p
