// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/tcp/tcp_address.hpp"
#include "transports/tcp/tcp_connect.hpp"
#include "transports/tcp/tcp_listener.hpp"

#include <libp2p/transports.hpp>
#include <libp2p/upgrader.hpp>

namespace libp2p {
namespace tcp {
namespace {

class TcpTransport final : public Transport {
public:
    explicit TcpTransport(TransportServices& services) : services_(services) {}

    std::string_view name() const noexcept override { return "tcp"; }
    bool can_dial(const Multiaddr& address) const noexcept override { return is_tcp_address(address); }
    bool can_listen(const Multiaddr& address) const noexcept override { return is_tcp_address(address); }
    bool uses_descriptor(Direction) const noexcept override { return true; }

    awaitable<result<std::unique_ptr<Connection>>> dial(Multiaddr address, PeerId expected, ConnectionScope& scope)
        override {
        auto endpoint = to_endpoint(address);
        if (!endpoint) {
            co_return endpoint.error();
        }
        auto connected = co_await connect(services_.executor(), *endpoint);
        if (!connected) {
            co_return connected.error();
        }
        UpgradeRequest request(
            Direction::outbound,
            services_.next_connection_id(),
            name(),
            to_multiaddr(connected->local),
            std::move(address),
            std::move(expected)
        );
        auto upgraded = co_await services_.upgrader().upgrade(std::move(connected->stream), std::move(request), scope);
        co_return upgraded;
    }

    awaitable<result<std::unique_ptr<Listener>>> listen(Multiaddr address) override {
        co_return TcpListener::bind(services_, address);
    }

private:
    TransportServices& services_;
};

}  // namespace
}  // namespace tcp

std::unique_ptr<Transport> make_tcp_transport(TransportServices& services) {
    return std::make_unique<tcp::TcpTransport>(services);
}

}  // namespace libp2p
