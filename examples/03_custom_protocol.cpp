// SPDX-License-Identifier: MIT OR Apache-2.0
// A protocol of one's own: requests and answers, each a message with its length in front, and a handler with state.
#include <libp2p/default_stack.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <iostream>
#include <map>

using namespace libp2p;

constexpr auto kProtocol = "/example/scores/1.0.0";
constexpr std::size_t kLongestName = 64;

/// Counts how often each name was called, for all peers together.
class Scores {
public:
    awaitable<void> serve(std::unique_ptr<Stream> stream) {
        for (;;) {
            stream->expires_after(std::chrono::seconds(30));  // a silent peer does not keep us for ever
            auto name = co_await read_delimited(*stream, kLongestName);
            if (!name) {
                break;  // the peer has finished, or broke the rules
            }
            auto score = std::to_string(++scores_[std::string(as_text(*name))]);
            auto sent = co_await write_delimited(*stream, as_bytes(score));
            if (!sent) {
                co_return;  // nobody is left to answer
            }
        }
        (void)co_await stream->close_write();  // a polite end: without it, returning resets the stream
    }

private:
    std::map<std::string, int> scores_;  // a real server bounds this
};

awaitable<result<std::string>> ask(Stream& stream, std::string name) {
    auto sent = co_await write_delimited(stream, as_bytes(name));
    if (!sent) {
        co_return sent.error();
    }
    auto answer = co_await read_delimited(stream, kLongestName);
    if (!answer) {
        co_return answer.error();
    }
    co_return std::string(as_text(*answer));
}

awaitable<void> play(Host& server, Host& client) {
    auto scores = std::make_shared<Scores>();
    server.handle(kProtocol, [scores](std::unique_ptr<Stream> stream) { return scores->serve(std::move(stream)); });
    (co_await server.listen(Multiaddr::parse("/ip4/127.0.0.1/tcp/0").value())).value();

    auto peer = (co_await client.connect(server.addresses().front())).value();
    auto stream = (co_await client.open_stream(peer, ProtocolId(kProtocol))).value();
    for (std::string name : {"ada", "grace", "ada"}) {
        auto score = (co_await ask(*stream, name)).value();
        std::cout << name << ": " << score << "\n";
    }
    (co_await stream->close_write()).value();
    auto end = co_await read_delimited(*stream, kLongestName);
    std::cout << "then: " << end.error() << "\n";
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
    asio::co_spawn(io, play(server, client), rethrow);
    io.run();
}
