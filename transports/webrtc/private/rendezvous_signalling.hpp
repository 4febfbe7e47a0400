// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/webrtc/private/rendezvous_message.hpp"
#include "transports/webrtc/private/rendezvous_socket.hpp"
#include "transports/webrtc/private/signalling_talk.hpp"

#include <libp2p/host_services.hpp>
#include <libp2p/signalling.hpp>
#include <libp2p/wait_list.hpp>
#include <libp2p/waiter.hpp>

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>

namespace libp2p::webrtc {

/// A host's connection with one rendezvous server, shared by its dials and its listener. Messages are sorted by who
/// sent them: an offer begins a pipe where somebody listens, what follows belongs to the pipe that was begun last.
class RendezvousClient : public std::enable_shared_from_this<RendezvousClient> {
public:
    /// Offers that wait to be accepted, and messages that wait in a pipe. Past it they are dropped.
    static constexpr std::size_t kOffers = 16;
    static constexpr std::size_t kWaiting = 64;

    /// Between two attempts to reach a server that a listener needs.
    static constexpr std::chrono::seconds kFirstRetry{1};
    static constexpr std::chrono::seconds kLastRetry{30};

    /// To connect, and to be enrolled.
    static constexpr std::chrono::seconds kConnect{10};

    class Pipe;

    RendezvousClient(asio::any_io_executor executor, const Identity& identity, asio::ip::tcp::endpoint server);

    /// Until the server knows us. `spawn` keeps the connection served.
    awaitable<result<void>> connect(const SignallingTalk::Spawn& spawn);

    bool is_connected() const noexcept { return socket_ != nullptr; }

    std::unique_ptr<SignallingPipe> open(PeerId peer);

    /// The next pipe that a remote began. Empty once closed.
    awaitable<result<std::unique_ptr<SignallingPipe>>> accept();
    void set_listening(bool listens) noexcept;

    /// Keeps the connection up until `set_listening(false)`.
    static awaitable<void> stay(std::shared_ptr<RendezvousClient> self, SignallingTalk::Spawn spawn);

private:
    struct Inbox;

    awaitable<result<void>> connect_once(const SignallingTalk::Spawn& spawn);
    static awaitable<void> serve(std::shared_ptr<RendezvousClient> self, std::shared_ptr<RendezvousSocket> socket);
    static awaitable<void> write(std::shared_ptr<RendezvousSocket> socket);
    void on_message(RendezvousMessage message);
    void leave_if_unused() noexcept;
    void drop_ended() noexcept;
    void lose(const std::shared_ptr<RendezvousSocket>& socket);
    std::shared_ptr<Inbox> inbox_of(const PeerId& peer);

    asio::any_io_executor executor_;
    const Identity& identity_;
    asio::ip::tcp::endpoint server_;
    std::string own_;
    std::shared_ptr<RendezvousSocket> socket_;  // shared with the tasks that serve it
    bool is_connecting_ = false;
    Error failure_;
    WaitList connected_;
    std::multimap<std::string, std::weak_ptr<Inbox>> inboxes_;  // of pipes that are open
    std::deque<std::unique_ptr<SignallingPipe>> offers_;
    Waiter offered_;
    Waiter lost_;
    bool listens_ = false;
};

/// Signalling through a rendezvous server, `/ip4|ip6/ADDRESS/tcp/PORT/ws/webrtc`, which is not trusted.
class RendezvousSignalling final : public Signalling {
public:
    explicit RendezvousSignalling(HostServices& services) : services_(services) {}

    bool can_dial(const Multiaddr& address) const noexcept override;
    bool can_listen(const Multiaddr& address) const noexcept override { return can_dial(address); }
    awaitable<result<std::unique_ptr<SignallingPipe>>> open(Multiaddr address, PeerId peer) override;
    awaitable<result<std::unique_ptr<SignallingListener>>> listen(Multiaddr address) override;

private:
    std::shared_ptr<RendezvousClient> client_of(const asio::ip::tcp::endpoint& server);
    SignallingTalk::Spawn spawn() const;

    HostServices& services_;
    std::map<asio::ip::tcp::endpoint, std::weak_ptr<RendezvousClient>> clients_;
};

}  // namespace libp2p::webrtc
