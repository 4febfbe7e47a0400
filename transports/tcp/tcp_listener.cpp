// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/tcp/tcp_listener.hpp"

#include "transports/tcp/tcp_address.hpp"
#include "transports/tcp/tcp_stream.hpp"

#include <libp2p/log.hpp>
#include <libp2p/upgrader.hpp>

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>

namespace libp2p::tcp {
namespace {

/// How long to wait before the next accept when the system has no descriptor or memory left.
constexpr std::chrono::milliseconds kPause{100};

const Logger log("tcp");

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

bool is_shortage(const error_code& ec) {
    return ec == asio::error::no_descriptors || ec == asio::error::no_memory || ec == asio::error::no_buffer_space ||
           ec == boost::system::errc::too_many_files_open_in_system;
}

}  // namespace

result<std::unique_ptr<Listener>> TcpListener::bind(TransportServices& services, const Multiaddr& address) {
    auto endpoint = to_endpoint(address);
    if (!endpoint) {
        return endpoint.error();
    }
    asio::ip::tcp::acceptor acceptor(services.executor());
    error_code ec;
    acceptor.open(endpoint->protocol(), ec);
    if (!ec) {
        acceptor.set_option(asio::ip::tcp::acceptor::reuse_address(true), ec);
    }
    if (!ec && endpoint->address().is_v6()) {
        acceptor.set_option(asio::ip::v6_only(true), ec);
    }
    if (!ec) {
        acceptor.bind(*endpoint, ec);
    }
    if (!ec) {
        acceptor.listen(asio::socket_base::max_listen_connections, ec);
    }
    asio::ip::tcp::endpoint bound;
    if (!ec) {
        bound = acceptor.local_endpoint(ec);
    }
    if (ec) {
        return Error(ec, "listening on " + address.to_string());
    }
    return std::unique_ptr<Listener>(new TcpListener(services, std::move(acceptor), to_multiaddr(bound)));
}

TcpListener::TcpListener(TransportServices& services, asio::ip::tcp::acceptor acceptor, Multiaddr address)
    : services_(services), acceptor_(std::move(acceptor)), address_(std::move(address)) {}

awaitable<result<std::unique_ptr<InboundConnection>>> TcpListener::accept() {
    for (;;) {
        if (!acceptor_.is_open()) {
            co_return Error(Errc::shut_down, "listener " + address_.to_string());
        }
        asio::ip::tcp::socket socket(services_.executor());
        asio::ip::tcp::endpoint remote;
        auto [ec] = co_await acceptor_.async_accept(socket, remote, as_result);
        if (ec == asio::error::operation_aborted) {
            co_return Error(Errc::shut_down, "listener " + address_.to_string());
        }
        if (is_shortage(ec)) {
            log.warning("accept.paused", {{"address", address_}, {"error", ec.message()}});
            asio::steady_timer pause(services_.executor(), kPause);
            auto [interrupted] = co_await pause.async_wait(as_result);
            if (interrupted) {
                co_return interrupted;
            }
            continue;
        }
        if (ec) {
            log.debug("accept.failed", {{"address", address_}, {"error", ec.message()}});
            continue;
        }
        auto local = socket.local_endpoint(ec);
        if (ec) {
            continue;  // gone again before we looked
        }
        std::unique_ptr<InboundConnection> inbound =
            std::make_unique<TcpInbound>(services_, std::move(socket), to_multiaddr(local), to_multiaddr(remote));
        co_return std::move(inbound);
    }
}

void TcpListener::close() noexcept {
    error_code ignored;  // nothing is left to do when closing fails
    acceptor_.close(ignored);
}

}  // namespace libp2p::tcp
