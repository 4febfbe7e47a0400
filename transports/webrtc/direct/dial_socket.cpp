// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/direct/dial_socket.hpp"

#include "libp2p/crypto/random.hpp"

#include <boost/asio/error.hpp>

#include <array>
#include <utility>

namespace libp2p::webrtc {
result<std::shared_ptr<DialSocket>> DialSocket::open(
    asio::any_io_executor executor, const UdpSocket::Endpoint& remote, const UdpSocket::Options& options
) {
    auto socket = UdpSocket::bind(executor, UdpSocket::Endpoint(remote.protocol(), 0), options);
    if (!socket) {
        return socket.error();
    }
    auto connected = (*socket)->connect(remote);
    if (!connected) {
        return connected.error();
    }
    auto dial = std::make_shared<DialSocket>(Token(), std::move(executor), remote, std::move(*socket));
    dial->socket_->on_failure([weak = std::weak_ptr(dial)](const UdpSocket::Endpoint&, error_code ec) {
        if (auto self = weak.lock()) {
            self->failure_ = ec;
            self->answered_.notify();
            self->on_refused(ec);
        }
    });
    dial->tasks_.spawn(dial->socket_->receive_all(*dial), dial);
    dial->tasks_.spawn(dial->socket_->run(), dial);
    dial->tasks_.spawn(dial->check_loop(), dial);
    return dial;
}

DialSocket::DialSocket(
    Token, asio::any_io_executor executor, const UdpSocket::Endpoint& remote, std::unique_ptr<UdpSocket> socket
)
    : socket_(std::move(socket)),
      remote_(remote),
      tasks_(executor),
      answered_(executor),
      hurried_(executor),
      timer_(executor) {}

awaitable<result<void>> DialSocket::check(Version version) {
    const auto self = shared_from_this();
    checker_.emplace(DialerCredentials::make(version), remote_, crypto::random_uint64(), Clock::now());
    failure_.clear();
    hurried_.notify();
    while (checker_->state() != IceChecker::State::connected) {
        if (is_closed_) {
            co_return asio::error::make_error_code(asio::error::operation_aborted);
        }
        if (failure_) {
            co_return failure_;
        }
        auto interrupted = co_await answered_.wait();
        if (interrupted) {
            co_return interrupted;
        }
    }
    co_return ok();
}

void DialSocket::close() noexcept {
    if (std::exchange(is_closed_, true)) {
        return;
    }
    socket_->close();
    timer_.cancel();
    tasks_.cancel();
    answered_.notify();
}

/// The remote's process may have died: it is not waited for as long as for a network that is away.
void DialSocket::on_refused(const error_code& ec) {
    if (ec == asio::error::connection_refused && checker_ && checker_->doubt(Clock::now())) {
        hurried_.notify();
        timer_.cancel();
    }
}

void DialSocket::on_burst_end() {
    if (auto core = core_.lock()) {
        core->session.look();
    }
}

void DialSocket::on_datagram(ByteView datagram, const UdpSocket::Endpoint& source, const asio::ip::address&) {
    const auto kind = classify(datagram);
    if (kind == DatagramKind::stun && checker_) {
        std::array<std::uint8_t, kMaxStunSent> answer{};
        auto received = checker_->receive(datagram, source, Clock::now(), answer);
        if (received.answer_size > 0) {
            socket_->send(source, ByteView(answer).first(received.answer_size));
        }
        if (received.is_connected) {
            answered_.notify();
        }
        hurried_.notify();
        timer_.cancel();
    } else if (kind == DatagramKind::dtls && source == remote_) {
        if (auto core = core_.lock()) {
            core->session.receive(datagram);
        }
    }
}

awaitable<void> DialSocket::check_loop() {
    std::array<std::uint8_t, kMaxStunSent> request{};
    while (!is_closed_) {
        if (!checker_) {
            auto interrupted = co_await hurried_.wait();
            if (interrupted) {
                co_return;
            }
            continue;
        }
        const auto size = checker_->next_check(Clock::now(), request);
        if (size > 0) {
            socket_->send(remote_, ByteView(request).first(size));
            socket_->flush();
        }
        if (checker_->state() == IceChecker::State::lost) {
            if (auto core = core_.lock()) {
                const auto why = checker_->is_in_doubt() ? asio::error::connection_refused : asio::error::timed_out;
                core->end(Error(asio::error::make_error_code(why), "the remote is gone"));
            }
            co_return;
        }
        timer_.expires_at(checker_->next_time());
        auto [moved] = co_await timer_.async_wait(as_result);
        (void)moved;  // looked at anew either way
    }
}

}  // namespace libp2p::webrtc
