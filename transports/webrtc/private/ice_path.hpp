// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/webrtc/private/early_datagrams.hpp"
#include "transports/webrtc/private/ice_agent.hpp"
#include "transports/webrtc/private/signalling_talk.hpp"
#include "transports/webrtc/udp_socket.hpp"
#include "transports/webrtc/webrtc_core.hpp"

#include <libp2p/budget.hpp>
#include <libp2p/tasks.hpp>
#include <libp2p/waiter.hpp>

#include <array>
#include <functional>
#include <memory>
#include <optional>

namespace libp2p::webrtc {

/// The way to one remote that ICE finds, and datagrams on it. The agent's socket is shared: what begins like DTLS is
/// received and sent here, many datagrams a system call; while STUN is first in its queue the agent reads it, and keeps
/// the way open. What goes through a TURN server passes the agent.
class IcePath final : public std::enable_shared_from_this<IcePath>, private IceAgent::Events {
public:
    using Spawn = SignallingTalk::Spawn;
    using Charges = std::array<Charge, 2>;  ///< memory, of the connection; descriptors, of the system

    /// `charges` pay for the agent, and go with it. `spawn` starts what has to be done once the path is closed.
    static result<std::shared_ptr<IcePath>> open(
        asio::any_io_executor executor,
        const IceOptions& options,
        const UdpSocket::Options& socket_options,
        Charges charges,
        Spawn spawn
    );

    /// For `open`.
    struct Token {
        explicit Token() = default;
    };
    IcePath(Token, asio::any_io_executor executor, const UdpSocket::Options& socket_options);
    ~IcePath();

    /// Null once closed.
    IceAgent* agent() noexcept { return agent_.get(); }

    /// Has `told` called with each candidate of ours, until the path is closed. To be set before the agent gathers.
    void on_candidates(std::function<void(const IceCandidate&)> told) { told_ = std::move(told); }

    /// Waits until there is a way. Fails with `host_unreachable` when there is none, with `operation_aborted` when
    /// cancelled or closed. One caller at a time.
    awaitable<result<void>> wait_until_selected();

    /// Gives what comes to `core` from now on, and ends it when the remote is lost.
    void attach(std::weak_ptr<WebRtcCore> core) noexcept { core_ = std::move(core); }

    void send(ByteView datagram) noexcept;
    void flush() noexcept;

    /// Idempotent. What TURN servers hold for the agent is given back behind it.
    void close() noexcept;

    /// Empty until there is one.
    const std::optional<IcePair>& pair() const noexcept { return pair_; }

private:
    // IceAgent::Events
    void on_candidate(const IceCandidate& candidate) override;
    void on_gathered() override {}
    void on_selected() override;
    void on_failed() override;
    void on_datagram(ByteView datagram) override;

    void select();
    void take_socket(int descriptor);
    awaitable<void> receive_all(std::shared_ptr<UdpSocket> socket);
    static awaitable<void> send_all(std::shared_ptr<UdpSocket> socket);
    void receive_burst(UdpSocket& socket);
    void look_later();

    static awaitable<void> leave(std::shared_ptr<IcePath> self, std::unique_ptr<IceAgent> agent, Charges charges);

    asio::any_io_executor executor_;
    UdpSocket::Options socket_options_;
    Charges charges_;
    Spawn leave_by_;  ///< null without TURN servers
    std::unique_ptr<IceAgent> agent_;
    std::function<void(const IceCandidate&)> told_;
    EarlyDatagrams early_;
    std::optional<IcePair> pair_;
    std::shared_ptr<UdpSocket> socket_;  // shared with the tasks that serve it, of which an older one may be ending
    UdpSocket::Endpoint remote_;
    std::weak_ptr<WebRtcCore> core_;
    TaskScope tasks_;
    Waiter state_;  // wait_until_selected
    bool has_failed_ = false;
    bool will_look_ = false;
    bool is_closed_ = false;
};

/// The way of a core to its remote. Closes the path with the core.
class IceLink final : public DatagramLink {
public:
    explicit IceLink(std::shared_ptr<IcePath> path) noexcept : path_(std::move(path)) {}
    ~IceLink() override { path_->close(); }

    void send(ByteView datagram) noexcept override { path_->send(datagram); }
    void flush() noexcept override { path_->flush(); }
    void close() noexcept override { path_->close(); }

private:
    std::shared_ptr<IcePath> path_;
};

}  // namespace libp2p::webrtc
