// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/buffers/memory_account.hpp"

#include <algorithm>
#include <new>

namespace libp2p {
namespace {

std::size_t in_steps(std::size_t need) noexcept {
    if (need <= MemoryAccount::kFree) {
        return 0;
    }
    auto steps = (need - MemoryAccount::kFree + MemoryAccount::kStep - 1) / MemoryAccount::kStep;
    return steps * MemoryAccount::kStep;
}

}  // namespace

bool MemoryAccount::hold(std::size_t octets) noexcept {
    if (!cover(std::max(held_ + octets, grown_))) {
        return false;
    }
    held_ += octets;
    return true;
}

void MemoryAccount::release(std::size_t octets) noexcept {
    held_ -= octets;
    settle();
}

bool MemoryAccount::grow(std::size_t octets) noexcept {
    if (octets > growth_limit_ - std::min(grown_, growth_limit_) || !cover(std::max(held_, grown_ + octets))) {
        return false;
    }
    grown_ += octets;
    return true;
}

void MemoryAccount::shrink(std::size_t octets) noexcept {
    grown_ -= octets;
    settle();
}

bool MemoryAccount::cover(std::size_t need) noexcept {
    auto target = in_steps(need);
    if (!budget_ || target <= charged()) {
        return true;
    }
    try {
        if (charge_.budget()) {
            auto resized = charge_.resize_memory(target);
            refusal_ = resized ? refusal_ : resized.error();
            return resized.has_value();
        }
        auto charge = budget_->charge(Usage::octets(target));
        if (charge) {
            charge_ = std::move(*charge);
            return true;
        }
        refusal_ = charge.error();
    } catch (const std::bad_alloc&) {
        refusal_ = Errc::limit_exceeded;  // there was no memory for the words either
    }
    return false;
}

/// Gives back what is too much, a step late so that a reader who keeps up does not move the charge all the time.
void MemoryAccount::settle() noexcept {
    auto target = in_steps(std::max(held_, grown_));
    if (target == 0) {
        charge_.release();
    } else if (target + kStep < charged()) {
        (void)charge_.resize_memory(target);  // less is never refused
    }
}

}  // namespace libp2p
