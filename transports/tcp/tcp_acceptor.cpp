// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/tcp/tcp_acceptor.hpp"

#include <libp2p/log.hpp>

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>

namespace libp2p::tcp {
namespace {

/// How long to wait before the next accept when the system has no descriptor or memory left.
constexpr std::chrono::milliseconds kPause{100};

const Logger log("tcp");

bool is_shortage(const error_code& ec) {
    return ec == asio::error::no_descriptors || ec == asio::error::no_memory || ec == asio::error::no_buffer_space ||
           ec == boost::system::errc::too_many_files_open_in_system;
}

}  // namespace

result<TcpAcceptor> TcpAcceptor::bind(
    asio::any_io_executor executor, const asio::ip::tcp::endpoint& endpoint, std::string name
) {
    asio::ip::tcp::acceptor acceptor(std::move(executor));
    error_code ec;
    acceptor.open(endpoint.protocol(), ec);
    if (!ec) {
        acceptor.set_option(asio::ip::tcp::acceptor::reuse_address(true), ec);
    }
    if (!ec && endpoint.address().is_v6()) {
        acceptor.set_option(asio::ip::v6_only(true), ec);
    }
    if (!ec) {
        acceptor.bind(endpoint, ec);
    }
    if (!ec) {
        acceptor.listen(asio::socket_base::max_listen_connections, ec);
    }
    asio::ip::tcp::endpoint bound;
    if (!ec) {
        bound = acceptor.local_endpoint(ec);
    }
    if (ec) {
        return Error(ec, "listening on " + name);
    }
    return TcpAcceptor(std::move(acceptor), bound, std::move(name));
}

TcpAcceptor::TcpAcceptor(asio::ip::tcp::acceptor acceptor, const asio::ip::tcp::endpoint& endpoint, std::string name)
    : acceptor_(std::move(acceptor)), endpoint_(endpoint), name_(std::move(name)) {}

awaitable<result<TcpAcceptor::Accepted>> TcpAcceptor::accept() {
    for (;;) {
        if (!acceptor_.is_open()) {
            co_return Error(Errc::shut_down, "listener " + name_);
        }
        asio::ip::tcp::socket socket(acceptor_.get_executor());
        asio::ip::tcp::endpoint remote;
        auto [ec] = co_await acceptor_.async_accept(socket, remote, as_result);
        if (ec == asio::error::operation_aborted) {
            co_return Error(Errc::shut_down, "listener " + name_);
        }
        if (is_shortage(ec)) {
            log.warning("accept.paused", {{"address", name_}, {"error", ec.message()}});
            asio::steady_timer pause(acceptor_.get_executor(), kPause);
            auto [interrupted] = co_await pause.async_wait(as_result);
            if (interrupted) {
                co_return interrupted;
            }
            continue;
        }
        if (ec) {
            log.debug("accept.failed", {{"address", name_}, {"error", ec.message()}});
            continue;
        }
        auto local = socket.local_endpoint(ec);
        if (ec) {
            continue;  // gone again before we looked
        }
        co_return Accepted{std::move(socket), local, remote};
    }
}

void TcpAcceptor::close() noexcept {
    error_code ignored;  // nothing is left to do when closing fails
    acceptor_.close(ignored);
}

}  // namespace libp2p::tcp
