// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

// Include this in exactly one source file of a program: it replaces operator new by versions that count and fail on
// demand (failing_heap.hpp). What Asio recycles it takes from elsewhere, so that it is spared. Under the address
// sanitizer, whose own operator new is worth more, nothing is replaced.
#include "tests/support/failing_heap.hpp"
#include "tests/support/heap.hpp"

#ifndef LIBP2P_SUPPORT_ASAN

#include <malloc.h>

#include <cstdlib>
#include <new>

namespace libp2p::support {
namespace {

[[maybe_unused]] const bool is_replaced = heap_switch.is_replaced = true;

void* allocate(std::size_t size) {
    void* memory = allocation_fails(size) ? nullptr : std::malloc(size == 0 ? 1 : size);
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    return memory;
}

void* allocate(std::size_t size, std::align_val_t alignment) {
    void* memory = allocation_fails(size) ? nullptr : ::memalign(static_cast<std::size_t>(alignment), size);
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    return memory;
}

}  // namespace
}  // namespace libp2p::support

void* operator new(std::size_t size) {
    return libp2p::support::allocate(size);
}
void* operator new[](std::size_t size) {
    return libp2p::support::allocate(size);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return libp2p::support::allocate(size, alignment);
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
    return libp2p::support::allocate(size, alignment);
}

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return libp2p::support::allocation_fails(size) ? nullptr : std::malloc(size == 0 ? 1 : size);
}
void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept {
    return operator new(size, tag);
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
void operator delete(void* memory, std::align_val_t) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
    std::free(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
    std::free(memory);
}

#endif
