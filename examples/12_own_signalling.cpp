// SPDX-License-Identifier: MIT OR Apache-2.0
// Two peers that talk over WebRTC after the application has carried their messages, here through letter boxes in
// memory. The letters are not trusted: the peers prove themselves to each other.
#include "examples/letter_boxes.hpp"

#include <libp2p/host.hpp>
#include <libp2p/private_webrtc.hpp>
#include <libp2p/protocols/ping.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <iostream>

awaitable<void> ping_over_letters(Host& server, Host& client) {
    auto address = Multiaddr::parse("/memory/1/webrtc").value();
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
    Host server(io.get_executor(), Identity::generate());
    Host client(io.get_executor(), Identity::generate());
    PrivateWebRtcOptions options;
    options.local_addresses = {"127.0.0.1"};
    auto post = std::make_shared<PostOffice>(io.get_executor());
    for (auto* host : {&server, &client}) {
        auto letters = std::make_shared<Letters>(post, host->id());
        host->add_transport(make_private_webrtc_transport(host->services(), std::move(letters), options));
    }
    server.handle(ping::kProtocol, ping::serve);
    // Ends io.run(), which would else wait for hosts that were not closed.
    auto rethrow = [](std::exception_ptr failure) {
        if (failure) {
            std::rethrow_exception(failure);
        }
    };
    asio::co_spawn(io, ping_over_letters(server, client), rethrow);
    io.run();
}
