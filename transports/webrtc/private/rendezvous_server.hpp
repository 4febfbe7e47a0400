// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/webrtc/private/rendezvous_socket.hpp"

#include <libp2p/tasks.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace libp2p::webrtc {

/// What a rendezvous server lets its clients do.
struct RendezvousLimits {
    std::size_t clients = 1024;               ///< at a time
    std::size_t clients_per_address = 16;     ///< of one IP address
    std::size_t messages_per_second = 50;     ///< of one client, on average
    std::size_t message_burst = 200;          ///< of one client, at once
    std::chrono::milliseconds enrol{10'000};  ///< from accept to a proven name
};

/// Passes offers, answers and candidates between peers that have proven their names by signing a challenge. Nobody can
/// say anything in another's name; what is said is not looked at, and not kept for those who are not there. One
/// executor.
class RendezvousServer {
public:
    /// Binds `endpoint`. Fails with what the system says.
    static result<std::unique_ptr<RendezvousServer>> bind(
        asio::any_io_executor executor, const asio::ip::tcp::endpoint& endpoint, const RendezvousLimits& limits = {}
    );
    RendezvousServer(const RendezvousServer&) = delete;
    RendezvousServer& operator=(const RendezvousServer&) = delete;

    asio::ip::tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

    /// Serves until it is cancelled; then everybody is cut off.
    awaitable<void> run();

    /// Has `observer` called with the name of a peer that has come, or has gone.
    void observe(std::function<void(const std::string& peer, bool has_come)> observer) {
        observer_ = std::move(observer);
    }

    std::size_t clients() const noexcept { return clients_; }

private:
    struct Client;
    class Place;

    RendezvousServer(asio::ip::tcp::acceptor acceptor, const RendezvousLimits& limits)
        : acceptor_(std::move(acceptor)), limits_(limits) {}

    awaitable<void> serve(asio::ip::tcp::socket socket, std::unique_ptr<Place> place);
    awaitable<result<void>> enrol_on(Client& client, TaskScope& tasks);
    awaitable<Error> pass_on(Client& client);

    asio::ip::tcp::acceptor acceptor_;
    RendezvousLimits limits_;
    std::map<std::string, std::shared_ptr<Client>> by_name_;  // at most limits_.clients
    std::map<asio::ip::address, std::size_t> by_address_;     // likewise
    std::size_t clients_ = 0;
    std::function<void(const std::string&, bool)> observer_;
};

}  // namespace libp2p::webrtc
