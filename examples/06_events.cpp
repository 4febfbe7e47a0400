// SPDX-License-Identifier: MIT OR Apache-2.0
// What happens in a host, as a sequence to await.
#include <libp2p/default_stack.hpp>
#include <libp2p/protocols/ping.hpp>
#include <libp2p/tasks.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <exception>
#include <iostream>

using namespace libp2p;

struct Print {
    void operator()(const PeerConnected& event) const { std::cout << "connected: " << event.peer << "\n"; }
    void operator()(const PeerDisconnected& event) const { std::cout << "disconnected: " << event.reason << "\n"; }
    void operator()(const ConnectionOpened& event) const {
        std::cout << "connection from " << event.connection->remote_address << "\n";
    }
    void operator()(const StreamOpened& event) const { std::cout << "stream: " << event.protocol << "\n"; }
    void operator()(const PeerIdentified& event) const { std::cout << "it runs " << event.info->agent << "\n"; }
    void operator()(const EventsMissed& event) const { std::cout << event.count << " events were missed\n"; }

    template <class Other>
    void operator()(const Other&) const {}  // the rest does not interest us
};

/// Ends by itself when the host is closed.
awaitable<void> watch(EventSubscription events) {
    while (auto event = co_await events.next()) {
        std::visit(Print(), *event);
    }
}

awaitable<void> make_something_happen(Host& server, Host& client) {
    (co_await server.listen(Multiaddr::parse("/ip4/127.0.0.1/tcp/0").value())).value();
    auto peer = (co_await client.connect(server.addresses().front())).value();
    (co_await client.identify(peer)).value();
    auto stream = (co_await client.open_stream(peer, ProtocolId(ping::kProtocol))).value();
    (co_await ping::ping(*stream)).value();
    co_await client.close();
    co_await server.close();
}

int main() {
    asio::io_context io;
    auto server_identity = Identity::generate();
    auto client_identity = Identity::generate();
    Host server(io.get_executor(), server_identity);
    Host client(io.get_executor(), client_identity);
    add_default_stack(server, server_identity);
    add_default_stack(client, client_identity);
    server.handle(ping::kProtocol, ping::serve);

    auto watched = asio::co_spawn(io, watch(server.subscribe().value()), asio::use_future);
    // Ends io.run(), which would else wait for hosts that were not closed.
    auto rethrow = [](std::exception_ptr failure) {
        if (failure) {
            std::rethrow_exception(failure);
        }
    };
    asio::co_spawn(io, make_something_happen(server, client), rethrow);
    io.run();
    watched.get();
}
