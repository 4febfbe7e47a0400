// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/integration/hosts.hpp"
#include "transports/webrtc/udp_socket.hpp"

#include <boost/asio/ip/address.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <array>

/// A UDP socket that somebody else made, and still uses.
namespace libp2p::test {
namespace {

using webrtc::UdpSocket;

TEST(SharedUdpSocket, IsReadByEitherSide) {
    asio::io_context io;
    run(io, [&]() -> awaitable<void> {
        const asio::ip::address loopback = asio::ip::make_address("127.0.0.1");
        asio::ip::udp::socket owner(io, {loopback, 0});
        asio::ip::udp::socket remote(io, {loopback, 0});
        auto adopted = UdpSocket::adopt(io.get_executor(), ::dup(owner.native_handle()), {});
        EXPECT_TRUE(adopted);
        auto& socket = **adopted;
        EXPECT_EQ(socket.local_endpoint(), owner.local_endpoint());
        EXPECT_FALSE(socket.peek());
        for (const std::uint8_t first : std::array<std::uint8_t, 2>{0x00, 0x16}) {
            const std::array<std::uint8_t, 3> datagram{first, 1, 2};
            remote.send_to(asio::buffer(datagram), owner.local_endpoint());
        }
        auto readable = co_await socket.wait_readable();
        EXPECT_TRUE(readable);
        EXPECT_EQ(socket.peek(), 0x00);
        EXPECT_EQ(socket.peek(), 0x00) << "looking takes nothing";
        std::array<std::uint8_t, 16> buffer{};
        EXPECT_EQ(owner.receive(asio::buffer(buffer)), 3U);
        EXPECT_EQ(socket.peek(), 0x16);
        static std::array<std::uint8_t, UdpSocket::kReceiveBufferSize> large;
        error_code ec;
        const auto received = socket.receive(large, ec);
        EXPECT_FALSE(ec);
        EXPECT_EQ(received.octets.size(), 3U);
        EXPECT_EQ(received.from, remote.local_endpoint());
        socket.close();
        EXPECT_FALSE(socket.peek());
        EXPECT_TRUE(owner.is_open());
    }());
}

TEST(SharedUdpSocket, RefusesWhatIsNone) {
    asio::io_context io;
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    EXPECT_FALSE(UdpSocket::adopt(io.get_executor(), ends[0], {}));
    EXPECT_NE(::close(ends[0]), 0) << "it was closed";
    ::close(ends[1]);
}

}  // namespace
}  // namespace libp2p::test
