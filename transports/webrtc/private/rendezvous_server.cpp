// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/rendezvous_server.hpp"

#include "transports/webrtc/private/rendezvous_enrolment.hpp"

#include <libp2p/log.hpp>
#include <libp2p/timeout.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <utility>

namespace libp2p::webrtc {
namespace {

const Logger log("rendezvous");

/// How long the server waits when it is out of descriptors or memory.
constexpr std::chrono::milliseconds kPause{100};

RendezvousMessage error_message(std::string words, std::string about) {
    RendezvousMessage message;
    message.type = RendezvousMessage::Type::error;
    message.from = std::move(about);
    message.data = std::move(words);
    return message;
}

}  // namespace

struct RendezvousServer::Client {
    Client(asio::ip::tcp::socket socket, std::size_t burst)
        : wire(std::move(socket)), allowance(static_cast<double>(burst)), refilled(Clock::now()) {}

    void say(const RendezvousMessage& message) { wire.send(to_json(message)); }

    RendezvousSocket wire;
    std::string name;  ///< once proven
    double allowance;  ///< messages that may come at once
    Clock::time_point refilled;
};

/// One client's share of the limits.
class RendezvousServer::Place {
public:
    Place(RendezvousServer& server, asio::ip::address address) : server_(server), address_(std::move(address)) {
        ++server_.clients_;
        ++server_.by_address_[address_];
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
        --server_.clients_;
        const auto found = server_.by_address_.find(address_);
        if (--found->second == 0) {
            server_.by_address_.erase(found);
        }
    }

private:
    RendezvousServer& server_;
    asio::ip::address address_;
};

result<std::unique_ptr<RendezvousServer>> RendezvousServer::bind(
    asio::any_io_executor executor, const asio::ip::tcp::endpoint& endpoint, const RendezvousLimits& limits
) {
    asio::ip::tcp::acceptor acceptor(std::move(executor));
    error_code ec;
    acceptor.open(endpoint.protocol(), ec);
    if (!ec) {
        acceptor.set_option(asio::socket_base::reuse_address(true), ec);
    }
    if (!ec) {
        acceptor.bind(endpoint, ec);
    }
    if (!ec) {
        acceptor.listen(asio::socket_base::max_listen_connections, ec);
    }
    if (ec) {
        return Error(ec, "rendezvous: listening on port " + std::to_string(endpoint.port()));
    }
    return std::unique_ptr<RendezvousServer>(new RendezvousServer(std::move(acceptor), limits));
}

awaitable<void> RendezvousServer::run() {
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        asio::steady_timer pause(acceptor_.get_executor());
        for (;;) {
            asio::ip::tcp::socket socket(acceptor_.get_executor());
            auto [ec] = co_await acceptor_.async_accept(socket, as_result);
            if (ec == asio::error::operation_aborted) {
                co_return;
            }
            if (ec) {
                pause.expires_after(kPause);
                auto [interrupted] = co_await pause.async_wait(as_result);
                (void)interrupted;
                continue;
            }
            const auto remote = socket.remote_endpoint(ec).address();
            const auto found = by_address_.find(remote);
            const bool is_crowd = found != by_address_.end() && found->second >= limits_.clients_per_address;
            if (ec || clients_ >= limits_.clients || is_crowd) {
                continue;  // closes it
            }
            auto place = std::make_unique<Place>(*this, remote);
            tasks.spawn(serve(std::move(socket), std::move(place)));
        }
    };
    co_await with_tasks(body);
}

awaitable<void> RendezvousServer::serve(asio::ip::tcp::socket socket, std::unique_ptr<Place> place) {
    const auto client = std::make_shared<Client>(std::move(socket), limits_.message_burst);
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        auto enrolled = co_await with_timeout(limits_.enrol, enrol_on(*client, tasks));
        if (!enrolled) {
            log.debug("client.refused", {{"error", enrolled.error()}});
            client->say(error_message(enrolled.error().message(), ""));
            co_return;
        }
        const auto before = by_name_.find(client->name);
        if (before != by_name_.end()) {
            before->second->wire.close();  // the same peer, again: the newer one counts
        }
        by_name_[client->name] = client;
        if (observer_) {
            observer_(client->name, true);
        }
        const auto end = co_await pass_on(*client);
        log.debug("client.gone", {{"peer", client->name}, {"error", end}});
    };
    co_await with_tasks(body);
    place.reset();
    const auto mine = by_name_.find(client->name);
    if (mine != by_name_.end() && mine->second == client) {
        by_name_.erase(mine);
        if (observer_) {
            observer_(client->name, false);
        }
    }
}

awaitable<result<void>> RendezvousServer::enrol_on(Client& client, TaskScope& tasks) {
    auto accepted = co_await client.wire.accept();
    if (!accepted) {
        co_return accepted.error();
    }
    tasks.spawn(client.wire.run());
    RendezvousMessage challenge;
    challenge.type = RendezvousMessage::Type::challenge;
    challenge.data = make_challenge();
    client.say(challenge);
    auto text = co_await client.wire.receive();
    if (!text) {
        co_return text.error();
    }
    auto message = parse_rendezvous_message(*text);
    if (!message) {
        co_return message.error();
    }
    auto peer = check_enrolment(*message, challenge.data);
    if (!peer) {
        co_return peer.error();
    }
    client.name = peer->to_string();
    RendezvousMessage enrolled;
    enrolled.type = RendezvousMessage::Type::enrolled;
    enrolled.to = client.name;
    client.say(enrolled);
    co_return ok();
}

/// Until the client has gone, or has done what it must not.
awaitable<Error> RendezvousServer::pass_on(Client& client) {
    using Type = RendezvousMessage::Type;
    for (;;) {
        auto text = co_await client.wire.receive();
        if (!text) {
            co_return text.error();
        }
        const auto now = Clock::now();
        const std::chrono::duration<double> passed = now - std::exchange(client.refilled, now);
        const auto filled = client.allowance + passed.count() * static_cast<double>(limits_.messages_per_second);
        client.allowance = std::min(filled, static_cast<double>(limits_.message_burst)) - 1;
        if (client.allowance < 0) {
            co_return Error(Errc::limit_exceeded, "more messages than limits.messages_per_second");
        }
        auto message = parse_rendezvous_message(*text);
        if (!message) {
            co_return message.error();
        }
        const bool is_passed_on =
            message->type == Type::offer || message->type == Type::answer || message->type == Type::candidate;
        if (!is_passed_on) {
            co_return Error(Errc::protocol_violation, "a message that clients do not send");
        }
        if (message->from != client.name) {
            co_return Error(Errc::protocol_violation, "a message in the name of " + message->from);
        }
        const auto found = by_name_.find(message->to);
        if (found == by_name_.end()) {
            client.say(error_message("nobody of that name is here", message->to));
            continue;
        }
        found->second->wire.send(std::move(*text));
    }
}

}  // namespace libp2p::webrtc
