// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/memory/memory_listener.hpp"

#include <libp2p/upgrader.hpp>

namespace libp2p::memory {
namespace {

class MemoryInbound final : public InboundConnection {
public:
    MemoryInbound(TransportServices& services, std::unique_ptr<ByteStream> stream, Multiaddr local, Multiaddr remote)
        : services_(services), stream_(std::move(stream)), local_(std::move(local)), remote_(std::move(remote)) {}

    const Multiaddr& remote_address() const noexcept override { return remote_; }

    awaitable<result<std::unique_ptr<Connection>>> upgrade(ConnectionScope& scope) override {
        UpgradeRequest request(
            Direction::inbound, services_.next_connection_id(), "memory", std::move(local_), remote_, std::nullopt
        );
        return services_.upgrader().upgrade(std::move(stream_), std::move(request), scope);
    }

private:
    TransportServices& services_;
    std::unique_ptr<ByteStream> stream_;
    Multiaddr local_;
    Multiaddr remote_;
};

}  // namespace

MemoryListener::MemoryListener(TransportServices& services, std::unique_ptr<MemoryNetwork::Door> door)
    : services_(services), door_(std::move(door)), address_(to_multiaddr(door_->number())) {}

awaitable<result<std::unique_ptr<InboundConnection>>> MemoryListener::accept() {
    while (door_ && door_->arrivals().empty()) {
        auto interrupted = co_await door_->bell().wait();
        if (interrupted && door_) {
            co_return interrupted;
        }
    }
    if (!door_) {
        co_return Error(Errc::shut_down, "listener " + address_.to_string());
    }
    auto arrival = std::move(door_->arrivals().front());
    door_->arrivals().pop_front();
    std::unique_ptr<InboundConnection> inbound =
        std::make_unique<MemoryInbound>(services_, std::move(arrival.stream), address_, to_multiaddr(arrival.from));
    co_return std::move(inbound);
}

void MemoryListener::close() noexcept {
    door_.reset();
}

}  // namespace libp2p::memory
