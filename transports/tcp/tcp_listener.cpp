// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/tcp/tcp_listener.hpp"

#include "transports/tcp/tcp_address.hpp"
#include "transports/tcp/tcp_stream.hpp"

#include <libp2p/upgrader.hpp>

namespace libp2p::tcp {
namespace {

class TcpInbound final : public InboundConnection {
public:
    TcpInbound(TransportServices& services, asio::ip::tcp::socket socket, Multiaddr local, Multiaddr remote)
        : services_(services),
          stream_(std::make_unique<TcpStream>(std::move(socket))),
          local_(std::move(local)),
          remote_(std::move(remote)) {}

    const Multiaddr& remote_address() const noexcept override { return remote_; }

    awaitable<result<std::unique_ptr<Connection>>> upgrade(ConnectionScope& scope) override {
        // Nothing is prepared for a remote that says nothing: many may come to do just that.
        auto stream = std::move(stream_);  // closed when this is cut
        auto spoken = co_await stream->wait_readable();
        if (!spoken) {
            co_return spoken.error();
        }
        auto upgraded = co_await begin(std::move(stream), scope);
        co_return upgraded;
    }

private:
    /// A function of its own, so that the frame that waits holds no request.
    awaitable<result<std::unique_ptr<Connection>>> begin(std::unique_ptr<TcpStream> stream, ConnectionScope& scope) {
        UpgradeRequest request(
            Direction::inbound, services_.next_connection_id(), "tcp", std::move(local_), remote_, std::nullopt
        );
        return services_.upgrader().upgrade(std::move(stream), std::move(request), scope);
    }

    TransportServices& services_;
    std::unique_ptr<TcpStream> stream_;
    Multiaddr local_;
    Multiaddr remote_;
};

}  // namespace

result<std::unique_ptr<Listener>> TcpListener::bind(TransportServices& services, const Multiaddr& address) {
    auto endpoint = to_endpoint(address);
    if (!endpoint) {
        return endpoint.error();
    }
    auto acceptor = TcpAcceptor::bind(services.executor(), *endpoint, address.to_string());
    if (!acceptor) {
        return acceptor.error();
    }
    return std::unique_ptr<Listener>(new TcpListener(services, std::move(*acceptor)));
}

TcpListener::TcpListener(TransportServices& services, TcpAcceptor acceptor)
    : services_(services), acceptor_(std::move(acceptor)), address_(to_multiaddr(acceptor_.endpoint())) {}

awaitable<result<std::unique_ptr<InboundConnection>>> TcpListener::accept() {
    auto accepted = co_await acceptor_.accept();
    if (!accepted) {
        co_return accepted.error();
    }
    std::unique_ptr<InboundConnection> inbound = std::make_unique<TcpInbound>(
        services_, std::move(accepted->socket), to_multiaddr(accepted->local), to_multiaddr(accepted->remote)
    );
    co_return std::move(inbound);
}

}  // namespace libp2p::tcp
