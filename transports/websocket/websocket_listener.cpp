// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/websocket/websocket_listener.hpp"

#include "transports/tcp/tcp_address.hpp"
#include "transports/tcp/tcp_stream.hpp"
#include "transports/websocket/http_front.hpp"
#include "transports/websocket/tls_stream.hpp"
#include "transports/websocket/websocket_address.hpp"
#include "transports/websocket/websocket_stream.hpp"

#include <libp2p/upgrader.hpp>

#include <optional>

namespace libp2p::websocket {
namespace {

using SettingsPtr = std::shared_ptr<Settings>;

class WebSocketInbound final : public InboundConnection {
public:
    WebSocketInbound(
        TransportServices& services,
        SettingsPtr settings,
        asio::ip::tcp::socket socket,
        const Multiaddr& local,
        const Multiaddr& remote
    )
        : services_(services),
          settings_(std::move(settings)),
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
        if (parse_websocket_address(local_)->secure) {
            auto certificate = settings_->certificate.context(TlsFiles::Clock::now());
            if (!certificate) {
                co_return certificate.error();
            }
            std::string nobody;
            auto secured = co_await TlsStream::handshake(
                std::move(raw), std::move(*certificate), std::move(nobody), scope.budget()
            );
            if (!secured) {
                co_return secured.error();
            }
            raw = std::move(*secured);
        }
        auto asked = co_await wait_for_upgrade(std::move(raw), settings_->page, scope.budget());
        if (!asked) {
            co_return asked.error();
        }
        auto stream = co_await WebSocketStream::answer(
            std::move(asked->raw), std::move(asked->head), std::move(asked->early), settings_->streams, scope.budget()
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
    SettingsPtr settings_;
    std::unique_ptr<tcp::TcpStream> socket_;
    Multiaddr local_;
    Multiaddr remote_;
};

}  // namespace

result<std::unique_ptr<Listener>> WebSocketListener::bind(
    TransportServices& services, const Multiaddr& address, SettingsPtr settings
) {
    auto endpoint = tcp::endpoint_in(address);
    if (!endpoint) {
        return endpoint.error();
    }
    if (parse_websocket_address(address)->secure) {
        auto certificate = settings->certificate.context(TlsFiles::Clock::now());
        if (!certificate) {
            return certificate.error().with_context("listening on " + address.to_string());
        }
    }
    auto acceptor = tcp::TcpAcceptor::bind(services.executor(), *endpoint, address.to_string());
    if (!acceptor) {
        return acceptor.error();
    }
    return std::unique_ptr<Listener>(new WebSocketListener(services, std::move(*acceptor), address, std::move(settings))
    );
}

WebSocketListener::WebSocketListener(
    TransportServices& services, tcp::TcpAcceptor acceptor, const Multiaddr& asked, SettingsPtr settings
)
    : services_(services),
      acceptor_(std::move(acceptor)),
      address_(to_multiaddr(acceptor_.endpoint(), asked)),
      settings_(std::move(settings)) {}

awaitable<result<std::unique_ptr<InboundConnection>>> WebSocketListener::accept() {
    auto accepted = co_await acceptor_.accept();
    if (!accepted) {
        co_return accepted.error();
    }
    const auto local = to_multiaddr(accepted->local, address_);
    const auto remote = to_multiaddr(accepted->remote, address_);
    std::unique_ptr<InboundConnection> inbound =
        std::make_unique<WebSocketInbound>(services_, settings_, std::move(accepted->socket), local, remote);
    co_return std::move(inbound);
}

}  // namespace libp2p::websocket
