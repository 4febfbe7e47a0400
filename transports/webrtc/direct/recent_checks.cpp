// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/direct/recent_checks.hpp"

#include "libp2p/crypto/keyed_hash.hpp"

#include <algorithm>
#include <array>
#include <cstring>
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
