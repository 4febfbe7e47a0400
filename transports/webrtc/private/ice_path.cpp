// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/ice_path.hpp"

#include "transports/webrtc/stun_message.hpp"

#include <libp2p/log.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/endian/conversion.hpp>

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <utility>

namespace libp2p::webrtc {
namespace {

const Logger log("webrtc");

/// Calls to the system that may bring something before others have their turn.
constexpr int kBurst = 4;

/// Of the DTLS record at the front, with its header (RFC 6347, 4.1).
std::size_t record_size(ByteView octets) noexcept {
    constexpr std::size_t kHeader = 13;
    return octets.size() < kHeader ? octets.size() : kHeader + boost::endian::load_big_u16(&octets[kHeader - 2]);
}

void release(IcePath::Charges& charges) noexcept {
    for (auto& charge : charges) {
        charge.release();
    }
}

}  // namespace

result<std::shared_ptr<IcePath>> IcePath::open(
    asio::any_io_executor executor,
    const IceOptions& options,
    const UdpSocket::Options& socket_options,
    Charges charges,
    Spawn spawn
) {
    auto path = std::make_shared<IcePath>(Token(), executor, socket_options);
    auto agent = IceAgent::make(std::move(executor), options, *path);
    if (!agent) {
        return agent.error();
    }
    path->agent_ = std::move(*agent);
    path->charges_ = std::move(charges);
    if (!options.turn_servers.empty()) {
        path->leave_by_ = std::move(spawn);
    }
    return path;
}

IcePath::IcePath(Token, asio::any_io_executor executor, const UdpSocket::Options& socket_options)
    : executor_(executor), socket_options_(socket_options), tasks_(executor), state_(executor) {}

IcePath::~IcePath() = default;

awaitable<result<void>> IcePath::wait_until_selected() {
    const auto self = shared_from_this();
    while (!pair_) {
        if (is_closed_) {
            co_return asio::error::make_error_code(asio::error::operation_aborted);
        }
        if (has_failed_) {
            co_return Error(
                asio::error::make_error_code(asio::error::host_unreachable), "webrtc: no pair of candidates works"
            );
        }
        auto interrupted = co_await state_.wait();
        if (interrupted) {
            co_return interrupted;
        }
    }
    co_return ok();
}

void IcePath::send(ByteView datagram) noexcept {
    if (socket_) {
        socket_->send(remote_, datagram);
    } else if (agent_ && pair_) {
        agent_->send(datagram);
    }
}

void IcePath::flush() noexcept {
    if (socket_) {
        socket_->flush();
    }
}

void IcePath::close() noexcept {
    if (std::exchange(is_closed_, true)) {
        return;
    }
    if (socket_) {
        socket_->flush();
        socket_->close();
    }
    tasks_.cancel();
    told_ = nullptr;
    state_.notify();
    if (leave_by_) {
        leave_by_(leave(shared_from_this(), std::move(agent_), std::move(charges_)));
        return;
    }
    release(charges_);
    // Perhaps it is the agent that has called.
    asio::post(executor_, [self = shared_from_this(), agent = std::move(agent_)] {});
}

/// The agent may still have something to tell in its first turn: it needs `self`.
awaitable<void> IcePath::leave(std::shared_ptr<IcePath> self, std::unique_ptr<IceAgent> agent, Charges charges) {
    // A task that is cancelled before it begins has a goodbye to say all the same.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await asio::post(self->executor_, asio::use_awaitable);  // perhaps it is the agent that has called
    co_await IceAgent::leave(std::move(agent));
    release(charges);
}

void IcePath::on_candidate(const IceCandidate& candidate) {
    if (told_) {
        told_(candidate);
    }
}

void IcePath::on_selected() {
    asio::post(executor_, [weak = weak_from_this()] {
        if (auto self = weak.lock(); self && self->agent_) {
            self->select();
        }
    });
}

void IcePath::on_failed() {
    has_failed_ = true;
    state_.notify();
    asio::post(executor_, [weak = core_] {
        if (auto core = weak.lock()) {
            core->end(Error(asio::error::make_error_code(asio::error::timed_out), "the remote is gone"));
        }
    });
}

void IcePath::on_datagram(ByteView datagram) {
    auto core = core_.lock();
    if (!core || classify(datagram) != DatagramKind::dtls) {
        return;
    }
    if (!pair_) {
        early_.keep(datagram);
        return;
    }
    // The kernel may have put several together for the agent, which does not tell their borders; records have theirs.
    while (classify(datagram) == DatagramKind::dtls) {
        const auto size = std::min(record_size(datagram), datagram.size());
        core->session.receive(datagram.first(size));
        datagram = datagram.subspan(size);
    }
    look_later();
}

/// Behind all that the agent has read.
void IcePath::look_later() {
    if (std::exchange(will_look_, true)) {
        return;
    }
    asio::post(executor_, [weak = weak_from_this()] {
        if (auto self = weak.lock()) {
            self->will_look_ = false;
            if (auto core = self->core_.lock()) {
                core->session.look();
            }
        }
    });
}

void IcePath::select() {
    auto pair = agent_->selected();
    if (!pair || is_closed_) {
        return;
    }
    const bool is_same = pair_ && pair_->descriptor == pair->descriptor && pair_->remote == pair->remote;
    if (is_same) {
        return;
    }
    log.debug(
        "ice.selected",
        {{"local_type", name_of(pair->local.type)},
         {"local", place_of(pair->local)},
         {"remote_type", name_of(pair->remote.type)},
         {"remote", place_of(pair->remote)}}
    );
    const auto descriptor = pair->descriptor;
    pair_ = std::move(pair);
    remote_ = {*pair_->remote.address, pair_->remote.port};
    take_socket(descriptor);
    state_.notify();
    for (const auto& datagram : early_.take()) {
        on_datagram(datagram);
    }
}

void IcePath::take_socket(int descriptor) {
    if (auto before = std::exchange(socket_, nullptr)) {
        before->flush();
        before->close();
    }
    agent_->loop().leave_to_others(-1);
    const auto duplicate = descriptor < 0 ? -1 : ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (duplicate < 0) {
        return;  // by a TURN server, or out of descriptors: the agent does it
    }
    auto adopted = UdpSocket::adopt(executor_, duplicate, socket_options_);
    if (!adopted) {
        return;
    }
    socket_ = std::move(*adopted);
    agent_->loop().leave_to_others(descriptor);
    tasks_.spawn(receive_all(socket_), shared_from_this());
    tasks_.spawn(send_all(socket_), shared_from_this());
}

awaitable<void> IcePath::receive_all(std::shared_ptr<UdpSocket> socket) {
    for (;;) {
        auto readable = co_await socket->wait_readable();
        if (!readable) {
            co_return;
        }
        receive_burst(*socket);
        if (auto core = core_.lock()) {
            core->session.look();
        }
        socket->flush();
    }
}

/// Keeps the socket, which may have been replaced by another one meanwhile.
awaitable<void> IcePath::send_all(std::shared_ptr<UdpSocket> socket) {
    co_await socket->run();
}

/// What comes is handed on before the next call: one buffer does for all sockets of a thread.
void IcePath::receive_burst(UdpSocket& socket) {
    static thread_local std::array<std::uint8_t, UdpSocket::kReceiveBufferSize> buffer;
    bool was_left = false;
    for (int i = 0; i < kBurst && !is_closed_; ++i) {
        const auto first = socket.peek();
        if (!first) {
            return;
        }
        const bool is_data = classify(ByteView(&*first, 1)) == DatagramKind::dtls;
        if (!is_data && !std::exchange(was_left, true)) {
            agent_->loop().step_for_others();
            continue;
        }
        was_left = false;
        error_code ec;
        const auto received = socket.receive(buffer, ec);
        auto core = core_.lock();
        if (ec || !core) {
            return;
        }
        if (is_data && received.from == remote_) {
            received.each([&](ByteView datagram) { core->session.receive(datagram); });
        }
    }
}

}  // namespace libp2p::webrtc
