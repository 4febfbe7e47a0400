// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/webrtc/direct/recent_checks.hpp"
#include "transports/webrtc/udp_socket.hpp"
#include "transports/webrtc/webrtc_core.hpp"

#include <libp2p/tasks.hpp>

#include <array>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

namespace libp2p::webrtc {

class DirectMux;

/// One remote of a listening socket, from its ClientHello on.
class DirectPath {
public:
    /// Datagrams that wait until the connection is paid for.
    static constexpr std::size_t kEarlyDatagrams = 4;

    /// Addresses to which it may have moved, before it has proved it: the latest.
    static constexpr std::size_t kPlaces = 4;

    DirectPath(std::shared_ptr<DirectMux> mux, const UdpSocket::Endpoint& remote, const asio::ip::address& local);
    DirectPath(const DirectPath&) = delete;
    DirectPath& operator=(const DirectPath&) = delete;
    ~DirectPath();

    const UdpSocket::Endpoint& remote() const noexcept { return remote_; }

    /// Gives what comes to `core` from now on, and what has come. `core` sends by a `PathLink`.
    void attach(const std::shared_ptr<WebRtcCore>& core);

    /// True once the path has given way to newer ones.
    bool has_given_way() const noexcept { return has_given_way_; }

private:
    friend class DirectMux;
    friend class PathLink;

    std::shared_ptr<DirectMux> mux_;
    UdpSocket::Endpoint remote_;
    asio::ip::address local_;  // the one that it talks to
    std::vector<Bytes> early_;
    std::size_t allowance_ = 0;  // for DTLS, by the checks that have come
    std::weak_ptr<WebRtcCore> core_;
    std::string username_;  // of its checks, once one has come
    bool was_attached_ = false;
    bool has_given_way_ = false;
    bool is_known_ = true;     // to the mux
    bool is_unproven_ = true;  // in the mux's list of those
    Clock::time_point since_ = Clock::now();
    std::array<UdpSocket::Endpoint, kPlaces> places_;
    std::size_t next_place_ = 0;
    std::list<DirectPath*>::iterator place_;
};

/// The way of a core to its remote, through the socket that it shares with others.
class PathLink final : public DatagramLink {
public:
    explicit PathLink(std::shared_ptr<DirectPath> path) noexcept : path_(std::move(path)) {}

    void send(ByteView datagram) noexcept override;
    void flush() noexcept override;
    void close() noexcept override;

private:
    std::shared_ptr<DirectPath> path_;
};

/// A UDP socket that many WebRTC connections share. Connectivity checks are answered from the datagram alone; state
/// begins with the first ClientHello from an address that has been answered lately, in a table with a bound, whose
/// oldest entry that has not shown that it hears us gives way to a newer one. Everything else goes to the connection of
/// its address.
class DirectMux final : public std::enable_shared_from_this<DirectMux>, private UdpSocket::Receiver {
public:
    /// Connections whose remote has not shown yet that it hears us.
    static constexpr std::size_t kUnproven = 128;

    /// The time that each of them has at least, before it gives way to one that asks for the fifth time; a little more
    /// for each time less, so that who asks more often goes first, and four times as much before one that asks for the
    /// first time. It bounds the handshakes that are begun in a flood, to 512 a second, and lets those be finished
    /// whose remote answers in time.
    static constexpr std::chrono::milliseconds kUndisturbed{250};
    static constexpr std::size_t kTimesToAsk = 4;

    static result<std::shared_ptr<DirectMux>> bind(
        asio::any_io_executor executor, const UdpSocket::Endpoint& local, const UdpSocket::Options& options
    );

    /// For `bind`.
    struct Token {
        explicit Token() = default;
    };
    DirectMux(Token, asio::any_io_executor executor, std::unique_ptr<UdpSocket> socket);

    const UdpSocket::Endpoint& local_endpoint() const noexcept { return socket_->local_endpoint(); }

    /// The next remote. Fails with `operation_aborted` when cancelled, and with `Errc::shut_down` after
    /// `stop_listening`. One caller at a time; cancellation loses nothing.
    awaitable<result<std::shared_ptr<DirectPath>>> accept();

    /// Takes no new remotes; the socket is closed with the last of them.
    void stop_listening() noexcept;

private:
    friend class DirectPath;
    friend class PathLink;

    /// The connection of an address; and the one before it, until the new one has proved that it is the address's.
    struct Slot {
        DirectPath* newest = nullptr;
        DirectPath* older = nullptr;
    };
    struct Hash {
        std::size_t operator()(const UdpSocket::Endpoint& endpoint) const noexcept { return hash_endpoint(endpoint); }
    };

    void on_datagram(ByteView datagram, const UdpSocket::Endpoint& source, const asio::ip::address& local) override;
    void on_burst_end() override;
    void on_stun(ByteView datagram, const UdpSocket::Endpoint& source, const asio::ip::address& local);
    void on_dtls(ByteView datagram, const UdpSocket::Endpoint& source, const asio::ip::address& local);
    bool deliver(DirectPath& path, ByteView datagram);
    void expect_at(DirectPath& path, const UdpSocket::Endpoint& source);
    void on_moved(ByteView datagram, const UdpSocket::Endpoint& source, const asio::ip::address& local);
    void allow(DirectPath& path, std::size_t octets);
    bool has_room_for(const UdpSocket::Endpoint& source);
    void begin(Slot& slot, ByteView datagram, const UdpSocket::Endpoint& source, const asio::ip::address& local);
    void forget(DirectPath& path) noexcept;
    void forget_address(DirectPath& path) noexcept;
    void stop_if_unused() noexcept;

    std::unique_ptr<UdpSocket> socket_;
    Waiter accepted_;
    TaskScope tasks_;
    RecentChecks checks_;
    RecentCounts credits_{std::chrono::seconds(15)};             // octets for checks, of addresses without a handshake
    RecentCounts turned_away_{std::chrono::milliseconds(1200)};  // ClientHellos that found no room
    std::unordered_map<UdpSocket::Endpoint, Slot, Hash> slots_;
    std::unordered_map<std::string, DirectPath*> by_username_;
    std::unordered_map<UdpSocket::Endpoint, DirectPath*, Hash> moving_;  // where connections may have moved to
    std::list<DirectPath*> unproven_;                                    // oldest first
    std::deque<std::shared_ptr<DirectPath>> new_;
    std::vector<std::shared_ptr<WebRtcCore>> touched_;  // by the datagrams of this turn
    std::size_t paths_ = 0;
    bool is_listening_ = true;
};

}  // namespace libp2p::webrtc
