// SPDX-License-Identifier: MIT OR Apache-2.0
// Two hosts in one process: one answers pings, the other one measures the round trip.
#include <libp2p/default_stack.hpp>
#include <libp2p/protocols/ping.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <iostream>

using namespace libp2p;

awaitable<void> ping_each_other(Host& server, Host& client) {
    auto any_port = Multiaddr::parse("/ip4/127.0.0.1/tcp/0").value();
    (co_await server.listen(any_port)).value();
    auto address = server.addresses().front();

    // Errors are values; .value() turns them into exceptions, which is all that an example needs.
    auto peer = (co_await client.connect(address)).value();
    auto stream = (co_await client.open_stream(peer, ProtocolId(ping::kProtocol))).value();
    stream->expires_after(std::chrono::seconds(5));
    for (int i = 0; i < 3; ++i) {
        auto time = (co_await ping::ping(*stream)).value();
        std::cout << address << ": " << time.count() / 1000 << " us\n";
    }

    co_await client.close();
    co_await server.close();  // nothing is left to do, so io.run() returns
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

    // Ends io.run(), which would else wait for hosts that were not closed.
    auto rethrow = [](std::exception_ptr failure) {
        if (failure) {
            std::rethrow_exception(failure);
        }
    };
    asio::co_spawn(io, ping_each_other(server, client), rethrow);
    io.run();
}
