// SPDX-License-Identifier: MIT OR Apache-2.0
// A host inside an application that has its own io_context, timer and socket: a line sent to the application's TCP port
// comes back through a libp2p peer, while a timer ticks.
#include <libp2p/default_stack.hpp>
#include <libp2p/protocols/echo.hpp>
#include <libp2p/tasks.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <exception>
#include <iostream>

using namespace libp2p;
using asio::ip::tcp;

constexpr auto kMessage = std::string_view("over a socket, then over libp2p\n");

awaitable<void> tick(int& ticks) {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    for (; ticks < 3; ++ticks) {
        timer.expires_after(std::chrono::milliseconds(1));
        co_await timer.async_wait(asio::use_awaitable);  // throws when the scope is cancelled
    }
}

/// The application's own server: passes one message on to `peer` and brings the answer back.
awaitable<void> bridge(Host& host, PeerId peer, tcp::acceptor& acceptor) {
    auto socket = co_await acceptor.async_accept(asio::use_awaitable);
    auto stream = (co_await host.open_stream(peer, ProtocolId(echo::kProtocol))).value();
    std::array<std::uint8_t, kMessage.size()> message;
    co_await asio::async_read(socket, asio::buffer(message), asio::use_awaitable);
    (co_await write(*stream, message)).value();
    (co_await read_exactly(*stream, message)).value();
    co_await asio::async_write(socket, asio::buffer(message), asio::use_awaitable);
}

awaitable<void> application(Host& host, Host& far_host) {
    (co_await far_host.listen(Multiaddr::parse("/ip4/127.0.0.1/tcp/0").value())).value();
    auto peer = (co_await host.connect(far_host.addresses().front())).value();
    auto executor = co_await asio::this_coro::executor;
    tcp::acceptor acceptor(executor, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    int ticks = 0;
    auto work = [&](TaskScope& tasks) -> awaitable<void> {  // however it ends, no task outlives it
        tasks.spawn(tick(ticks));
        tasks.spawn(bridge(host, peer, acceptor));
        tcp::socket user(executor);
        co_await user.async_connect(acceptor.local_endpoint(), asio::use_awaitable);
        co_await asio::async_write(user, asio::buffer(kMessage), asio::use_awaitable);
        std::array<char, kMessage.size()> answer;
        co_await asio::async_read(user, asio::buffer(answer), asio::use_awaitable);
        std::cout << std::string_view(answer.data(), answer.size());
        co_await tasks.join();  // else what is left would be cancelled here
    };
    co_await with_tasks(work);
    std::cout << "the timer ticked " << ticks << " times\n";
    co_await host.close();
    co_await far_host.close();
}

int main() {
    asio::io_context io;  // the application's; libp2p makes no threads and no context of its own
    auto identities = std::array{Identity::generate(), Identity::generate()};
    Host host(io.get_executor(), identities[0]);
    Host far_host(io.get_executor(), identities[1]);
    add_default_stack(host, identities[0]);
    add_default_stack(far_host, identities[1]);
    far_host.handle(echo::kProtocol, echo::serve);
    // Ends io.run(), which would else wait for hosts that were not closed.
    auto rethrow = [](std::exception_ptr failure) {
        if (failure) {
            std::rethrow_exception(failure);
        }
    };
    asio::co_spawn(io, application(host, far_host), rethrow);
    io.run();
}
