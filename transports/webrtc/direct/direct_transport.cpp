// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/direct/dial_socket.hpp"
#include "transports/webrtc/direct/direct_address.hpp"
#include "transports/webrtc/direct/direct_endpoint.hpp"
#include "transports/webrtc/direct/direct_listener.hpp"

#include <libp2p/timeout.hpp>
#include <libp2p/transports.hpp>

#include <boost/asio/error.hpp>

#include <utility>

namespace libp2p {
namespace webrtc {
namespace {

class DirectTransport final : public Transport {
public:
    DirectTransport(TransportServices& services, const WebRtcDirectOptions& options)
        : services_(services), options_(options) {}

    std::string_view name() const noexcept override { return "webrtc-direct"; }
    bool can_dial(const Multiaddr& address) const noexcept override {
        return is_direct_address(address) && address.has(Protocol::certhash);
    }
    bool can_listen(const Multiaddr& address) const noexcept override { return is_direct_address(address); }
    bool uses_descriptor(Direction direction) const noexcept override { return direction == Direction::outbound; }

    awaitable<result<std::unique_ptr<Connection>>> dial(Multiaddr address, PeerId expected, ConnectionScope& scope)
        override {
        const auto endpoint = this->endpoint();
        auto direct = parse_direct_address(address);
        if (!direct) {
            co_return direct.error();
        }
        if (direct->certificates.empty()) {
            co_return Error(Errc::invalid_address, "no certhash in " + address.to_string());
        }
        for (int attempt = 1;; ++attempt) {
            auto dialled = co_await dial_once(endpoint, address, *direct, expected, scope);
            const bool gave_way =
                !dialled && dialled.error() == asio::error::make_error_code(asio::error::connection_aborted);
            if (!gave_way || attempt == kAttempts) {
                co_return dialled;
            }
        }
    }

    awaitable<result<std::unique_ptr<Listener>>> listen(Multiaddr address) override {
        co_return DirectListener::bind(endpoint(), address);
    }

private:
    /// How often a handshake is begun that the listener forgets because newer ones need the room.
    static constexpr int kAttempts = 5;

    static awaitable<result<std::unique_ptr<Connection>>> dial_once(
        std::shared_ptr<DirectEndpoint> endpoint,
        Multiaddr address,
        const DirectAddress& direct,
        PeerId expected,
        ConnectionScope& scope
    ) {
        auto opened = DialSocket::open(endpoint->services().executor(), direct.endpoint, endpoint->socket_options());
        if (!opened) {
            co_return opened.error();
        }
        auto socket = std::move(*opened);
        auto link = std::make_unique<DialLink>(socket);  // closes the socket, whatever happens
        auto found = co_await find_way(*socket, endpoint->options());
        if (!found) {
            co_return found.error();
        }
        auto local = to_direct_multiaddr(socket->local_endpoint());
        auto core = endpoint->make_core(Direction::outbound, direct.certificates, std::move(link), scope);
        socket->attach(core);
        core->session.start();
        core->flush();
        auto upgraded = co_await endpoint->upgrade(
            std::move(core), Direction::outbound, std::move(local), std::move(address), std::move(expected), scope
        );
        co_return upgraded;
    }

    /// Made when it is needed: a certificate takes a moment.
    const std::shared_ptr<DirectEndpoint>& endpoint() {
        if (!endpoint_) {
            endpoint_ = std::make_shared<DirectEndpoint>(services_, options_);
        }
        return endpoint_;
    }

    /// Checks until the remote answers, in the version that was chosen, and for a while in the other one when it does
    /// not.
    static awaitable<result<void>> find_way(DialSocket& socket, const WebRtcDirectOptions& options) {
        auto version = options.dial_version == 2 ? Version::v2 : Version::v1;
        if (options.version_patience.count() == 0) {
            auto found = co_await socket.check(version);
            co_return found;
        }
        for (;;) {
            auto found = co_await with_timeout(options.version_patience, socket.check(version));
            const bool is_silent = !found && found.error() == asio::error::make_error_code(asio::error::timed_out);
            if (!is_silent) {
                co_return found;
            }
            version = version == Version::v1 ? Version::v2 : Version::v1;
        }
    }

    TransportServices& services_;
    WebRtcDirectOptions options_;
    std::shared_ptr<DirectEndpoint> endpoint_;  // shared with listeners and with dials that are being cancelled
};

}  // namespace
}  // namespace webrtc

std::unique_ptr<Transport> make_webrtc_direct_transport(
    TransportServices& services, const WebRtcDirectOptions& options
) {
    return std::make_unique<webrtc::DirectTransport>(services, options);
}

}  // namespace libp2p
