// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/rendezvous_socket.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket.hpp>

#include <utility>

namespace libp2p::webrtc {
namespace {

namespace beast = boost::beast;
namespace websocket = beast::websocket;

using Stream = websocket::stream<beast::tcp_stream>;

}  // namespace

struct RendezvousSocket::State {
    explicit State(asio::ip::tcp::socket socket) : stream(std::move(socket)) {
        stream.read_message_max(kMaxRendezvousMessageSize);
        stream.text(true);
    }

    void set_timeouts(beast::role_type role) {
        auto timeouts = websocket::stream_base::timeout::suggested(role);
        timeouts.idle_timeout = std::chrono::seconds(60);
        timeouts.keep_alive_pings = true;
        stream.set_option(timeouts);
    }

    Stream stream;
};

RendezvousSocket::RendezvousSocket(asio::ip::tcp::socket socket)
    : state_(std::make_unique<State>(std::move(socket))), more_(state_->stream.get_executor()) {}

RendezvousSocket::~RendezvousSocket() {
    close();
}

awaitable<result<void>> RendezvousSocket::connect(std::string host, std::string target) {
    state_->set_timeouts(beast::role_type::client);
    auto [ec] = co_await state_->stream.async_handshake(host, target, as_result);
    if (ec) {
        co_return Error(ec, "rendezvous: WebSocket handshake with " + host);
    }
    co_return ok();
}

awaitable<result<void>> RendezvousSocket::accept() {
    state_->set_timeouts(beast::role_type::server);
    auto [ec] = co_await state_->stream.async_accept(as_result);
    if (ec) {
        co_return Error(ec, "rendezvous: WebSocket handshake");
    }
    co_return ok();
}

awaitable<result<std::string>> RendezvousSocket::receive() {
    beast::flat_buffer buffer(kMaxRendezvousMessageSize);
    auto [ec, size] = co_await state_->stream.async_read(buffer, as_result);
    if (ec == websocket::error::closed || is_closed_) {
        co_return Error(asio::error::make_error_code(asio::error::eof));
    }
    if (ec) {
        co_return Error(ec, "rendezvous");
    }
    const auto* text = static_cast<const char*>(buffer.data().data());
    co_return std::string(text, size);
}

bool RendezvousSocket::send(std::string message) {
    if (is_closed_) {
        return false;
    }
    if (waiting_.size() >= kMaxWaiting || waiting_octets_ + message.size() > kMaxWaitingOctets) {
        close();
        return false;
    }
    waiting_octets_ += message.size();
    waiting_.push_back(std::move(message));
    more_.notify();
    return true;
}

awaitable<void> RendezvousSocket::run() {
    while (!is_closed_) {
        if (waiting_.empty()) {
            auto interrupted = co_await more_.wait();
            if (interrupted) {
                co_return;
            }
            continue;
        }
        const auto message = std::move(waiting_.front());
        waiting_.pop_front();
        waiting_octets_ -= message.size();
        const auto octets = asio::buffer(message);
        auto [ec, size] = co_await state_->stream.async_write(octets, as_result);
        (void)size;
        if (ec) {
            close();
        }
    }
}

void RendezvousSocket::close() noexcept {
    if (std::exchange(is_closed_, true)) {
        return;
    }
    error_code ignored;  // it is gone whatever this reports
    beast::get_lowest_layer(state_->stream).socket().close(ignored);
    waiting_.clear();
    more_.notify();
}

}  // namespace libp2p::webrtc
