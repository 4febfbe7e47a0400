// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/websocket/websocket_listener.hpp"

#include "transports/tcp/tcp_address.hpp"
#include "transports/tcp/tcp_stream.hpp"
#include "transports/websocket/http_front.hpp"
#include "transports/websocket/websocket_address.hpp"
#include "transports/websocket/websocket_stream.hpp"

#include <libp2p/limits.hpp>
#include <libp2p/upgrader.hpp>

#include <optional>

namespace libp2p::websocket {
namespace {

using OptionsPtr = std::shared_ptr<const WebSocketOptions>;

class WebSocketInbound final : public InboundConnection {
public:
    WebSocketInbound(
        TransportServices& services,
        OptionsPtr options,
        asio::ip::tcp::socket socket,
        const Multiaddr& local,
        const Multiaddr& remote
    )
        : services_(services),
          options_(std::move(options)),
          socket_(std::make_unique<tcp::TcpStream>(std::move(socket))),
          local_(local),
          remote_(remote) {}

    const Multiaddr& remote_address() const noexcept override { return remote_; }

    awaitable<result<std::unique_ptr<Connection>>> upgrade(ConnectionScope& scope) override {
        // Nothing is prepared for a remote that says nothing: many may come to do just that.
        auto socket = std::move(socket_);  // closed when this is cut
        auto spoken = co_await socket->wait_readable();
        if (!spoken) {
            co_return spoken.error();
        }
        auto upgraded = co_await begin(std::move(socket), scope);
        co_return upgraded;
    }

private:
    /// A function of its own, so that the frame that waits holds none of this.
    awaitable<result<std::unique_ptr<Connection>>> begin(std::unique_ptr<ByteStream> raw, ConnectionScope& scope) {
        auto asked = co_await wait_for_upgrade(std::move(raw), options_->http, scope.budget());
        if (!asked) {
            co_return asked.error();
        }
        WebSocketStream::Options settings;
        settings.max_message = options_->max_message;
        settings.closing = services_.timeouts().close;
        auto stream = co_await WebSocketStream::answer(
            std::move(asked->raw), std::move(asked->head), std::move(asked->early), settings, scope.budget()
        );
        if (!stream) {
            co_return stream.error();
        }
        // The dialer speaks first: some lose what comes along with the HTTP answer.
        auto spoken = co_await (*stream)->wait_for_payload();
        if (!spoken) {
            co_return spoken.error();
        }
        UpgradeRequest request(
            Direction::inbound, services_.next_connection_id(), "websocket", local_, remote_, std::nullopt
        );
        auto upgraded = co_await services_.upgrader().upgrade(std::move(*stream), std::move(request), scope);
        co_return upgraded;
    }

    TransportServices& services_;
    OptionsPtr options_;
    std::unique_ptr<tcp::TcpStream> socket_;
    Multiaddr local_;
    Multiaddr remote_;
};

}  // namespace

result<std::unique_ptr<Listener>> WebSocketListener::bind(
    TransportServices& services, const Multiaddr& address, OptionsPtr options
) {
    auto endpoint = tcp::endpoint_in(address);
    if (!endpoint) {
        return endpoint.error();
    }
    auto acceptor = tcp::TcpAcceptor::bind(services.executor(), *endpoint, address.to_string());
    if (!acceptor) {
        return acceptor.error();
    }
    return std::unique_ptr<Listener>(new WebSocketListener(services, std::move(*acceptor), address, std::move(options))
    );
}

WebSocketListener::WebSocketListener(
    TransportServices& services, tcp::TcpAcceptor acceptor, const Multiaddr& asked, OptionsPtr options
)
    : services_(services),
      acceptor_(std::move(acceptor)),
      address_(to_multiaddr(acceptor_.endpoint(), asked)),
      options_(std::move(options)) {}

awaitable<result<std::unique_ptr<InboundConnection>>> WebSocketListener::accept() {
    auto accepted = co_await acceptor_.accept();
    if (!accepted) {
        co_return accepted.error();
    }
    const auto local = to_multiaddr(accepted->local, address_);
    const auto remote = to_multiaddr(accepted->remote, address_);
    std::unique_ptr<InboundConnection> inbound =
        std::make_unique<WebSocketInbound>(services_, options_, std::move(accepted->socket), local, remote);
    co_return std::move(inbound);
}

}  // namespace libp2p::websocket
