// SPDX-License-Identifier: MIT OR Apache-2.0
// A relay, and two hosts that talk through it: one listens at the relay, the other dials it there. In real life they
// are three programs on three machines.
#include <libp2p/default_stack.hpp>
#include <libp2p/protocols/echo.hpp>
#include <libp2p/protocols/relay_service.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <iostream>

using namespace libp2p;

/// A host that can relay, listen at relays and dial through them.
struct Node {
    explicit Node(asio::io_context& io) : identity(Identity::generate()), host(io.get_executor(), identity) {
        add_default_stack(host, identity);
    }

    Identity identity;
    Host host;
};

awaitable<std::string> say(Stream& stream, std::string text) {
    (co_await write(stream, as_bytes(text))).value();
    std::string answer(text.size(), '\0');
    const MutableByteView into(reinterpret_cast<std::uint8_t*>(answer.data()), answer.size());
    (co_await read_exactly(stream, into)).value();
    co_return answer;
}

awaitable<void> talk(Host& middle, Host& hidden, Host& dialer) {
    auto bound = (co_await middle.listen(Multiaddr::parse("/ip4/127.0.0.1/tcp/0").value())).value();
    const auto circuit = Multiaddr::parse("/p2p-circuit").value();
    (co_await hidden.listen(bound.with_peer(middle.id()).encapsulate(circuit).value())).value();
    const auto address = hidden.addresses().front();
    std::cout << "reached at " << address << std::endl;

    (co_await dialer.connect(address)).value();
    OpenStreamOptions consent;
    consent.allow_limited = true;  // where the relay sets a limit, streams need our consent
    auto stream = (co_await dialer.open_stream(hidden.id(), ProtocolId(echo::kProtocol), consent)).value();
    const auto answer = co_await say(*stream, "hello through a relay");
    std::cout << "over " << stream->connection().transport << ": " << answer << std::endl;

    stream.reset();
    co_await dialer.close();
    co_await hidden.close();
    co_await middle.close();
}

int main() {
    asio::io_context io;
    Node middle(io);
    Node hidden(io);
    Node dialer(io);
    auto& host = middle.host;
    relay::RelayServiceOptions options;
    options.limits = relay::carry_traffic();
    relay::RelayService service(host, options);
    hidden.host.handle(echo::kProtocol, echo::serve);
    auto talked = asio::co_spawn(io, talk(middle.host, hidden.host, dialer.host), asio::use_future);
    io.run();
    talked.get();
}
