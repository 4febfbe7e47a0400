// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/direct/direct_mux.hpp"

#include "libp2p/crypto/dtls.hpp"
#include "transports/webrtc/ice_lite.hpp"

#include <libp2p/log.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace libp2p::webrtc {
namespace {

const Logger log("webrtc");

}  // namespace

DirectPath::DirectPath(
    std::shared_ptr<DirectMux> mux, const UdpSocket::Endpoint& remote, const asio::ip::address& local
)
    : mux_(std::move(mux)), remote_(remote), local_(local) {
    ++mux_->paths_;
}

DirectPath::~DirectPath() {
    if (is_known_ && !was_attached_) {
        mux_->socket_->send(remote_, crypto::refusal(), local_);  // who was not let in need not wait
        mux_->socket_->flush();
    }
    mux_->forget(*this);
    --mux_->paths_;
    mux_->stop_if_unused();
}

void DirectPath::attach(const std::shared_ptr<WebRtcCore>& core) {
    core_ = core;
    was_attached_ = true;
    core->session.limit_unproven(allowance_);
    for (const auto& datagram : std::exchange(early_, {})) {
        core->session.receive(datagram);
    }
    core->session.look();
}

void PathLink::send(ByteView datagram) noexcept {
    if (path_->is_known_) {
        path_->mux_->socket_->send(path_->remote_, datagram, path_->local_);
    }
}

void PathLink::flush() noexcept {
    path_->mux_->socket_->flush();
}

void PathLink::close() noexcept {
    path_->mux_->forget(*path_);
}

result<std::shared_ptr<DirectMux>> DirectMux::bind(
    asio::any_io_executor executor, const UdpSocket::Endpoint& local, const UdpSocket::Options& options
) {
    auto all_options = options;
    all_options.local_addresses = local.address().is_unspecified();
    auto socket = UdpSocket::bind(executor, local, all_options);
    if (!socket) {
        return socket.error();
    }
    auto mux = std::make_shared<DirectMux>(Token(), std::move(executor), std::move(*socket));
    mux->tasks_.spawn(mux->socket_->receive_all(*mux), mux);
    mux->tasks_.spawn(mux->socket_->run(), mux);
    return mux;
}

DirectMux::DirectMux(Token, asio::any_io_executor executor, std::unique_ptr<UdpSocket> socket)
    : socket_(std::move(socket)), accepted_(executor), tasks_(executor) {}

awaitable<result<std::shared_ptr<DirectPath>>> DirectMux::accept() {
    const auto self = shared_from_this();
    while (is_listening_) {
        if (!new_.empty()) {
            auto path = std::move(new_.front());
            new_.pop_front();
            if (path->has_given_way_) {
                continue;
            }
            co_return std::move(path);
        }
        auto interrupted = co_await accepted_.wait();
        if (interrupted) {
            co_return interrupted;
        }
    }
    co_return Error(Errc::shut_down, "listener at UDP port " + std::to_string(local_endpoint().port()));
}

void DirectMux::stop_listening() noexcept {
    is_listening_ = false;
    accepted_.notify();
    const auto gone = std::exchange(new_, {});  // their destructors come back here
    stop_if_unused();
}

void DirectMux::stop_if_unused() noexcept {
    if (!is_listening_ && paths_ == 0) {
        socket_->close();
        tasks_.cancel();
    }
}

void DirectMux::on_datagram(ByteView datagram, const UdpSocket::Endpoint& source, const asio::ip::address& local) {
    switch (classify(datagram)) {
        case DatagramKind::stun: on_stun(datagram, source, local); break;
        case DatagramKind::dtls: on_dtls(datagram, source, local); break;
        case DatagramKind::other: break;
    }
}

void DirectMux::on_stun(ByteView datagram, const UdpSocket::Endpoint& source, const asio::ip::address& local) {
    auto slot = slots_.find(source);
    if (!is_listening_ && slot == slots_.end()) {
        return;
    }
    std::array<std::uint8_t, kBindingResponseSize6> answer{};
    auto check = answer_check(datagram, source, answer);
    if (!check) {
        return;
    }
    socket_->send(source, ByteView(answer).first(check->answer_size), local);
    const auto now = Clock::now();
    checks_.add(source, now);
    const auto surplus = crypto::DtlsSession::kUnprovenFactor * datagram.size() - check->answer_size;
    if (slot != slots_.end() && slot->second.newest->is_unproven_) {
        allow(*slot->second.newest, surplus);
    } else {
        credits_.add(source, surplus, now);
    }
    std::string username(check->credentials.server_ufrag);
    username += ':';
    username += check->credentials.client_ufrag;
    auto known = by_username_.find(username);
    if (known != by_username_.end()) {
        auto& path = *known->second;
        if (path.remote_ != source && check->use_candidate) {
            expect_at(path, source);
        } else if (auto core = path.core_.lock()) {
            core->session.note_check();
        }
    } else if (slot != slots_.end() && slot->second.newest->username_.empty()) {
        auto& path = *slot->second.newest;
        path.username_ = username;
        by_username_.emplace(std::move(username), &path);
    }
}

void DirectMux::on_dtls(ByteView datagram, const UdpSocket::Endpoint& source, const asio::ip::address& local) {
    const bool is_hello = crypto::is_client_hello(datagram);
    auto found = slots_.find(source);
    if (found == slots_.end() && !is_hello) {
        on_moved(datagram, source, local);
        return;
    }
    const bool is_new = found == slots_.end() || (!found->second.newest->is_unproven_ && !found->second.older);
    if (is_hello && is_new) {
        if (is_listening_ && checks_.has(source, Clock::now()) && has_room_for(source)) {
            begin(slots_[source], datagram, source, local);
        }
        return;
    }
    if (deliver(*found->second.newest, datagram)) {
        return;
    }
    found = slots_.find(source);  // what was delivered may have changed the table
    if (found != slots_.end() && found->second.older != nullptr) {
        deliver(*found->second.older, datagram);
    }
}

