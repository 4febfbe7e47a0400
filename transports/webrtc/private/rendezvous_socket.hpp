// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/webrtc/private/rendezvous_message.hpp"

#include <libp2p/async.hpp>
#include <libp2p/waiter.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <string>

namespace libp2p::webrtc {

/// Rendezvous messages over a WebSocket, either side, by Boost.Beast: text frames of at most
/// `kMaxRendezvousMessageSize` octets, pings while nothing is said, and an end when they are not answered.
class RendezvousSocket {
public:
    /// Messages that wait to be sent, and their octets. Whoever does not take them is cut off.
    static constexpr std::size_t kMaxWaiting = 64;
    static constexpr std::size_t kMaxWaitingOctets = 256 * 1024;

    explicit RendezvousSocket(asio::ip::tcp::socket socket);
    RendezvousSocket(const RendezvousSocket&) = delete;
    RendezvousSocket& operator=(const RendezvousSocket&) = delete;
    ~RendezvousSocket();

    /// Opens it as client, or as server; bounds the time by itself (30 s).
    awaitable<result<void>> connect(std::string host, std::string target);
    awaitable<result<void>> accept();

    /// The next message, as it came. Fails with `asio::error::eof` at the end. One caller at a time.
    awaitable<result<std::string>> receive();

    /// False, and the socket is closed, when too many wait.
    bool send(std::string message);

    /// Sends what `send` was given, until the socket is closed. To be spawned once by the owner.
    awaitable<void> run();

    void close() noexcept;

private:
    struct State;

    std::unique_ptr<State> state_;  // keeps Boost.Beast out of here
    std::deque<std::string> waiting_;
    std::size_t waiting_octets_ = 0;
    Waiter more_;
    bool is_closed_ = false;
};

}  // namespace libp2p::webrtc
