// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/webrtc/ice_checker.hpp"
#include "transports/webrtc/udp_socket.hpp"
#include "transports/webrtc/webrtc_core.hpp"

#include <libp2p/tasks.hpp>

#include <boost/asio/steady_timer.hpp>

#include <memory>

namespace libp2p::webrtc {

/// The socket of one dialled connection, with the ICE agent that finds the way and keeps it open. A connection has a
/// socket of its own because some listeners know their remotes by address alone.
class DialSocket final : public std::enable_shared_from_this<DialSocket>, private UdpSocket::Receiver {
public:
    static result<std::shared_ptr<DialSocket>> open(
        asio::any_io_executor executor, const UdpSocket::Endpoint& remote, const UdpSocket::Options& options
    );

    /// For `open`.
    struct Token {
        explicit Token() = default;
    };
    DialSocket(
        Token, asio::any_io_executor executor, const UdpSocket::Endpoint& remote, std::unique_ptr<UdpSocket> socket
    );

    /// Checks, with new credentials, until the remote answers. Fails with `operation_aborted` when cancelled and when
    /// the socket was closed, and with what the system says of the remote. The caller bounds the time; called again it
    /// begins anew.
    awaitable<result<void>> check(Version version);

    /// Gives what comes to `core` from now on.
    void attach(std::weak_ptr<WebRtcCore> core) noexcept { core_ = std::move(core); }

    const UdpSocket::Endpoint& local_endpoint() const noexcept { return socket_->local_endpoint(); }

    void close() noexcept;

private:
    friend class DialLink;

    awaitable<void> check_loop();
    void on_refused(const error_code& ec);
    void on_datagram(ByteView datagram, const UdpSocket::Endpoint& source, const asio::ip::address&) override;
    void on_burst_end() override;

    std::unique_ptr<UdpSocket> socket_;
    UdpSocket::Endpoint remote_;
    std::optional<IceChecker> checker_;
    std::weak_ptr<WebRtcCore> core_;
    TaskScope tasks_;
    Waiter answered_;  // check
    Waiter hurried_;   // check_loop, when something is due earlier
    asio::steady_timer timer_;
    error_code failure_;
    bool is_closed_ = false;
};

/// The way of a dialled core to its remote. Closes the socket with the core.
class DialLink final : public DatagramLink {
public:
    explicit DialLink(std::shared_ptr<DialSocket> socket) noexcept : socket_(std::move(socket)) {}
    ~DialLink() override { socket_->close(); }

    void send(ByteView datagram) noexcept override { socket_->socket_->send(socket_->remote_, datagram); }
    void flush() noexcept override { socket_->socket_->flush(); }
    void close() noexcept override { socket_->close(); }

private:
    std::shared_ptr<DialSocket> socket_;
};

}  // namespace libp2p::webrtc
