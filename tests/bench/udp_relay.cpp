// SPDX-License-Identifier: MIT OR Apache-2.0
// A link for UDP that is worse than loopback: udp_relay PORT DELAY_MS LOSS_PERCENT. Listens on a free port of
// 127.0.0.1, which it prints as JSON, and relays to PORT and back, each datagram DELAY_MS late or, LOSS_PERCENT of
// them, never. Ends with its standard input.
#include "transports/webrtc/udp_socket.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <random>

namespace {

using namespace libp2p;
using webrtc::UdpSocket;
using Clock = std::chrono::steady_clock;

/// More is lost, as in a router.
constexpr std::size_t kMaxHeld = 64 * 1024 * 1024;

class Relay {
public:
    Relay(asio::io_context& io, std::uint16_t port, std::chrono::milliseconds delay, double loss)
        : io_(io),
          target_(asio::ip::address_v4::loopback(), port),
          delay_(delay),
          loss_(loss),
          timer_(io),
          front_(open()) {
        spawn(*front_, [this](ByteView datagram, const UdpSocket::Endpoint& from) {
            hold(client(from), target_, datagram);
        });
    }

    std::uint16_t port() const { return front_->local_endpoint().port(); }

private:
    using Take = std::function<void(ByteView, const UdpSocket::Endpoint&)>;

    /// Hands what a socket receives to a function.
    struct Inlet final : UdpSocket::Receiver {
        Inlet(Relay& the_relay, Take the_take) : relay(the_relay), take(std::move(the_take)) {}
        void on_datagram(ByteView datagram, const UdpSocket::Endpoint& source) override { take(datagram, source); }
        void on_burst_end() override { relay.deliver(); }

        Relay& relay;
        Take take;
    };

    struct Held {
        Clock::time_point due;
        UdpSocket* through;
        UdpSocket::Endpoint to;
        Bytes octets;
    };

    std::unique_ptr<UdpSocket> open() {
        return UdpSocket::bind(io_.get_executor(), {asio::ip::address_v4::loopback(), 0}).value();
    }

    void spawn(UdpSocket& socket, Take take) {
        inlets_.push_back(std::make_unique<Inlet>(*this, std::move(take)));
        asio::co_spawn(io_, socket.receive_all(*inlets_.back()), asio::detached);
        asio::co_spawn(io_, socket.run(), asio::detached);
    }

    /// The socket that stands for a client before the target.
    UdpSocket& client(const UdpSocket::Endpoint& from) {
        auto& socket = clients_[from];
        if (!socket) {
            socket = open();
            spawn(*socket, [this, from](ByteView datagram, const UdpSocket::Endpoint&) {
                hold(*front_, from, datagram);
            });
        }
        return *socket;
    }

    void hold(UdpSocket& through, const UdpSocket::Endpoint& to, ByteView datagram) {
        if (draw_(random_) < loss_ || held_size_ > kMaxHeld) {
            return;
        }
        held_size_ += datagram.size();
        held_.push_back({Clock::now() + delay_, &through, to, Bytes(datagram.begin(), datagram.end())});
    }

    void deliver() {
        const auto now = Clock::now();
        while (!held_.empty() && held_.front().due <= now) {
            auto& first = held_.front();
            first.through->send(first.to, first.octets);
            held_size_ -= first.octets.size();
            held_.pop_front();
        }
        front_->flush();
        for (auto& [from, socket] : clients_) {
            socket->flush();
        }
        if (!held_.empty() && !is_waiting_) {
            is_waiting_ = true;
            timer_.expires_at(held_.front().due);
            timer_.async_wait([this](error_code) {
                is_waiting_ = false;
                deliver();
            });
        }
    }

    asio::io_context& io_;
    UdpSocket::Endpoint target_;
    std::chrono::milliseconds delay_;
    double loss_;
    std::minstd_rand random_{1};
    std::uniform_real_distribution<double> draw_;
    asio::steady_timer timer_;
    bool is_waiting_ = false;
    std::deque<Held> held_;
    std::size_t held_size_ = 0;
    std::vector<std::unique_ptr<Inlet>> inlets_;
    std::unique_ptr<UdpSocket> front_;
    std::map<UdpSocket::Endpoint, std::unique_ptr<UdpSocket>> clients_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: udp_relay PORT DELAY_MS LOSS_PERCENT\n");
        return 1;
    }
    asio::io_context io(1);
    Relay relay(
        io,
        static_cast<std::uint16_t>(std::atoi(argv[1])),
        std::chrono::milliseconds(std::atoi(argv[2])),
        std::atof(argv[3]) / 100
    );
    std::printf("{\"port\": %u}\n", relay.port());
    std::fflush(stdout);
    asio::posix::stream_descriptor input(io, 0);
    std::array<char, 1> octet{};
    input.async_read_some(asio::buffer(octet), [&](error_code, std::size_t) { io.stop(); });
    io.run();
    input.release();
    return 0;
}
