// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <limits>

/// An allocation that fails, at a place of the test's choice. One source file of the program includes
/// tests/support/replace_heap.hpp, or nothing ever fails.
namespace libp2p::support {

struct HeapSwitch {
    static constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();

    std::size_t allocations = 0;   ///< asked for since the switch was set
    std::size_t fail_at = kNever;  ///< this one, counted from 0, fails
    /// Asio's coroutine frames and operations fail too. Boost 1.81 loses a coroutine whose operation cannot be
    /// allocated: where more than one awaits another, that can only be looked at without them.
    bool asio_too = true;
    bool is_replaced = false;  ///< the program has its own operator new
    bool has_failed = false;
};

inline HeapSwitch heap_switch;

/// True when the allocation that is being asked for has to fail.
inline bool allocation_fails() noexcept {
    if (heap_switch.allocations++ != heap_switch.fail_at) {
        return false;
    }
    heap_switch.has_failed = true;
    return true;
}

/// Calls `attempt(arm, disarm)` again and again. From its `arm()` to its `disarm()` the first allocation fails, in the
/// next round the second, … until a round needs fewer. `disarm` is called by itself when `attempt` returns. GoogleTest
/// and whatever else is not under test allocates outside of that. Returns the number of allocations that were made to
/// fail.
template <class Attempt>
std::size_t fail_every_allocation(Attempt attempt, std::size_t step = 1) {
    for (std::size_t at = 0;; at += step) {
        auto arm = [at] {
            heap_switch.allocations = 0;
            heap_switch.has_failed = false;
            heap_switch.fail_at = at;
        };
        auto disarm = [] { heap_switch.fail_at = HeapSwitch::kNever; };
        attempt(arm, disarm);
        disarm();
        if (!heap_switch.has_failed) {
            return at;
        }
    }
}

}  // namespace libp2p::support
