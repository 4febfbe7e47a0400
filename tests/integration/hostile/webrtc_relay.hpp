// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "tests/integration/hostile/raw_webrtc.hpp"
#include "transports/webrtc/direct/direct_address.hpp"

#include <libp2p/tasks.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace libp2p::test::hostile {

/// Somebody on the way between dialers and a listener. Each dialer reaches the listener from an address of its own.
class WebRtcRelay {
public:
    enum class Way { to_listener, to_dialer };

    /// What becomes of a datagram: false when it is dropped. Whatever `send` is given goes the same way, before it.
    using Send = std::function<void(ByteView)>;
    using Tap = std::function<awaitable<bool>(Way, ByteView, Send)>;

    WebRtcRelay(asio::io_context& io, const asio::ip::udp::endpoint& listener, Tap tap)
        : io_(io), listener_(listener), tap_(std::move(tap)), tasks_(io.get_executor()), front_(open()) {
        tasks_.spawn(serve_dialers());
    }

    /// The listener's address, with this relay's port.
    Multiaddr address(const Multiaddr& listener) const {
        const auto direct = webrtc::parse_direct_address(listener.without_peer().value()).value();
        const auto bare = webrtc::to_direct_multiaddr(front_->local_endpoint());
        return webrtc::with_certificate(bare, direct.certificates.front()).with_peer(listener.peer().value());
    }

    awaitable<void> stop() {
        tasks_.cancel();
        co_await tasks_.join();
    }

private:
    using Socket = asio::ip::udp::socket;

    struct Dialer {
        asio::ip::udp::endpoint address;
        std::shared_ptr<Socket> socket;
    };

    std::shared_ptr<Socket> open() {
        auto socket = std::make_shared<Socket>(io_, asio::ip::udp::endpoint(asio::ip::address_v4::loopback(), 0));
        socket->non_blocking(true);
        return socket;
    }

    awaitable<void> serve_dialers() {
        for (;;) {
            auto [failed] = co_await front_->async_wait(asio::socket_base::wait_read, as_result);
            if (failed) {
                co_return;
            }
            asio::ip::udp::endpoint from;
            auto datagram = take(*front_, from);
            if (datagram.empty()) {
                continue;
            }
            const auto back = back_of(from);
            const Send send = [this, back](ByteView octets) { put(*back, octets, listener_); };
            auto passes = co_await tap_(Way::to_listener, datagram, send);
            if (passes) {
                send(datagram);
            }
        }
    }

    awaitable<void> serve_listener(asio::ip::udp::endpoint dialer, std::shared_ptr<Socket> back) {
        const Send send = [this, dialer](ByteView octets) { put(*front_, octets, dialer); };
        for (;;) {
            auto [failed] = co_await back->async_wait(asio::socket_base::wait_read, as_result);
            if (failed) {
                co_return;
            }
            asio::ip::udp::endpoint from;
            auto datagram = take(*back, from);
            if (datagram.empty()) {
                continue;
            }
            auto passes = co_await tap_(Way::to_dialer, datagram, send);
            if (passes) {
                send(datagram);
            }
        }
    }

    std::shared_ptr<Socket> back_of(const asio::ip::udp::endpoint& dialer) {
        for (const auto& known : dialers_) {
            if (known.address == dialer) {
                return known.socket;
            }
        }
        auto back = open();
        dialers_.push_back({dialer, back});
        tasks_.spawn(serve_listener(dialer, back));
        return back;
    }

    static Bytes take(Socket& socket, asio::ip::udp::endpoint& from) {
        std::array<std::uint8_t, 2048> buffer;
        error_code ec;
        const auto size = socket.receive_from(asio::buffer(buffer), from, 0, ec);
        return ec ? Bytes() : Bytes(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
    }

    static void put(Socket& socket, ByteView octets, const asio::ip::udp::endpoint& to) {
        error_code ec;
        socket.send_to(asio::buffer(octets.data(), octets.size()), to, 0, ec);
    }

    asio::io_context& io_;
    asio::ip::udp::endpoint listener_;
    Tap tap_;
    TaskScope tasks_;
    std::shared_ptr<Socket> front_;
    std::vector<Dialer> dialers_;
};

}  // namespace libp2p::test::hostile
