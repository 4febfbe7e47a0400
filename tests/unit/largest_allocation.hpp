// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

// Include this in exactly one source file of a program: it replaces operator new by one that keeps the largest size
// that it was asked for. Under the address sanitizer, whose own operator new is worth more, nothing is replaced.
#include "tests/support/heap.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace libp2p::tests {

inline std::size_t largest_allocation = 0;

}  // namespace libp2p::tests

#ifndef LIBP2P_SUPPORT_ASAN

void* operator new(std::size_t size) {
    libp2p::tests::largest_allocation = std::max(libp2p::tests::largest_allocation, size);
    void* memory = std::malloc(std::max<std::size_t>(size, 1));
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    return memory;
}
void* operator new[](std::size_t size) {
    return operator new(size);
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete[](void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
    std::free(memory);
}

#endif
