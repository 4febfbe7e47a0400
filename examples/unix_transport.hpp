// SPDX-License-Identifier: MIT OR Apache-2.0
// A whole transport: `/unix/PATH`, over UNIX sockets. Security and multiplexing come from the host's upgrader.
#pragma once

#include <libp2p/transport.hpp>
#include <libp2p/upgrader.hpp>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

using namespace libp2p;
using Unix = asio::local::stream_protocol;

class UnixStream final : public ByteStream {
public:
    explicit UnixStream(Unix::socket socket) : socket_(std::move(socket)) {}

    awaitable<result<std::size_t>> read_some(MutableByteView into) override {
        auto [ec, got] = co_await socket_.async_read_some(asio::buffer(into.data(), into.size()), as_result);
        co_return ec ? result<std::size_t>(ec) : result<std::size_t>(got);
    }
    awaitable<result<void>> write(std::span<const ByteView> buffers) override {
        std::vector<asio::const_buffer> gathered;
        for (auto buffer : buffers)
            gathered.emplace_back(buffer.data(), buffer.size());
        auto [ec, sent] = co_await asio::async_write(socket_, gathered, as_result);
        co_return ec ? result<void>(ec) : ok();
    }
    awaitable<result<void>> close_write() override {
        error_code ec;
        socket_.shutdown(Unix::socket::shutdown_send, ec);
        co_return ec ? result<void>(ec) : ok();
    }
    void abort() noexcept override {
        error_code ignored;
        socket_.close(ignored);
    }
    asio::any_io_executor executor() const noexcept override {
        return const_cast<Unix::socket&>(socket_).get_executor();
    }

private:
    Unix::socket socket_;
};

/// What both sides do with a connected socket.
inline awaitable<result<std::unique_ptr<Connection>>> upgrade(
    TransportServices& services,
    Unix::socket socket,
    Direction direction,
    Multiaddr address,
    std::optional<PeerId> expected,
    ConnectionScope& scope
) {
    UpgradeRequest request(direction, services.next_connection_id(), "unix", address, address, std::move(expected));
    return services.upgrader().upgrade(std::make_unique<UnixStream>(std::move(socket)), std::move(request), scope);
}

class UnixInbound final : public InboundConnection {
public:
    UnixInbound(TransportServices& services, Unix::socket socket, Multiaddr address)
        : services_(services), socket_(std::move(socket)), address_(std::move(address)) {}

    const Multiaddr& remote_address() const noexcept override { return address_; }
    awaitable<result<std::unique_ptr<Connection>>> upgrade(ConnectionScope& scope) override {
        return ::upgrade(services_, std::move(socket_), Direction::inbound, address_, std::nullopt, scope);
    }

private:
    TransportServices& services_;
    Unix::socket socket_;
    Multiaddr address_;
};

class UnixListener final : public Listener {
public:
    UnixListener(TransportServices& services, Unix::acceptor acceptor, Multiaddr address)
        : services_(services), acceptor_(std::move(acceptor)), address_(std::move(address)) {}

    const Multiaddr& address() const noexcept override { return address_; }
    awaitable<result<std::unique_ptr<InboundConnection>>> accept() override {
        while (acceptor_.is_open()) {
            Unix::socket socket(services_.executor());
            auto [ec] = co_await acceptor_.async_accept(socket, as_result);
            if (!ec)
                co_return std::make_unique<UnixInbound>(services_, std::move(socket), address_);
            if (ec == asio::error::operation_aborted)
                break;
            asio::steady_timer pause(services_.executor(), std::chrono::milliseconds(100));  // out of descriptors?
            (void)co_await pause.async_wait(as_result);
        }
        co_return Error(Errc::shut_down, "unix listener");
    }
    void close() noexcept override {
        error_code ignored;
        acceptor_.close(ignored);
    }

private:
    TransportServices& services_;
    Unix::acceptor acceptor_;
    Multiaddr address_;
};

class UnixTransport final : public Transport {
public:
    explicit UnixTransport(TransportServices& services) : services_(services) {}

    std::string_view name() const noexcept override { return "unix"; }
    bool can_dial(const Multiaddr& address) const noexcept override { return address.has(Protocol::unix_path); }
    bool can_listen(const Multiaddr& address) const noexcept override { return can_dial(address); }
    bool uses_descriptor(Direction) const noexcept override { return true; }

    awaitable<result<std::unique_ptr<Connection>>> dial(Multiaddr address, PeerId expected, ConnectionScope& scope)
        override {
        Unix::socket socket(services_.executor());
        const Unix::endpoint endpoint(address.value_of(Protocol::unix_path).value());
        auto [ec] = co_await socket.async_connect(endpoint, as_result);
        if (ec)
            co_return ec;
        co_return co_await upgrade(services_, std::move(socket), Direction::outbound, address, expected, scope);
    }

    awaitable<result<std::unique_ptr<Listener>>> listen(Multiaddr address) override {
        Unix::acceptor acceptor(services_.executor());
        const Unix::endpoint endpoint(address.value_of(Protocol::unix_path).value());
        error_code ec;
        acceptor.open(endpoint.protocol(), ec);
        if (!ec)
            acceptor.bind(endpoint, ec);
        if (!ec)
            acceptor.listen(asio::socket_base::max_listen_connections, ec);
        if (ec)
            co_return ec;
        co_return std::make_unique<UnixListener>(services_, std::move(acceptor), std::move(address));
    }

private:
    TransportServices& services_;
};
