// SPDX-License-Identifier: MIT OR Apache-2.0
// A peer that C++ programs reach over TCP and browsers over WebRTC-Direct, with one handler for both. The key in the
// file that is the first argument (made when there is none) keeps its addresses the same from run to run.
#include <libp2p/default_stack.hpp>
#include <libp2p/key_file.hpp>
#include <libp2p/protocols/echo.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_future.hpp>

#include <filesystem>
#include <iostream>

using namespace libp2p;

/// The certificate that browsers know the host by follows from this key.
Identity identity_in(const std::filesystem::path& file) {
    if (std::filesystem::exists(file)) {
        return load_identity(file).value();
    }
    auto identity = Identity::generate();
    save_identity(identity, file).value();
    return identity;
}

awaitable<void> echo_handler(std::unique_ptr<Stream> stream) {
    std::cout << "a stream over " << stream->connection().transport << std::endl;
    co_await echo::serve(std::move(stream));
}

awaitable<void> serve(Host& host, std::string port) {
    (co_await host.listen(Multiaddr::parse("/ip4/127.0.0.1/tcp/" + port).value())).value();
    (co_await host.listen(Multiaddr::parse("/ip4/127.0.0.1/udp/" + port + "/webrtc-direct").value())).value();
    for (const auto& address : host.addresses()) {
        std::cout << address << std::endl;
    }
    asio::signal_set stop(host.executor(), SIGINT, SIGTERM);
    co_await stop.async_wait(asio::use_awaitable);
    co_await host.close();
}

int main(int count, char** arguments) {
    if (count < 2 || count > 3) {
        std::cerr << "usage: 09_webrtc_direct KEYFILE [PORT]\n";
        return 2;
    }
    asio::io_context io;
    auto identity = identity_in(arguments[1]);
    std::cout << "certhash " << webrtc_certificate(identity).certhash << std::endl;
    Host host(io.get_executor(), identity);
    add_default_stack(host, identity);
    host.handle(std::string(echo::kProtocol), echo_handler);
    auto served = asio::co_spawn(io, serve(host, count > 2 ? arguments[2] : "0"), asio::use_future);
    io.run();
    served.get();
}
