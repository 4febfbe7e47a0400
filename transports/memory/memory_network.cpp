// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/memory/memory_network.hpp"

#include <string>

namespace libp2p {

MemoryNetwork::Door::Door(std::shared_ptr<MemoryNetwork> network, asio::any_io_executor executor, std::uint64_t number)
    : network_(std::move(network)), executor_(std::move(executor)), number_(number), bell_(executor_) {
    network_->doors_.emplace(number_, this);
}

MemoryNetwork::Door::~Door() {
    network_->doors_.erase(number_);
}

result<std::unique_ptr<MemoryNetwork::Door>> MemoryNetwork::bind(
    const std::shared_ptr<MemoryNetwork>& network, asio::any_io_executor executor, std::uint64_t number
) {
    if (number == 0) {
        do {
            number = ++network->last_bound_;
        } while (network->doors_.contains(number));
    } else if (network->doors_.contains(number)) {
        return asio::error::make_error_code(asio::error::address_in_use);
    }
    return std::make_unique<Door>(network, std::move(executor), number);
}

std::uint64_t MemoryNetwork::next_free_number() noexcept {
    do {
        ++last_ephemeral_;
    } while (doors_.contains(last_ephemeral_));
    return last_ephemeral_;
}

result<std::unique_ptr<ByteStream>> MemoryNetwork::connect(
    asio::any_io_executor executor, std::uint64_t from, std::uint64_t to
) {
    const auto found = doors_.find(to);
    if (found == doors_.end() || found->second->arrivals_.size() >= kBacklog) {
        return asio::error::make_error_code(asio::error::connection_refused);
    }
    auto& door = *found->second;
    memory::PipeOptions options;
    options.latency = latency_;
    auto [near, far] = memory::make_pipe(std::move(executor), door.executor_, options);
    door.arrivals_.push_back(Arrival{std::move(far), from});
    door.bell_.notify();
    return std::move(near);
}

namespace memory {

std::optional<std::uint64_t> number_of(const Multiaddr& address) noexcept {
    const auto components = address.components();
    const auto first = components.begin();
    if (first->protocol() != Protocol::memory || components.size() != 1) {
        return std::nullopt;
    }
    std::uint64_t number = 0;
    for (const auto octet : first->value()) {
        number = number << 8U | octet;
    }
    return number;
}

Multiaddr to_multiaddr(std::uint64_t number) {
    return Multiaddr::parse("/memory/" + std::to_string(number)).value();
}

}  // namespace memory
}  // namespace libp2p