/// True when the datagram proved to be its remote's.
bool DirectMux::deliver(DirectPath& path, ByteView datagram) {
    auto core = path.core_.lock();
    if (!core) {
        if (path.early_.size() < DirectPath::kEarlyDatagrams) {
            path.early_.emplace_back(datagram.begin(), datagram.end());
        }
        return false;
    }
    const bool is_proven = core->session.receive(datagram);
    if (path.is_unproven_ && core->session.has_progressed()) {
        path.is_unproven_ = false;
        unproven_.erase(path.place_);
        auto slot = slots_.find(path.remote_);
        if (slot != slots_.end() && slot->second.newest == &path && slot->second.older != nullptr) {
            if (auto older = slot->second.older->core_.lock()) {
                older->end(Error(Errc::connection_closed, "the remote has connected anew from the same address"));
            }
        }
    }
    if (touched_.empty() || touched_.back() != core) {
        touched_.push_back(std::move(core));
    }
    return is_proven;
}

/// A check has come while the path is unproven.
void DirectMux::allow(DirectPath& path, std::size_t octets) {
    auto core = path.core_.lock();
    if (!core) {
        path.allowance_ += octets;
        return;
    }
    core->session.allow_unproven(octets);
    touched_.push_back(std::move(core));
}

/// The newest places of each connection count, so that no number of checks keeps another from moving.
void DirectMux::expect_at(DirectPath& path, const UdpSocket::Endpoint& source) {
    if (moving_.count(source) != 0) {
        return;
    }
    auto& place = path.places_[path.next_place_++ % DirectPath::kPlaces];
    auto oldest = moving_.find(place);
    if (oldest != moving_.end() && oldest->second == &path) {
        moving_.erase(oldest);
    }
    place = source;
    moving_.emplace(source, &path);
}

/// From an address without a connection: one may have moved there.
void DirectMux::on_moved(ByteView datagram, const UdpSocket::Endpoint& source, const asio::ip::address& local) {
    auto moving = moving_.find(source);
    if (moving == moving_.end()) {
        // It gave way, perhaps: then its dialer need not wait for an answer. Smaller than what is answered.
        if (is_listening_ && crypto::is_handshake_underway(datagram) && checks_.has(source, Clock::now())) {
            socket_->send(source, crypto::handshake_lost(), local);
        }
        return;
    }
    auto& path = *moving->second;
    if (!deliver(path, datagram) || slots_.count(source) != 0) {
        return;
    }
    moving_.erase(source);
    log.debug("moved", {{"from", path.remote_.port()}, {"to", source.port()}});
    forget_address(path);
    path.remote_ = source;
    path.local_ = local;
    slots_[source].newest = &path;
}

/// In a full table the oldest gives way, once it has had time for its answer to come. Addresses can be forged by the
/// thousand, and whoever does that does not come back, or not as often; clients repeat their ClientHello, so those who
/// were turned away most often go first.
bool DirectMux::has_room_for(const UdpSocket::Endpoint& source) {
    if (unproven_.size() < kUnproven) {
        return true;
    }
    const auto now = Clock::now();
    const auto times = static_cast<int>(std::min(turned_away_.get(source, now), kTimesToAsk));
    const auto missing = static_cast<int>(kTimesToAsk) - times;
    const Clock::duration least = times == 0 ? 4 * kUndisturbed : kUndisturbed + missing * kUndisturbed / 5;
    if (now - unproven_.front()->since_ >= least) {
        return true;
    }
    turned_away_.add(source, 1, now);
    return false;
}

void DirectMux::begin(
    Slot& slot, ByteView datagram, const UdpSocket::Endpoint& source, const asio::ip::address& local
) {
    auto path = std::make_shared<DirectPath>(shared_from_this(), source, local);
    slot.older = slot.newest;
    slot.newest = path.get();
    path->place_ = unproven_.insert(unproven_.end(), path.get());
    path->early_.emplace_back(datagram.begin(), datagram.end());
    path->allowance_ = credits_.take(source, Clock::now());
    new_.push_back(std::move(path));
    accepted_.notify();
    if (unproven_.size() <= kUnproven) {
        return;
    }
    auto& oldest = *unproven_.front();
    oldest.has_given_way_ = true;
    auto core = oldest.core_.lock();
    forget(oldest);  // it is not told: a remote that is only slow tries again, and is then the newest
    if (core) {
        core->end(Error(Errc::limit_exceeded, "webrtc: gave way to a newer connection during its handshake"));
    }
}

/// News are told once for all datagrams of a burst.
void DirectMux::on_burst_end() {
    for (const auto& core : touched_) {
        core->session.look();
    }
    touched_.clear();
}

void DirectMux::forget(DirectPath& path) noexcept {
    if (!std::exchange(path.is_known_, false)) {
        return;
    }
    forget_address(path);
    if (std::exchange(path.is_unproven_, false)) {
        unproven_.erase(path.place_);
    }
    if (!path.username_.empty()) {
        by_username_.erase(path.username_);
    }
    std::erase_if(moving_, [&](const auto& entry) { return entry.second == &path; });
}

void DirectMux::forget_address(DirectPath& path) noexcept {
    auto found = slots_.find(path.remote_);
    if (found == slots_.end()) {
        return;
    }
    auto& slot = found->second;
    if (slot.newest == &path) {
        slot.newest = std::exchange(slot.older, nullptr);
    } else if (slot.older == &path) {
        slot.older = nullptr;
    }
    if (slot.newest == nullptr) {
        slots_.erase(found);
    }
}

}  // namespace libp2p::webrtc
