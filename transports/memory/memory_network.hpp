// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/memory/memory_pipe.hpp"

#include <libp2p/async.hpp>
#include <libp2p/multiaddr.hpp>
#include <libp2p/waiter.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>

namespace libp2p {

/// The numbers that are bound in one network, and the way to them. The executors of its hosts must not run at the same
/// time.
class MemoryNetwork {
public:
    /// Connections that wait to be accepted at one number; a dial past them is refused.
    static constexpr std::size_t kBacklog = 128;

    /// What a dial leaves at a listener.
    struct Arrival {
        std::unique_ptr<ByteStream> stream;
        std::uint64_t from;
    };

    /// A number that is bound, as long as this lives.
    class Door {
    public:
        Door(std::shared_ptr<MemoryNetwork> network, asio::any_io_executor executor, std::uint64_t number);
        Door(const Door&) = delete;
        Door& operator=(const Door&) = delete;
        ~Door();

        std::uint64_t number() const noexcept { return number_; }

        /// Called when something arrives.
        Waiter& bell() noexcept { return bell_; }

        std::deque<Arrival>& arrivals() noexcept { return arrivals_; }

    private:
        friend class MemoryNetwork;

        std::shared_ptr<MemoryNetwork> network_;  // shared with the transports of all its hosts
        asio::any_io_executor executor_;
        std::uint64_t number_;
        std::deque<Arrival> arrivals_;
        Waiter bell_;
    };

    explicit MemoryNetwork(std::chrono::steady_clock::duration latency) noexcept : latency_(latency) {}

    std::chrono::steady_clock::duration latency() const noexcept { return latency_; }

    /// Binds `number`, or a free one when it is 0. Fails with `address_in_use`.
    static result<std::unique_ptr<Door>> bind(
        const std::shared_ptr<MemoryNetwork>& network, asio::any_io_executor executor, std::uint64_t number
    );

    /// A number for the near end of a connection.
    std::uint64_t next_free_number() noexcept;

    /// Leaves one end of a new connection at `to` and returns the other. Fails with `connection_refused` when nobody
    /// has bound it, and when its backlog is full.
    result<std::unique_ptr<ByteStream>> connect(asio::any_io_executor executor, std::uint64_t from, std::uint64_t to);

private:
    std::chrono::steady_clock::duration latency_;
    std::unordered_map<std::uint64_t, Door*> doors_;
    std::uint64_t last_bound_ = 0;
    std::uint64_t last_ephemeral_ = std::uint64_t{1} << 32U;
};

namespace memory {

/// N of exactly `/memory/N`.
std::optional<std::uint64_t> number_of(const Multiaddr& address) noexcept;

/// `/memory/N`.
Multiaddr to_multiaddr(std::uint64_t number);

}  // namespace memory
}  // namespace libp2p
