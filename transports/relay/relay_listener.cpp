// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/relay/relay_listener.hpp"

#include "transports/relay/relay_client.hpp"

#include <libp2p/upgrader.hpp>

#include <optional>
#include <utility>

namespace libp2p::relay {
namespace {

class RelayInbound final : public InboundConnection {
public:
    RelayInbound(
        HostServices& services, std::unique_ptr<Stream> stream, Multiaddr local, Multiaddr remote, bool limited
    )
        : services_(services),
          stream_(std::move(stream)),
          local_(std::move(local)),
          remote_(std::move(remote)),
          limited_(limited) {}

    const Multiaddr& remote_address() const noexcept override { return remote_; }

    awaitable<result<std::unique_ptr<Connection>>> upgrade(ConnectionScope& scope) override {
        UpgradeRequest request(
            Direction::inbound, services_.next_connection_id(), "relay", std::move(local_), remote_, std::nullopt
        );
        request.limited = limited_;
        return services_.upgrader().upgrade(std::move(stream_), std::move(request), scope);
    }

private:
    HostServices& services_;
    std::unique_ptr<Stream> stream_;
    Multiaddr local_;
    Multiaddr remote_;
    bool limited_;
};

}  // namespace

CircuitQueue::CircuitQueue(
    HostServices& services, const RelayOptions& options, std::vector<RelayAddress> relays, Multiaddr name
)
    : services_(services),
      name_(std::move(name)),
      keeper_(services, options, std::move(relays)),
      arrived_(services.executor()) {}

void CircuitQueue::push(std::unique_ptr<Stream> stream, bool limited) {
    const auto& connection = stream->connection();
    const auto remote = RelayAddress{connection.peer, connection.remote_address}.circuit();
    waiting_.push_back(std::make_unique<RelayInbound>(services_, std::move(stream), name_, remote, limited));
    arrived_.notify();
}

awaitable<result<std::unique_ptr<InboundConnection>>> CircuitQueue::pop() {
    while (waiting_.empty() && !closed_) {
        auto interrupted = co_await arrived_.wait();
        if (interrupted) {
            co_return interrupted;
        }
    }
    if (closed_) {
        co_return Error(Errc::shut_down, "listener " + name_.to_string());
    }
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    co_return std::move(next);
}

void CircuitQueue::close() noexcept {
    closed_ = true;
    keeper_.close();
    waiting_.clear();
    arrived_.notify();
}

void RelayListener::close() noexcept {
    queue_->close();
    client_->remove(*queue_);
}

}  // namespace libp2p::relay
