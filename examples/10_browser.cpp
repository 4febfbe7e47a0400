// SPDX-License-Identifier: MIT OR Apache-2.0
// A chat for browsers: 10_browser FOLDER [PORT] serves the page in FOLDER (tools/web), which dials over WebRTC-Direct.
#include "examples/http_page.hpp"

#include <libp2p/default_stack.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_future.hpp>

#include <iostream>
#include <list>

using namespace libp2p;
using asio::ip::tcp;
using Outbox = asio::experimental::channel<void(error_code, std::string)>;

awaitable<void> tell(Stream& stream, Outbox& outbox) {
    for (bool told = true; told;) {
        auto message = co_await outbox.async_receive(asio::use_awaitable);
        auto sent = co_await write_delimited(stream, as_bytes(message));
        told = sent.has_value();
    }
}

/// Everybody in the room reads what anybody says: messages with their length in front, to which it adds who it was.
awaitable<void> chat(std::list<Outbox>& room, std::unique_ptr<Stream> stream) {
    const auto name = stream->remote_peer().to_string().substr(46);
    const auto own = room.emplace(room.end(), stream->executor(), 32);
    auto talk = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(tell(*stream, *own));
        while (auto text = co_await read_delimited(*stream, 1024)) {
            for (auto& member : room) {  // who does not read loses what does not fit
                member.try_send(error_code(), name + "\n" + std::string(as_text(*text)));
            }
        }
    };
    co_await with_tasks(talk);
    room.erase(own);
}

awaitable<void> serve(Host& host, std::string folder, std::uint16_t port) {
    (co_await host.listen(Multiaddr::parse("/ip4/127.0.0.1/udp/0/webrtc-direct").value())).value();
    const auto address = host.addresses().front().to_string();
    tcp::acceptor acceptor(host.executor(), tcp::endpoint(asio::ip::address_v4::loopback(), port));
    std::cout << address << "\nhttp://127.0.0.1:" << acceptor.local_endpoint().port() << "/" << std::endl;
    asio::signal_set stop(host.executor(), SIGINT, SIGTERM);
    auto work = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(example::serve_page(acceptor, folder, address));
        co_await stop.async_wait(asio::use_awaitable);
    };
    co_await with_tasks(work);
    co_await host.close();
}

int main(int count, char** arguments) {
    if (count < 2 || count > 3) {
        std::cerr << "usage: 10_browser FOLDER [PORT]\n";
        return 2;
    }
    asio::io_context io;
    std::list<Outbox> room;
    auto identity = Identity::generate();
    Host host(io.get_executor(), identity);
    add_default_stack(host, identity);
    host.handle("/p2p-chat/1.0.0", [&room](auto stream) { return chat(room, std::move(stream)); });
    const auto port = static_cast<std::uint16_t>(count > 2 ? std::stoi(arguments[2]) : 0);
    auto served = asio::co_spawn(io, serve(host, arguments[1], port), asio::use_future);
    io.run();
    served.get();
}
