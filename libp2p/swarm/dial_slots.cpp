// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/swarm/dial_slots.hpp"

namespace libp2p::swarm {

awaitable<result<DialSlots::Slot>> DialSlots::acquire() {
    while (used_ >= limit_) {
        auto ec = co_await waiting_.wait();
        if (ec) {
            waiting_.notify_one();  // in case the room was meant for this one
            co_return ec;
        }
    }
    ++used_;
    co_return Slot(this);
}

void DialSlots::release() noexcept {
    --used_;
    waiting_.notify_one();
}

}  // namespace libp2p::swarm
