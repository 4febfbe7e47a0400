// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/tcp/tcp_connect.hpp"

namespace libp2p::tcp {

awaitable<result<Connected>> connect(asio::any_io_executor executor, asio::ip::tcp::endpoint endpoint) {
    asio::ip::tcp::socket socket(std::move(executor));
    auto [ec] = co_await socket.async_connect(endpoint, as_result);
    if (ec) {
        co_return ec;
    }
    Connected connected;
    connected.local = socket.local_endpoint(ec);
    if (ec) {
        co_return ec;
    }
    connected.stream = std::make_unique<TcpStream>(std::move(socket));
    co_return std::move(connected);
}

}  // namespace libp2p::tcp
