// SPDX-License-Identifier: MIT OR Apache-2.0
// Says hello to the echo server whose address is the first argument.
#include <libp2p/default_stack.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <iostream>

using namespace libp2p;

awaitable<void> say_hello(Host& host, std::string address) {
    auto peer = (co_await host.connect(Multiaddr::parse(address).value())).value();
    auto stream = (co_await host.open_stream(peer, ProtocolId("/echo/1.0.0"))).value();
    (co_await write(*stream, as_bytes("hello"))).value();
    (co_await stream->close_write()).value();
    Bytes answer(5);
    (co_await read_exactly(*stream, answer)).value();
    std::cout << as_text(answer) << std::endl;
    co_await host.close();
}

int main(int count, char** arguments) {
    if (count != 2) {
        std::cerr << "usage: 02_echo_client MULTIADDR\n";
        return 2;
    }
    asio::io_context io;
    auto identity = Identity::generate();
    Host host(io.get_executor(), identity);
    add_default_stack(host, identity);
    // Ends io.run(), which would else wait for hosts that were not closed.
    auto rethrow = [](std::exception_ptr failure) {
        if (failure) {
            std::rethrow_exception(failure);
        }
    };
    asio::co_spawn(io, say_hello(host, arguments[1]), rethrow);
    try {
        io.run();
    } catch (const std::exception& failure) {
        std::cerr << failure.what() << "\n";
        return 1;
    }
}
