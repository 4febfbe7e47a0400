// SPDX-License-Identifier: MIT OR Apache-2.0
// What an idle connection, an idle stream and a half-made connection hold on the heap. Two hosts in one process over
// loopback; what both sides hold together is halved. Prints one JSON object.
#include "tests/bench/roomy.hpp"
#include "tests/integration/hosts.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>
#include <vector>

namespace {

using namespace libp2p;
using namespace std::chrono_literals;
using test::Node;
using test::pause;
using test::roomy;

constexpr std::size_t kConnections = 200;
constexpr std::size_t kStreams = 1000;

double heap() {
    return static_cast<double>(::mallinfo2().uordblks);
}

/// A handler with next to nothing of its own: answers octets, and waits for more.
awaitable<void> answer(std::unique_ptr<Stream> stream) {
    std::array<std::uint8_t, 16> buffer{};
    for (;;) {
        auto got = co_await stream->read_some(buffer);
        if (!got) {
            co_return;
        }
        (void)co_await write(*stream, ByteView(buffer).first(*got));
    }
}

awaitable<void> settle() {
    return pause(1500ms);
}

/// A socket of the system's alone, which holds nothing on the heap: only the other side is to be counted.
class BareSocket {
public:
    BareSocket(std::uint16_t port, ByteView greeting) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
        asio::ip::tcp::endpoint target(asio::ip::address_v4::loopback(), port);
        if (::connect(descriptor_, target.data(), static_cast<socklen_t>(target.size())) != 0 ||
            ::send(descriptor_, greeting.data(), greeting.size(), 0) != static_cast<ssize_t>(greeting.size())) {
            throw std::system_error(errno, std::generic_category(), "bare socket");
        }
    }
    BareSocket(BareSocket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    BareSocket& operator=(BareSocket&&) = delete;
    ~BareSocket() {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }

private:
    int descriptor_;
};

/// What `count` sockets cost a listener that got `greeting` from each and nothing more.
awaitable<double> half_made(std::uint16_t port, ByteView greeting, std::size_t count) {
    std::vector<BareSocket> clients;
    clients.reserve(count);
    const auto before = heap();
    for (std::size_t i = 0; i < count; ++i) {
        clients.emplace_back(port, greeting);
        co_await pause(0ms);  // the listener accepts it
    }
    co_await settle();
    co_return (heap() - before) / static_cast<double>(count);
}

awaitable<void> measure(asio::io_context& io) {
    Node dialer(io, roomy());
    Node listener(io, roomy());
    const ProtocolId protocol("/answer/1.0.0");
    listener.host.handle(protocol, answer);
    auto address = co_await test::listen(listener);
    auto text = address.without_peer()->to_string();
    auto port = static_cast<std::uint16_t>(std::stoi(text.substr(text.rfind('/') + 1)));

    auto warm = co_await dialer.host.connect(address);
    co_await settle();
    DialOptions fresh;
    fresh.fresh = true;
    auto before = heap();
    for (std::size_t i = 0; i < kConnections; ++i) {
        auto peer = co_await dialer.host.connect(address, fresh);
        if (!peer) {
            std::fprintf(stderr, "connect: %s\n", peer.error().message().c_str());
            co_return;
        }
    }
    co_await settle();
    const auto connection = (heap() - before) / kConnections / 2;

    std::vector<std::unique_ptr<Stream>> streams;
    streams.reserve(kStreams);
    before = heap();
    Bytes octet(1);
    for (std::size_t i = 0; i < kStreams; ++i) {
        auto stream = co_await dialer.host.open_stream(*warm, protocol);
        (void)co_await write(**stream, octet);
        (void)co_await read_exactly(**stream, octet);
        streams.push_back(std::move(*stream));
    }
    co_await settle();
    const auto stream = (heap() - before) / kStreams / 2;
    streams.clear();
    co_await settle();

    const auto silent = co_await half_made(port, {}, kConnections);
    // multistream header, /noise, and a first Noise message (an ephemeral key: the base point).
    Bytes greeting;
    for (std::string_view part : {std::string_view("\x13/multistream/1.0.0\n"), std::string_view("\x07/noise\n")}) {
        greeting.insert(greeting.end(), part.begin(), part.end());
    }
    greeting.insert(greeting.end(), {0, 32, 9});
    greeting.resize(greeting.size() + 31);
    const auto in_noise = co_await half_made(port, greeting, kConnections);

    std::printf(
        "{\"idle_connection_bytes\": %.0f, \"idle_stream_bytes\": %.0f, \"silent_inbound_bytes\": %.0f, "
        "\"inbound_in_noise_bytes\": %.0f}\n",
        connection,
        stream,
        silent,
        in_noise
    );
    co_await dialer.host.close();
    co_await listener.host.close();
}

}  // namespace

int main() {
    asio::io_context io(1);
    asio::co_spawn(io, measure(io), [](std::exception_ptr failure) {
        if (failure) {
            std::rethrow_exception(failure);
        }
    });
    io.run();
    return 0;
}
