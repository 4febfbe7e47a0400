// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <utility>

namespace libp2p::protocols {

/// So many at once, and as many again in each period, evenly spread. A count of 0 lets everything pass.
struct Rate {
    std::uint32_t count = 0;
    std::chrono::milliseconds period{0};
};

/// Lets requests pass at a bounded rate for each key (a peer, a network). Reads no clock. Remembers at most
/// `kMaxEntries` keys: past that the one that asked longest ago is forgotten, which costs a flood of keys as many
/// requests as it gains.
template <class Key>
class RateGate {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    static constexpr std::size_t kMaxEntries = 4096;

    /// What an entry takes, in octets, with its share of list and map.
    static constexpr std::size_t kEntrySize = 160 + 2 * sizeof(Key);

    explicit RateGate(Rate rate) noexcept : rate_(rate) {}

    /// Counts a request of `key` and tells whether it may pass. One that may not is not counted.
    bool pass(const Key& key, TimePoint now) {
        if (rate_.count == 0) {
            return true;
        }
        forget_idle(now);
        auto found = entries_.find(key);
        if (found == entries_.end()) {
            if (entries_.size() >= kMaxEntries) {
                entries_.erase(order_.front());
                order_.pop_front();
            }
            order_.push_back(key);
            found = entries_.emplace(key, Entry{now, std::prev(order_.end())}).first;
        }
        auto& entry = found->second;
        const auto from = std::max(entry.full_at, now);
        const auto gap = std::chrono::duration_cast<TimePoint::duration>(rate_.period) / rate_.count;
        if (from + gap - now > rate_.period) {
            return false;
        }
        entry.full_at = from + gap;
        order_.splice(order_.end(), order_, entry.place);
        return true;
    }

    std::size_t size() const noexcept { return entries_.size(); }

    void clear() noexcept {
        entries_.clear();
        order_.clear();
    }

private:
    struct Entry {
        TimePoint full_at;  // when the key has its whole count again
        typename std::list<Key>::iterator place;
    };

    /// Drops the keys that asked longest ago, as far as they have their whole count again.
    void forget_idle(TimePoint now) {
        while (!order_.empty()) {
            const auto oldest = entries_.find(order_.front());
            if (oldest->second.full_at > now) {
                return;
            }
            entries_.erase(oldest);
            order_.pop_front();
        }
    }

    Rate rate_;
    std::list<Key> order_;  // the one that asked longest ago first
    std::map<Key, Entry> entries_;
};

}  // namespace libp2p::protocols
