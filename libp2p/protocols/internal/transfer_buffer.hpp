// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/stream.hpp>

#include <cstddef>
#include <memory>

namespace libp2p::protocols {

/// What a handler reads into: small for a stream that says little, larger once its reads fill it. The growth is charged
/// to the stream's budget; where that refuses, the buffer stays as it is.
class TransferBuffer {
public:
    explicit TransferBuffer(const Stream& stream);

    MutableByteView view() noexcept { return {octets_.get(), size_}; }
    ByteView first(std::size_t count) const noexcept { return {octets_.get(), count}; }

    /// Tells how much the last read brought. The contents may be gone afterwards.
    void on_read(std::size_t count);

private:
    /// Part of what `Limits::stream_memory` pays for.
    static constexpr std::size_t kFirstSize = 1536;
    static constexpr std::size_t kLargestSize = 64 * 1024;

    std::shared_ptr<Budget> budget_;  // the stream's scope, which its charges share; null in tests without one
    Charge charge_;
    std::unique_ptr<std::uint8_t[]> octets_;
    std::size_t size_ = kFirstSize;
};

}  // namespace libp2p::protocols
