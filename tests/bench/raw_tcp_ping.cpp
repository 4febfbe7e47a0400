// SPDX-License-Identifier: MIT OR Apache-2.0
// 32 octets there and back over a loopback TCP connection between two processes, with blocking sockets and nothing
// else: what a ping of ours is compared with. Prints one JSON object.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

constexpr int kRounds = 20'000;
constexpr std::size_t kSize = 32;

void require(bool condition, const char* what) {
    if (!condition) {
        std::perror(what);
        std::exit(1);
    }
}

void read_all(int fd, std::array<char, kSize>& into) {
    for (std::size_t done = 0; done < into.size();) {
        auto n = ::read(fd, into.data() + done, into.size() - done);
        require(n > 0, "read");
        done += static_cast<std::size_t>(n);
    }
}

void write_all(int fd, const std::array<char, kSize>& from) {
    require(::write(fd, from.data(), from.size()) == static_cast<ssize_t>(from.size()), "write");
}

int no_delay(int fd) {
    int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

}  // namespace

int main() {
    int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    require(::bind(listener, reinterpret_cast<sockaddr*>(&address), length) == 0, "bind");
    require(::listen(listener, 1) == 0, "listen");
    require(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) == 0, "getsockname");

    std::array<char, kSize> buffer{};
    auto child = ::fork();
    require(child >= 0, "fork");
    if (child == 0) {
        int fd = no_delay(::socket(AF_INET, SOCK_STREAM, 0));
        require(::connect(fd, reinterpret_cast<sockaddr*>(&address), length) == 0, "connect");
        for (int i = 0; i < kRounds; ++i) {
            read_all(fd, buffer);
            write_all(fd, buffer);
        }
        std::_Exit(0);
    }
    int fd = no_delay(::accept(listener, nullptr, nullptr));
    std::vector<double> samples;
    for (int i = 0; i < kRounds; ++i) {
        auto start = std::chrono::steady_clock::now();
        write_all(fd, buffer);
        read_all(fd, buffer);
        std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
        samples.push_back(took.count());
    }
    ::waitpid(child, nullptr, 0);
    std::nth_element(samples.begin(), samples.begin() + kRounds / 2, samples.end());
    std::printf("{\"raw_tcp_ping_ms\": %.5f}\n", samples[kRounds / 2]);
    return 0;
}
