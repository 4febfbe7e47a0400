// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/buffers/byte_queue.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

namespace libp2p {

/// The octets follow the struct in the same piece of heap.
struct ByteQueue::Segment {
    Segment* next;
    std::uint32_t begin;
    std::uint32_t end;
    std::uint32_t capacity;

    std::uint8_t* octets() noexcept { return reinterpret_cast<std::uint8_t*>(this + 1); }
    std::size_t footprint() const noexcept { return sizeof(Segment) + capacity; }
};

namespace {

// A queue allocates as much again as it holds, between these: little for a message, few calls for a backlog.
constexpr std::size_t kSmallest = 256;
constexpr std::size_t kLargest = 64 * 1024;

/// Largest segments that a thread keeps when they are free. What comes and goes at some hundred megabytes a second
/// would else be given back to the system and asked for again all the time, with a page fault for each 4 KiB.
constexpr std::size_t kSpareSegments = 16;

/// Needs no destruction, so that queues of static objects may still use it after the thread's end.
struct SpareSegments {
    std::array<void*, kSpareSegments> segments{};
    std::size_t count = 0;
    std::size_t most = kSpareSegments;
};

constinit thread_local SpareSegments spares;

/// Frees the spare segments of a thread that ends.
struct SparesOwner {
    SparesOwner() noexcept = default;
    SparesOwner(const SparesOwner&) = delete;
    SparesOwner& operator=(const SparesOwner&) = delete;
    ~SparesOwner() {
        spares.most = 0;
        while (spares.count > 0) {
            ::operator delete(spares.segments[--spares.count]);
        }
    }
    void begin() const noexcept {}  // whoever calls it has the destructor run at the thread's end
};

thread_local SparesOwner spares_owner;

/// Null when there is no memory.
void* allocate(std::size_t footprint) noexcept {
    if (footprint == kLargest && spares.count > 0) {
        return spares.segments[--spares.count];
    }
    return ::operator new(footprint, std::nothrow);
}

void release(void* segment, std::size_t footprint) noexcept {
    if (footprint == kLargest && spares.count < spares.most) {
        spares_owner.begin();
        spares.segments[spares.count++] = segment;
    } else {
        ::operator delete(segment);
    }
}

/// How large a segment has to be for `bytes` more in a queue that holds `held`, with what stands at its head.
std::size_t footprint_for(std::size_t bytes, std::size_t held, std::size_t head) noexcept {
    if (bytes > kLargest / 2) {
        return kLargest;
    }
    return std::clamp(std::max(bytes, held) + head, kSmallest, kLargest);
}

}  // namespace

ByteQueue::~ByteQueue() {
    while (first_ != nullptr) {
        auto* next = first_->next;
        release(first_, first_->footprint());
        first_ = next;
    }
}

bool ByteQueue::append(ByteView bytes, MemoryAccount& account) {
    while (!bytes.empty()) {
        if (last_ == nullptr || last_->end == last_->capacity) {
            const auto footprint = footprint_for(bytes.size(), size_, sizeof(Segment));
            if (!account.hold(footprint)) {
                return false;
            }
            auto* segment = static_cast<Segment*>(allocate(footprint));
            if (segment == nullptr) {
                account.release(footprint);
                throw std::bad_alloc();
            }
            *segment = Segment{nullptr, 0, 0, static_cast<std::uint32_t>(footprint - sizeof(Segment))};
            (last_ == nullptr ? first_ : last_->next) = segment;
            last_ = segment;
        }
        auto n = std::min<std::size_t>(bytes.size(), last_->capacity - last_->end);
        std::memcpy(last_->octets() + last_->end, bytes.data(), n);
        last_->end += static_cast<std::uint32_t>(n);
        size_ += n;
        bytes = bytes.subspan(n);
    }
    return true;
}

std::size_t ByteQueue::read(MutableByteView into, MemoryAccount& account) noexcept {
    std::size_t done = 0;
    while (done < into.size() && size_ > 0) {
        auto piece = front();
        auto n = std::min(piece.size(), into.size() - done);
        std::memcpy(into.data() + done, piece.data(), n);
        drop(n, account);
        done += n;
    }
    return done;
}

ByteView ByteQueue::front() const noexcept {
    if (first_ == nullptr) {
        return {};
    }
    return {first_->octets() + first_->begin, first_->end - first_->begin};
}

void ByteQueue::drop(std::size_t octets, MemoryAccount& account) noexcept {
    first_->begin += static_cast<std::uint32_t>(octets);
    size_ -= octets;
    if (first_->begin == first_->end) {
        pop(account);
    }
}

void ByteQueue::clear(MemoryAccount& account) noexcept {
    while (first_ != nullptr) {
        pop(account);
    }
    size_ = 0;
}

void ByteQueue::pop(MemoryAccount& account) noexcept {
    auto* gone = first_;
    first_ = gone->next;
    if (first_ == nullptr) {
        last_ = nullptr;
    }
    account.release(gone->footprint());
    release(gone, gone->footprint());
}

}  // namespace libp2p
