// SPDX-License-Identifier: MIT OR Apache-2.0
// A transport that libp2p does not know, see unix_transport.hpp: limits, events, identify and protocols work over it.
#include "examples/unix_transport.hpp"

#include <libp2p/host.hpp>
#include <libp2p/muxers.hpp>
#include <libp2p/protocols/ping.hpp>
#include <libp2p/security_protocols.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <unistd.h>

#include <exception>
#include <iostream>

void add_unix_stack(Host& host, const Identity& identity) {
    host.add_security(make_noise(identity));
    host.add_muxer(make_yamux(host.services().limits(), host.services().timeouts()));
    host.add_transport(std::make_unique<UnixTransport>(host.services()));
}

awaitable<void> ping_over_unix(Host& server, Host& client, Multiaddr address) {
    (co_await server.listen(address)).value();
    std::vector<Multiaddr> addresses{address};
    auto peer = (co_await client.connect(server.id(), addresses)).value();
    auto stream = (co_await client.open_stream(peer, ProtocolId(ping::kProtocol))).value();
    auto time = (co_await ping::ping(*stream)).value();
    std::cout << stream->connection().transport << ": " << time.count() / 1000 << " us\n";
    co_await client.close();
    co_await server.close();
}

int main() {
    asio::io_context io;
    auto server_identity = Identity::generate();
    auto client_identity = Identity::generate();
    Host server(io.get_executor(), server_identity);
    Host client(io.get_executor(), client_identity);
    add_unix_stack(server, server_identity);
    add_unix_stack(client, client_identity);
    server.handle(ping::kProtocol, ping::serve);

    const auto path = "/tmp/libp2p-example-" + std::to_string(getpid()) + ".sock";
    auto address = Multiaddr::parse("/unix" + path).value();
    // Ends io.run(), which would else wait for hosts that were not closed.
    auto rethrow = [](std::exception_ptr failure) {
        if (failure) {
            std::rethrow_exception(failure);
        }
    };
    asio::co_spawn(io, ping_over_unix(server, client, address), rethrow);
    io.run();
    unlink(path.c_str());
}
