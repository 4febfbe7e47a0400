// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/tcp/tcp_address.hpp"
#include "transports/tcp/tcp_connect.hpp"
#include "transports/websocket/tls_stream.hpp"
#include "transports/websocket/websocket_address.hpp"
#include "transports/websocket/websocket_listener.hpp"
#include "transports/websocket/websocket_settings.hpp"

#include <libp2p/upgrader.hpp>

namespace libp2p {
namespace websocket {
namespace {

class WebSocketTransport final : public Transport {
public:
    WebSocketTransport(TransportServices& services, WebSocketOptions options)
        : services_(services), settings_(std::make_shared<Settings>(std::move(options), services.timeouts())) {}

    std::string_view name() const noexcept override { return "websocket"; }
    bool can_dial(const Multiaddr& address) const noexcept override {
        return parse_websocket_address(address).has_value();
    }
    bool can_listen(const Multiaddr& address) const noexcept override {
        return parse_websocket_address(address) && !address.has(Protocol::http_path);
    }
    bool uses_descriptor(Direction) const noexcept override { return true; }

    awaitable<result<std::unique_ptr<Connection>>> dial(Multiaddr address, PeerId expected, ConnectionScope& scope)
        override {
        const auto parsed = parse_websocket_address(address);
        auto endpoint = tcp::endpoint_in(address);
        if (!parsed || !endpoint) {
            co_return Error(Errc::unsupported_address, "not an address of a WebSocket: " + address.to_string());
        }
        auto connected = co_await tcp::connect(services_.executor(), *endpoint);
        if (!connected) {
            co_return connected.error();
        }
        const auto local = to_multiaddr(connected->local, address);
        std::unique_ptr<ByteStream> raw = std::move(connected->stream);
        if (parsed->secure) {
            auto secured = co_await secure(std::move(raw), parsed->certified_name(*endpoint), scope);
            if (!secured) {
                co_return secured.error();
            }
            raw = std::move(*secured);
        }
        auto host = parsed->host(*endpoint);
        auto stream = co_await WebSocketStream::request(
            std::move(raw), std::move(host), parsed->target, settings_->streams, scope.budget()
        );
        if (!stream) {
            co_return stream.error();
        }
        UpgradeRequest request(
            Direction::outbound, services_.next_connection_id(), name(), local, address, std::move(expected)
        );
        auto upgraded = co_await services_.upgrader().upgrade(std::move(*stream), std::move(request), scope);
        co_return upgraded;
    }

    awaitable<result<std::unique_ptr<Listener>>> listen(Multiaddr address) override {
        if (!can_listen(address)) {
            co_return Error(Errc::unsupported_address, "not an address of a WebSocket: " + address.to_string());
        }
        co_return WebSocketListener::bind(services_, address, settings_);
    }

private:
    awaitable<result<std::unique_ptr<TlsStream>>> secure(
        std::unique_ptr<ByteStream> raw, std::string name, ConnectionScope& scope
    ) {
        auto authorities = settings_->authorities.context(TlsFiles::Clock::now());
        if (!authorities) {
            co_return authorities.error();
        }
        auto secured =
            co_await TlsStream::handshake(std::move(raw), std::move(*authorities), std::move(name), scope.budget());
        co_return secured;
    }

    TransportServices& services_;
    std::shared_ptr<Settings> settings_;
};

}  // namespace
}  // namespace websocket

std::unique_ptr<Transport> make_websocket_transport(TransportServices& services, WebSocketOptions options) {
    return std::make_unique<websocket::WebSocketTransport>(services, std::move(options));
}

}  // namespace libp2p
