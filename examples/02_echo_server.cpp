// SPDX-License-Identifier: MIT OR Apache-2.0
// A peer that sends back what it is sent.
#include <libp2p/default_stack.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <iostream>

using namespace libp2p;

awaitable<void> echo(std::unique_ptr<Stream> stream) {
    Bytes buffer(4096);
    while (auto got = co_await stream->read_some(buffer)) {
        (co_await write(*stream, ByteView(buffer).first(*got))).value();
    }
    (co_await stream->close_write()).value();
}

awaitable<void> listen(Host& host, std::string address) {
    (co_await host.listen(Multiaddr::parse(address).value())).value();
    std::cout << host.addresses().front() << std::endl;
}

int main() {
    asio::io_context io;
    auto identity = Identity::generate();
    Host host(io.get_executor(), identity);
    add_default_stack(host, identity);
    host.handle("/echo/1.0.0", echo);
    auto listening = asio::co_spawn(io, listen(host, "/ip4/127.0.0.1/tcp/0"), asio::use_future);
    io.run();
    listening.get();
}
