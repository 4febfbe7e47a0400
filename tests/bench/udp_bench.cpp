// SPDX-License-Identifier: MIT OR Apache-2.0
// The UDP socket over loopback, one core for both ends: batches of 40 datagrams, then all of them read, with and
// without the kernel's segmentation (GSO) and coalescing (GRO). Prints JSON.
#include "transports/webrtc/udp_socket.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdio>

namespace {

using namespace libp2p;
using webrtc::UdpSocket;

constexpr std::size_t kDatagram = 1200;
constexpr std::size_t kBatch = 40;
constexpr std::size_t kTotal = 200'000;

/// Datagrams a second that arrive; 0 when a socket cannot be had.
double measure(bool segmentation, bool coalescing) {
    asio::io_context io;
    const UdpSocket::Endpoint loopback(asio::ip::address_v4::loopback(), 0);
    UdpSocket::Options options;
    options.segmentation = segmentation;
    options.coalescing = coalescing;
    auto sender = UdpSocket::bind(io.get_executor(), loopback, options);
    auto receiver = UdpSocket::bind(io.get_executor(), loopback, options);
    if (!sender || !receiver) {
        return 0;
    }
    const Bytes datagram(kDatagram, 1);
    Bytes buffer(UdpSocket::kReceiveBufferSize);
    std::size_t received = 0;
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t sent = 0; sent < kTotal; sent += kBatch) {
        for (std::size_t i = 0; i < kBatch; ++i) {
            (*sender)->send((*receiver)->local_endpoint(), datagram);
        }
        (*sender)->flush();
        for (;;) {
            error_code ec;
            const auto got = (*receiver)->receive(buffer, ec);
            if (ec) {
                break;
            }
            got.each([&](ByteView) { ++received; });
        }
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    return static_cast<double>(received) / took.count();
}

}  // namespace

int main() {
    const auto neither = measure(false, false);
    const auto sending = measure(true, false);
    const auto receiving = measure(false, true);
    const auto both = measure(true, true);
    std::printf(
        "{\"udp_plain_per_s\": %.0f, \"udp_gso_per_s\": %.0f, \"udp_gro_per_s\": %.0f, \"udp_gso_gro_per_s\": %.0f, "
        "\"udp_gso_gro_MBps\": %.1f}\n",
        neither,
        sending,
        receiving,
        both,
        both * kDatagram / 1e6
    );
    return 0;
}
