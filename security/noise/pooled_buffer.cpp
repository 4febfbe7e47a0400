// SPDX-License-Identifier: MIT OR Apache-2.0
#include "security/noise/pooled_buffer.hpp"

#include <boost/assert.hpp>

#include <array>
#include <new>

namespace libp2p::noise {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kKeepsBlocks = false;  // the sanitizer is to see who uses a block that was given back
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kKeepsBlocks = false;
#else
constexpr bool kKeepsBlocks = true;
#endif
#else
constexpr bool kKeepsBlocks = true;
#endif

struct SizeClass {
    std::size_t size;
    std::size_t max_kept;
};

/// For a few small messages; for a frame; for all that is worth one system call.
constexpr std::array<SizeClass, 3> kClasses = {{{4 * 1024, 16}, {66 * 1024, 4}, {PooledBuffer::kMaxSize, 4}}};

/// A block that waits for its next user.
struct FreeBlock {
    FreeBlock* next;
};

struct FreeList {
    FreeBlock* first;
    std::size_t count;
};

// Without a destructor, so that buffers that outlive the thread's other objects may still come back.
thread_local std::array<FreeList, kClasses.size()> lists;
thread_local bool closed;

struct Closer {
    ~Closer() {
        closed = true;
        for (auto& list : lists) {
            while (list.first != nullptr) {
                auto* block = std::exchange(list.first, list.first->next);
                ::operator delete(block);
            }
            list.count = 0;
        }
    }
};

std::size_t class_of(std::size_t size) noexcept {
    std::size_t index = 0;
    while (kClasses[index].size < size) {
        ++index;
    }
    return index;
}

}  // namespace

PooledBuffer::PooledBuffer(std::size_t size) {
    BOOST_ASSERT(size > 0 && size <= kMaxSize);
    const auto index = class_of(size);
    auto& list = lists[index];
    if (list.first != nullptr) {
        data_ = reinterpret_cast<std::uint8_t*>(std::exchange(list.first, list.first->next));
        --list.count;
    } else {
        data_ = static_cast<std::uint8_t*>(::operator new(kClasses[index].size));
    }
    size_ = kClasses[index].size;
}

void PooledBuffer::release() noexcept {
    if (data_ == nullptr) {
        return;
    }
    thread_local Closer closer;  // made with the first block that comes back
    static_cast<void>(closer);
    const auto index = class_of(size_);
    auto& list = lists[index];
    if (!kKeepsBlocks || closed || list.count == kClasses[index].max_kept) {
        ::operator delete(data_);
    } else {
        list.first = ::new (data_) FreeBlock{list.first};
        ++list.count;
    }
    data_ = nullptr;
    size_ = 0;
}

std::size_t PooledBuffer::kept() noexcept {
    std::size_t octets = 0;
    for (std::size_t index = 0; index < lists.size(); ++index) {
        octets += lists[index].count * kClasses[index].size;
    }
    return octets;
}

}  // namespace libp2p::noise
