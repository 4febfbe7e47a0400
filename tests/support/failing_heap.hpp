// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

/// An allocation that fails, at a place of the test's choice, and the size of the largest one. One source file of the
/// program includes tests/support/replace_heap.hpp, or nothing ever fails and nothing is counted.
namespace libp2p::support {

struct HeapSwitch {
    static constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();

    std::size_t allocations = 0;   ///< asked for since the switch was set
    std::size_t fail_at = kNever;  ///< this one, counted from 0, fails
    bool is_replaced = false;      ///< the program has its own operator new
    bool has_failed = false;
    std::size_t largest = 0;  ///< octets asked for at once, at most, since this was set to 0
};

inline HeapSwitch heap_switch;

/// True when the allocation of `size` octets that is being asked for has to fail.
inline bool allocation_fails(std::size_t size) noexcept {
    heap_switch.largest = std::max(heap_switch.largest, size);
    if (heap_switch.allocations++ != heap_switch.fail_at) {
        return false;
    }
    heap_switch.has_failed = true;
    return true;
}

}  // namespace libp2p::support
