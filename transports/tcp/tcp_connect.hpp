// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/tcp/tcp_stream.hpp"

#include <libp2p/error.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <memory>

namespace libp2p::tcp {

/// A socket that we connected.
struct Connected {
    std::unique_ptr<TcpStream> stream;
    asio::ip::tcp::endpoint local;
};

/// Connects to `endpoint`. Fails with what the system says; cancellation closes the socket.
awaitable<result<Connected>> connect(asio::any_io_executor executor, asio::ip::tcp::endpoint endpoint);

}  // namespace libp2p::tcp
