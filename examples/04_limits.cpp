// SPDX-License-Identifier: MIT OR Apache-2.0
// Limits of one's own, and what a refusal says: which limit, how much was used, and the setting that decides.
#include <libp2p/default_stack.hpp>
#include <libp2p/protocols/echo.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <iostream>

using namespace libp2p;

HostOptions small_host() {
    HostOptions options;
    options.limits.connection.streams_outbound = 4;
    options.limits.connection.streams = 4;
    options.limits.stream_window = 256 * kKiB;
    options.identify = false;  // it would take a stream now and then
    return options;
}

void print_usage(Host& host) {
    for (const auto& scope : host.resources().snapshot()) {
        std::cout << "  " << scope.name << ": " << scope.used.connections() << " connections, " << scope.used.streams()
                  << " streams, " << scope.used.memory / kKiB << " KiB\n";
    }
}

awaitable<void> run_into_a_limit(Host& server, Host& client) {
    (co_await server.listen(Multiaddr::parse("/ip4/127.0.0.1/tcp/0").value())).value();
    auto peer = (co_await client.connect(server.addresses().front())).value();

    std::vector<std::unique_ptr<Stream>> streams;
    for (;;) {
        auto stream = co_await client.open_stream(peer, ProtocolId(echo::kProtocol));
        if (!stream) {
            std::cout << "stream " << streams.size() + 1 << ": " << stream.error() << "\n";
            break;
        }
        streams.push_back(std::move(*stream));
    }
    print_usage(client);

    // A stream pays until it is destroyed; then there is room again.
    streams.pop_back();
    auto again = co_await client.open_stream(peer, ProtocolId(echo::kProtocol));
    std::cout << "after closing one: " << (again ? "a stream" : again.error().message()) << "\n";

    streams.clear();
    again = Error(Errc::shut_down);
    co_await client.close();
    co_await server.close();
    std::cout << "in use after close: " << client.resources().system_usage().memory << " octets\n";
}

int main() {
    asio::io_context io;
    auto server_identity = Identity::generate();
    auto client_identity = Identity::generate();
    Host server(io.get_executor(), server_identity);
    Host client(io.get_executor(), client_identity, small_host());
    add_default_stack(server, server_identity);
    add_default_stack(client, client_identity);
    server.handle(echo::kProtocol, echo::serve);
    // Ends io.run(), which would else wait for hosts that were not closed.
    auto rethrow = [](std::exception_ptr failure) {
        if (failure) {
            std::rethrow_exception(failure);
        }
    };
    asio::co_spawn(io, run_into_a_limit(server, client), rethrow);
    io.run();
}
