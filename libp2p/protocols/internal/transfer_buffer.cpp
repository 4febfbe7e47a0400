// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/protocols/internal/transfer_buffer.hpp"

#include <algorithm>

namespace libp2p::protocols {

TransferBuffer::TransferBuffer(const Stream& stream)
    : budget_(stream.budget()), octets_(std::make_unique_for_overwrite<std::uint8_t[]>(kFirstSize)) {}

void TransferBuffer::on_read(std::size_t count) {
    if (count < size_ || size_ == kLargestSize) {
        return;
    }
    const auto wanted = std::min(size_ * 4, kLargestSize);
    if (budget_) {
        auto charge = budget_->charge(Usage::octets(wanted));
        if (!charge) {
            return;
        }
        charge_ = std::move(*charge);
    }
    octets_ = std::make_unique_for_overwrite<std::uint8_t[]>(wanted);
    size_ = wanted;
}

}  // namespace libp2p::protocols
