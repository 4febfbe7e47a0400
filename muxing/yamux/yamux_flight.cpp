// SPDX-License-Identifier: MIT OR Apache-2.0
#include "muxing/yamux/yamux_flight.hpp"

#include <boost/assert.hpp>

#include <cstring>

namespace libp2p::yamux {

void Flight::put(const FrameHeader& header) {
    encode(header, std::span<std::uint8_t, kHeaderSize>(reserve(kHeaderSize), kHeaderSize));
}

void Flight::copy(ByteView payload) {
    std::memcpy(reserve(payload.size()), payload.data(), payload.size());
}

void Flight::lend(ByteView payload, StreamState& writer) {
    buffers_.push_back(payload);
    if (writer.writer.in_flight == 0) {
        lenders_.push_back(&writer);
    }
    writer.writer.in_flight += payload.size();
    octets_ += payload.size();
}

void Flight::clear() noexcept {
    buffers_.clear();
    lenders_.clear();
    octets_ = 0;
    block_ = nullptr;
    used_ = 0;
}

void Flight::shrink() noexcept {
    large_.reset();
    constexpr std::size_t kKept = 8;
    if (buffers_.capacity() > kKept) {
        std::vector<ByteView>().swap(buffers_);
    }
    if (lenders_.capacity() > kKept) {
        std::vector<StreamState*>().swap(lenders_);
    }
}

/// Memory that goes out right after what was put before, one buffer with it where it lies next to it.
std::uint8_t* Flight::reserve(std::size_t octets) {
    auto switch_to = [this](std::unique_ptr<std::uint8_t[]>& block, std::size_t size) {
        if (!block) {
            block = std::make_unique_for_overwrite<std::uint8_t[]>(size);
        }
        block_ = block.get();
        used_ = 0;
    };
    if (block_ == nullptr) {
        switch_to(small_, kSmall);
    }
    if (block_ == small_.get() && octets > kSmall - used_) {
        switch_to(large_, kLarge);
    }
    BOOST_ASSERT(block_ == small_.get() || octets <= kLarge - used_);
    auto* at = block_ + used_;
    if (!buffers_.empty() && buffers_.back().data() + buffers_.back().size() == at) {
        buffers_.back() = ByteView(buffers_.back().data(), buffers_.back().size() + octets);
    } else {
        buffers_.emplace_back(at, octets);
    }
    used_ += octets;
    octets_ += octets;
    return at;
}

}  // namespace libp2p::yamux
