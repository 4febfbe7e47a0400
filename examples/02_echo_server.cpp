// SPDX-License-Identifier: MIT OR Apache-2.0
// A peer that sends back what it is sent.
#include <libp2p/default_stack.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <array>
#include <iostream>

using namespace libp2p;

awaitable<void> echo(std::unique_ptr<Stream> stream) {
    std::array<std::uint8_t, 4096> buffer;
    while (auto got = co_await stream->read_some(buffer)) {
        (co_await write(*stream, ByteView(buffer).first(*got))).value();
    }
    (co_await stream->close_write()).value();
}

awaitable<void> serve(Host& host) {
    host.handle("/echo/1.0.0", echo);
    auto anywhere = Multiaddr::parse("/ip4/0.0.0.0/tcp/0").value();
    (co_await host.listen(anywhere)).value();
    std::cout << host.addresses().front() << std::endl;
}

int main() {
    boost::asio::io_context io;
    auto identity = Identity::generate();
    Host host(io.get_executor(), identity);
    add_default_stack(host, identity);
    boost::asio::co_spawn(io, serve(host), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    });
    io.run();
}
