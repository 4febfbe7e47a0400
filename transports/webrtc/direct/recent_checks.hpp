// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <boost/asio/ip/udp.hpp>

#include <bitset>
#include <chrono>
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

}  // namespace libp2p::webrtc
