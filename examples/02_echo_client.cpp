// SPDX-License-Identifier: MIT OR Apache-2.0
// Says hello to the echo server whose address is the first argument.
#include <libp2p/default_stack.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <iostream>

using namespace libp2p;

awaitable<void> say_hello(Host& host, Multiaddr address) {
    auto peer = (co_await host.connect(address)).value();
    auto stream = (co_await host.open_stream(peer, ProtocolId("/echo/1.0.0"))).value();
    (co_await write(*stream, as_bytes("hello"))).value();
    Bytes answer(5);
    (co_await read_exactly(*stream, answer)).value();
    std::cout << as_text(answer) << std::endl;
    co_await host.close();
}

int main(int, char** arguments) {
    boost::asio::io_context io;
    auto identity = Identity::generate();
    Host host(io.get_executor(), identity);
    add_default_stack(host, identity);
    auto address = Multiaddr::parse(arguments[1]).value();
    boost::asio::co_spawn(io, say_hello(host, address), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    });
    io.run();
}
