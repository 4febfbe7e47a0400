// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What a stranger's first program does: make a host of the installed library, listen, close.
#include <libp2p/default_stack.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <iostream>

libp2p::awaitable<void> run(libp2p::Host& host) {
    auto address = libp2p::Multiaddr::parse("/ip4/127.0.0.1/tcp/0").value();
    auto bound = co_await host.listen(address);
    std::cout << bound.value() << "/p2p/" << host.id() << '\n';
    co_await host.close();
}

int main() {
    boost::asio::io_context io(1);
    auto identity = libp2p::Identity::generate();
    libp2p::Host host(io.get_executor(), identity);
    libp2p::add_default_stack(host, identity);
    boost::asio::co_spawn(io, run(host), [](std::exception_ptr failure) {
        if (failure) {
            std::rethrow_exception(failure);
        }
    });
    io.run();
    return 0;
}
