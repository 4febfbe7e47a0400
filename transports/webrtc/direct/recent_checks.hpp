// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <boost/asio/ip/udp.hpp>

#include <array>
#include <bitset>
#include <chrono>
#include <cstdint>
#include <memory>

namespace libp2p::webrtc {

/// A hash of an address, under a key that remotes do not know.
std::size_t hash_endpoint(const boost::asio::ip::udp::endpoint& endpoint) noexcept;

/// Which addresses have sent something lately, more or less: two bits for each, in tables of a fixed size, so that
/// nobody can make it grow. Strangers who only guess are turned away by it; whoever was added is found for `generation`
/// at least, and for less than twice as long.
class RecentChecks {
public:
    using Clock = std::chrono::steady_clock;

    explicit RecentChecks(Clock::duration generation = std::chrono::seconds(10))
        : newer_(std::make_unique<Table>()), older_(std::make_unique<Table>()), generation_(generation) {}

    void add(const boost::asio::ip::udp::endpoint& endpoint, Clock::time_point now) noexcept;
    bool has(const boost::asio::ip::udp::endpoint& endpoint, Clock::time_point now) noexcept;

private:
    static constexpr std::size_t kBits = 256 * 1024;

    using Table = std::bitset<kBits>;

    void age(Clock::time_point now) noexcept;

    std::unique_ptr<Table> newer_;
    std::unique_ptr<Table> older_;
    Clock::duration generation_;
    Clock::time_point began_{};
};

/// A number for each of many addresses, which is forgotten a while after it last grew: a table of a fixed size, where a
/// newer entry may take the place of an older one.
class RecentCounts {
public:
    using Clock = std::chrono::steady_clock;

    explicit RecentCounts(std::chrono::milliseconds lifetime) noexcept : lifetime_(lifetime) {}

    /// At most 65 535 in all.
    void add(const boost::asio::ip::udp::endpoint& endpoint, std::size_t count, Clock::time_point now) noexcept;
    std::size_t get(const boost::asio::ip::udp::endpoint& endpoint, Clock::time_point now) const noexcept;

    /// `get`, after which it is zero.
    std::size_t take(const boost::asio::ip::udp::endpoint& endpoint, Clock::time_point now) noexcept;

private:
    static constexpr std::size_t kEntries = 32 * 1024;

    struct Entry {
        std::uint32_t tag = 0;  // of the address
        std::uint16_t tick = 0;
        std::uint16_t count = 0;
    };
    using Entries = std::array<Entry, kEntries>;

    const Entry* find(std::size_t hash, Clock::time_point now) const noexcept;

    std::unique_ptr<Entries> entries_;  // from the first `add` on
    std::chrono::milliseconds lifetime_;
};

}  // namespace libp2p::webrtc
