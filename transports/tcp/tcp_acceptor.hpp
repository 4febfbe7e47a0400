// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/async.hpp>
#include <libp2p/error.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <string>

namespace libp2p::tcp {

/// A listening socket: what every transport over TCP accepts from. On IPv6 it takes IPv6 only, so that
/// `/ip4/0.0.0.0/tcp/P` and `/ip6/::/tcp/P` stand side by side.
class TcpAcceptor {
public:
    struct Accepted {
        asio::ip::tcp::socket socket;
        asio::ip::tcp::endpoint local;
        asio::ip::tcp::endpoint remote;
    };

    /// `name` is what errors and logs call it. Fails with what the system says, for example `address_in_use`.
    static result<TcpAcceptor> bind(
        asio::any_io_executor executor, const asio::ip::tcp::endpoint& endpoint, std::string name
    );

    /// What was bound, with the real port in the place of 0.
    const asio::ip::tcp::endpoint& endpoint() const noexcept { return endpoint_; }

    /// The next connection. Goes on after errors that concern one connection, and waits while the system has no
    /// descriptor or memory left; fails with `Errc::shut_down` once it is closed. One caller at a time; cancellation
    /// loses nothing.
    awaitable<result<Accepted>> accept();

    /// Stops listening and wakes `accept`. Idempotent.
    void close() noexcept;

private:
    TcpAcceptor(asio::ip::tcp::acceptor acceptor, const asio::ip::tcp::endpoint& endpoint, std::string name);

    asio::ip::tcp::acceptor acceptor_;
    asio::ip::tcp::endpoint endpoint_;
    std::string name_;
};

}  // namespace libp2p::tcp
