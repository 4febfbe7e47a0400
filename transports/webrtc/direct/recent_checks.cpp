// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/direct/recent_checks.hpp"

#include "libp2p/crypto/keyed_hash.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

namespace libp2p::webrtc {

std::size_t hash_endpoint(const boost::asio::ip::udp::endpoint& endpoint) noexcept {
    std::array<std::uint8_t, 22> octets{};
    const auto port = endpoint.port();
    std::memcpy(octets.data(), &port, sizeof port);
    if (endpoint.address().is_v4()) {
        const auto address = endpoint.address().to_v4().to_bytes();
        std::copy(address.begin(), address.end(), octets.begin() + 2);
    } else {
        const auto v6 = endpoint.address().to_v6();
        const auto address = v6.to_bytes();
        std::copy(address.begin(), address.end(), octets.begin() + 2);
        const auto scope = static_cast<std::uint32_t>(v6.scope_id());
        std::memcpy(octets.data() + 18, &scope, sizeof scope);
    }
    return static_cast<std::size_t>(crypto::keyed_hash(octets));
}

namespace {

/// What the time of an entry is counted in.
constexpr std::chrono::milliseconds kTick{50};

std::uint16_t tick_of(RecentCounts::Clock::time_point now) noexcept {
    return static_cast<std::uint16_t>(now.time_since_epoch() / kTick);
}

std::uint32_t tag_of(std::size_t hash) noexcept {
    return static_cast<std::uint32_t>(hash >> 32U);
}

}  // namespace

const RecentCounts::Entry* RecentCounts::find(std::size_t hash, Clock::time_point now) const noexcept {
    if (!entries_) {
        return nullptr;
    }
    const auto& entry = (*entries_)[hash % kEntries];
    const auto age = static_cast<std::uint16_t>(tick_of(now) - entry.tick);
    return entry.tag == tag_of(hash) && age * kTick <= lifetime_ ? &entry : nullptr;
}

void RecentCounts::add(
    const boost::asio::ip::udp::endpoint& endpoint, std::size_t count, Clock::time_point now
) noexcept {
    if (!entries_) {
        entries_.reset(new (std::nothrow) Entries);
        if (!entries_) {
            return;
        }
    }
    const auto hash = hash_endpoint(endpoint);
    const auto* before = find(hash, now);
    constexpr std::size_t kMost = std::numeric_limits<std::uint16_t>::max();
    const auto sum = std::min(count + (before != nullptr ? before->count : 0), kMost);
    (*entries_)[hash % kEntries] = {tag_of(hash), tick_of(now), static_cast<std::uint16_t>(sum)};
}

std::size_t RecentCounts::get(const boost::asio::ip::udp::endpoint& endpoint, Clock::time_point now) const noexcept {
    const auto* entry = find(hash_endpoint(endpoint), now);
    return entry != nullptr ? entry->count : 0;
}

std::size_t RecentCounts::take(const boost::asio::ip::udp::endpoint& endpoint, Clock::time_point now) noexcept {
    const auto hash = hash_endpoint(endpoint);
    return find(hash, now) != nullptr ? std::exchange((*entries_)[hash % kEntries].count, std::uint16_t{0}) : 0;
}

void RecentChecks::add(const boost::asio::ip::udp::endpoint& endpoint, Clock::time_point now) noexcept {
    age(now);
    const auto hash = hash_endpoint(endpoint);
    newer_->set(hash % kBits);
    newer_->set((hash >> 32) % kBits);
}

bool RecentChecks::has(const boost::asio::ip::udp::endpoint& endpoint, Clock::time_point now) noexcept {
    age(now);
    const auto hash = hash_endpoint(endpoint);
    const auto is_in = [hash](const Table& table) {
        return table.test(hash % kBits) && table.test((hash >> 32) % kBits);
    };
    return is_in(*newer_) || is_in(*older_);
}

void RecentChecks::age(Clock::time_point now) noexcept {
    if (now - began_ < generation_) {
        return;
    }
    if (now - began_ >= 2 * generation_) {
        newer_->reset();
    }
    std::swap(newer_, older_);
    newer_->reset();
    began_ = now;
}

}  // namespace libp2p::webrtc
