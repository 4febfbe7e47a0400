// SPDX-License-Identifier: MIT OR Apache-2.0
// Boost.Beast, unchanged, over a libp2p stream: an HTTP server and a client.
#include <libp2p/asio_stream.hpp>
#include <libp2p/default_stack.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <exception>
#include <iostream>

using namespace libp2p;
namespace http = boost::beast::http;

constexpr auto kProtocol = "/example/http/1.1";

/// Serves requests until the peer has no more. Beast's exceptions end the stream.
awaitable<void> serve_http(std::unique_ptr<Stream> stream) {
    const auto who = stream->remote_peer().to_string();
    AsioStream http_stream(std::move(stream));
    boost::beast::flat_buffer buffer;
    for (;;) {
        http_stream.stream().expires_after(std::chrono::seconds(10));
        http::request<http::string_body> request;
        auto [ec, size] = co_await http::async_read(http_stream, buffer, request, as_result);
        if (ec == http::error::end_of_stream) {
            break;
        }
        http::response<http::string_body> response(ec ? http::status::bad_request : http::status::ok, 11);
        response.body() = "Hello, " + who + ". You asked for " + std::string(request.target()) + ".\n";
        response.keep_alive(request.keep_alive());
        response.prepare_payload();
        co_await http::async_write(http_stream, response, asio::use_awaitable);
    }
    co_await http_stream.stream().close_write();  // the peer may have gone already
}

awaitable<std::string> get(AsioStream& stream, std::string target) {
    http::request<http::empty_body> request(http::verb::get, target, 11);
    request.keep_alive(true);
    co_await http::async_write(stream, request, asio::use_awaitable);
    boost::beast::flat_buffer buffer;
    http::response<http::string_body> response;
    co_await http::async_read(stream, buffer, response, asio::use_awaitable);
    co_return response.body();
}

awaitable<void> browse(Host& server, Host& client) {
    server.handle(kProtocol, serve_http);
    (co_await server.listen(Multiaddr::parse("/ip4/127.0.0.1/tcp/0").value())).value();
    auto peer = (co_await client.connect(server.addresses().front())).value();
    AsioStream stream((co_await client.open_stream(peer, ProtocolId(kProtocol))).value());
    for (std::string target : {"/", "/index.html"}) {
        std::cout << co_await get(stream, target);
    }
    (co_await stream.stream().close_write()).value();
    co_await client.close();
    co_await server.close();
}

int main() {
    asio::io_context io;
    auto server_identity = Identity::generate();
    auto client_identity = Identity::generate();
    Host server(io.get_executor(), server_identity);
    Host client(io.get_executor(), client_identity);
    add_default_stack(server, server_identity);
    add_default_stack(client, client_identity);
    // Ends io.run(), which would else wait for hosts that were not closed.
    auto rethrow = [](std::exception_ptr failure) {
        if (failure) {
            std::rethrow_exception(failure);
        }
    };
    asio::co_spawn(io, browse(server, client), rethrow);
    io.run();
}
