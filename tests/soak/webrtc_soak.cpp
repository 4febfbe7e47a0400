// SPDX-License-Identifier: MIT OR Apache-2.0
// Connect, transfer and close over WebRTC-Direct, at random, on a link that loses datagrams, for as long as it takes to
// see whether anything is left behind: webrtc_soak [--seconds N] [--seed N] [--loss PERCENT] [--dialers N]. Prints a
// JSON object for each rest, when all have left and what is still held can be measured, and one at the end. Fails when
// a dial or a transfer fails that nobody broke off, when octets arrive wrong, or when memory grows from rest to rest.
#include "tests/support/heap.hpp"
#include "transports/webrtc/sctp_stack.hpp"

#include <libp2p/default_stack.hpp>
#include <libp2p/protocols/echo.hpp>
#include <libp2p/tasks.hpp>
#include <libp2p/wait_list.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

/// Of the datagrams that this process sends.
double loss_rate = 0;
std::uint64_t datagrams_sent = 0;
std::uint64_t datagrams_lost = 0;
std::mt19937_64 link_random;

bool is_lost() {
    ++datagrams_sent;
    const bool lost = std::uniform_real_distribution<>()(link_random) < loss_rate;
    datagrams_lost += lost ? 1 : 0;
    return lost;
}

ssize_t to_kernel(int socket, const msghdr* message, int flags) {
    return ::syscall(SYS_sendmsg, socket, message, flags);
}

/// The size of the pieces that the kernel is to cut the message into; zero when it is one datagram.
std::size_t segment_size(const msghdr* message) {
    for (auto* header = CMSG_FIRSTHDR(message); header != nullptr;
         header = CMSG_NXTHDR(const_cast<msghdr*>(message), header)) {
        if (header->cmsg_level == SOL_UDP && header->cmsg_type == UDP_SEGMENT) {
            std::uint16_t size = 0;
            std::memcpy(&size, CMSG_DATA(header), sizeof size);
            return size;
        }
    }
    return 0;
}

}  // namespace

/// In the place of the C library's: what sockets of the transport send, less some of it.
extern "C" ssize_t sendmsg(int socket, const msghdr* message, int flags) {
    const auto whole = message->msg_iov[0];
    const auto segment = segment_size(message);
    if (segment == 0) {
        return is_lost() ? static_cast<ssize_t>(whole.iov_len) : to_kernel(socket, message, flags);
    }
    auto part = *message;
    part.msg_control = nullptr;
    part.msg_controllen = 0;
    for (std::size_t at = 0; at < whole.iov_len; at += segment) {
        iovec piece{static_cast<char*>(whole.iov_base) + at, std::min(segment, whole.iov_len - at)};
        part.msg_iov = &piece;
        part.msg_iovlen = 1;
        if (!is_lost()) {
            (void)to_kernel(socket, &part, flags);  // where the queue is full, it is lost: so do networks
        }
    }
    return static_cast<ssize_t>(whole.iov_len);
}

namespace {

using namespace libp2p;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct Settings {
    std::chrono::seconds time{1800};
    std::uint64_t seed = 1;
    double loss = 1;  // percent
    std::size_t dialers = 6;
};

struct Counts {
    std::uint64_t connections = 0;
    std::uint64_t streams = 0;
    std::uint64_t octets = 0;
    std::uint64_t broken_off = 0;
    std::uint64_t cut = 0;
    std::uint64_t failures = 0;
};

/// What a rest may find more than the first ones did, in octets.
constexpr std::size_t kGrowth = 1024 * 1024;

std::size_t resident_octets() {
    std::ifstream statm("/proc/self/statm");
    std::size_t total = 0;
    std::size_t resident = 0;
    statm >> total >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

struct Node {
    explicit Node(asio::io_context& io, Identity who = Identity::generate())
        : identity(std::move(who)), host(io.get_executor(), identity) {
        add_default_stack(host, identity);
        host.handle(echo::kProtocol, echo::serve);
    }

    Identity identity;
    Host host;
};

class Soak {
public:
    Soak(asio::io_context& io, const Settings& settings)
        : io_(io), settings_(settings), random_(settings.seed), rested_(io.get_executor()), listener_(io) {
        link_random.seed(settings.seed);
        loss_rate = settings.loss / 100;
    }

    awaitable<void> run() {
        auto bound = co_await listener_.host.listen(Multiaddr::parse("/ip4/127.0.0.1/udp/0/webrtc-direct").value());
        address_ = bound.value().with_peer(listener_.host.id());
        start_ = Clock::now();
        auto work = [&](TaskScope& tasks) -> awaitable<void> {
            for (std::size_t i = 0; i < settings_.dialers; ++i) {
                tasks.spawn(dialer());
            }
            co_await measure();
            co_await tasks.join();
        };
        co_await with_tasks(work);
        co_await listener_.host.close();
        is_good_ = is_good_ && listener_.host.resources().system_usage().is_zero();
        report();
    }

    bool is_good() const noexcept { return is_good_; }

private:
    std::size_t draw(std::size_t least, std::size_t most) {
        return std::uniform_int_distribution<std::size_t>(least, most)(random_);
    }

    bool is_over() const { return Clock::now() - start_ >= settings_.time; }

    awaitable<void> pause(std::chrono::milliseconds time) {
        asio::steady_timer timer(io_, time);
        (void)co_await timer.async_wait(as_result);
    }

    /// Lets everybody finish from time to time, and measures then.
    awaitable<void> measure() {
        const auto period = std::max<Clock::duration>(settings_.time / 30, 2s);
        while (!is_over()) {
            co_await pause(std::chrono::duration_cast<std::chrono::milliseconds>(period));
            is_resting_ = true;
            const auto limit = Clock::now() + 60s;
            while (!is_quiet() && Clock::now() < limit) {
                co_await pause(20ms);
            }
            check(is_quiet(), "not everybody has left after a minute");
#ifndef LIBP2P_SUPPORT_ASAN
            ::malloc_trim(0);
#endif
            heap_.push_back(support::heap_bytes());
            resident_.push_back(resident_octets());
            print_line();
            is_resting_ = false;
            rested_.notify_all();
        }
        is_resting_ = false;
        rested_.notify_all();
    }

    bool is_quiet() {
        return busy_ == 0 && listener_.host.resources().system_usage().connections_inbound == 0 &&
               webrtc::SctpStack::instance().size() == 0;
    }

    /// A host after another, all with one identity: a peer store remembers whom it has met.
    awaitable<void> dialer() {
        const auto identity = Identity::generate();
        while (!is_over()) {
            if (is_resting_) {
                (void)co_await rested_.wait();
                continue;
            }
            ++busy_;
            {
                Node node(io_, identity);
                const auto visits = draw(1, 4);
                for (std::size_t i = 0; i < visits && !is_over() && !is_resting_; ++i) {
                    co_await visit(node);
                }
                co_await node.host.close();
                check(node.host.resources().system_usage().is_zero(), "a dialer's budget is not zero");
            }
            --busy_;
        }
    }

    awaitable<void> visit(Node& node) {
        auto peer = co_await node.host.connect(*address_);
        if (!peer) {
            fail_unless(false, "a dial", peer.error());
            co_return;
        }
        ++counts_.connections;
        const auto streams = draw(0, 8);
        bool is_broken_off = false;
        auto transfers = [&](TaskScope& tasks) -> awaitable<void> {
            for (std::size_t i = 0; i < streams; ++i) {
                tasks.spawn(transfer(node, *peer, is_broken_off));
            }
            if (draw(0, 3) != 0) {
                co_await tasks.join();
            } else {
                co_await pause(std::chrono::milliseconds(draw(0, 200)));
                is_broken_off = true;  // now they are cancelled
            }
        };
        co_await with_tasks(transfers);
        if (draw(0, 1) == 0) {  // else the next visit finds it, or the host is closed with it
            co_await node.host.disconnect(*peer);
        }
    }

    /// A stream there and back, broken off now and then.
    awaitable<void> transfer(Node& node, PeerId peer, const bool& is_broken_off) {
        auto opened = co_await node.host.open_stream(peer, ProtocolId(echo::kProtocol));
        if (!opened) {
            fail_unless(is_broken_off, "opening a stream", opened.error());
            co_return;
        }
        ++counts_.streams;
        auto stream = std::move(*opened);
        const auto size = draw(0, 9) == 0 ? draw(0, 4 << 20) : draw(0, 64 << 10);
        const auto stop = draw(0, 7) == 0 ? draw(0, size) : size;
        const auto first = static_cast<std::uint8_t>(draw(0, 255));
        bool is_aborted = false;
        auto send = [&]() -> awaitable<void> {
            for (std::size_t at = 0; at < stop;) {
                Bytes block(std::min<std::size_t>(stop - at, 64 << 10));
                for (std::size_t i = 0; i < block.size(); ++i) {
                    block[i] = octet_at(first, at + i);
                }
                auto written = co_await write(*stream, block);
                if (!written) {
                    fail_unless(is_broken_off || is_aborted, "writing", written.error());
                    co_return;
                }
                at += block.size();
            }
            if (stop == size) {
                (void)co_await stream->close_write();
            }
        };
        auto both = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(send());
            std::size_t at = 0;
            Bytes buffer(32 << 10);
            for (;;) {
                if (stop < size && at >= stop / 2) {
                    ++counts_.broken_off;
                    is_aborted = true;
                    stream->abort();
                    co_return;
                }
                auto got = co_await stream->read_some(buffer);
                if (!got) {
                    const bool is_end = got.error() == asio::error::make_error_code(asio::error::eof);
                    if (!is_end || at != size) {
                        fail_unless(is_broken_off, "reading", got.error());
                    }
                    break;
                }
                for (std::size_t i = 0; i < *got; ++i) {
                    check(buffer[i] == octet_at(first, at + i), "a wrong octet");
                }
                at += *got;
                counts_.octets += *got;
            }
            co_await tasks.join();
        };
        co_await with_tasks(both);
    }

    static std::uint8_t octet_at(std::uint8_t first, std::size_t at) {
        return static_cast<std::uint8_t>(first + at * 7 + at / 251);
    }

    void check(bool holds, const char* what) {
        if (!holds) {
            std::fprintf(stderr, "%s\n", what);
            ++counts_.failures;
            is_good_ = false;
        }
    }

    void fail_unless(bool is_wanted, const char* what, const Error& why) {
        if (is_wanted) {
            return;
        }
        if (why == Errc::stream_reset) {
            ++counts_.cut;  // the listener does, when one stream has held up the others for too long
            return;
        }
        std::fprintf(stderr, "%s failed: %s\n", what, why.message().c_str());
        ++counts_.failures;
        is_good_ = false;
    }

    void print_line() const {
        std::printf(
            "{\"seconds\": %.0f, \"heap_kib\": %zu, \"rss_kib\": %zu, \"connections\": %llu, \"streams\": %llu, "
            "\"mib\": %llu, \"broken_off\": %llu, \"cut\": %llu, \"failures\": %llu, \"lost\": %llu}\n",
            std::chrono::duration<double>(Clock::now() - start_).count(),
            heap_.back() / 1024,
            resident_.back() / 1024,
            static_cast<unsigned long long>(counts_.connections),
            static_cast<unsigned long long>(counts_.streams),
            static_cast<unsigned long long>(counts_.octets >> 20U),
            static_cast<unsigned long long>(counts_.broken_off),
            static_cast<unsigned long long>(counts_.cut),
            static_cast<unsigned long long>(counts_.failures),
            static_cast<unsigned long long>(datagrams_lost)
        );
        std::fflush(stdout);
    }

    /// The lowest of the first third of the rests, and of the last: what grows, grows there too.
    void report() {
        const auto third = std::max<std::size_t>(heap_.size() / 3, 1);
        const auto lowest = [&](const std::vector<std::size_t>& values, std::size_t from) {
            const auto begin = values.begin() + static_cast<std::ptrdiff_t>(from);
            return *std::min_element(begin, begin + static_cast<std::ptrdiff_t>(third));
        };
        const auto before = lowest(heap_, 0);
        const auto after = lowest(heap_, heap_.size() - third);
        check(after <= before + kGrowth, "memory has grown");
        std::printf(
            "{\"heap_before_kib\": %zu, \"heap_after_kib\": %zu, \"rss_before_kib\": %zu, \"rss_after_kib\": %zu, "
            "\"datagrams\": %llu, \"lost\": %llu, \"good\": %s}\n",
            before / 1024,
            after / 1024,
            lowest(resident_, 0) / 1024,
            lowest(resident_, resident_.size() - third) / 1024,
            static_cast<unsigned long long>(datagrams_sent),
            static_cast<unsigned long long>(datagrams_lost),
            is_good_ ? "true" : "false"
        );
    }

    asio::io_context& io_;
    Settings settings_;
    std::mt19937_64 random_;
    WaitList rested_;
    Node listener_;
    std::optional<Multiaddr> address_;
    Clock::time_point start_;
    std::size_t busy_ = 0;
    bool is_resting_ = false;
    bool is_good_ = true;
    Counts counts_;
    std::vector<std::size_t> heap_;
    std::vector<std::size_t> resident_;
};

std::optional<Settings> parse(int argc, char** argv) {
    Settings settings;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view option = argv[i];
        const char* value = argv[i + 1];
        if (option == "--seconds") {
            settings.time = std::chrono::seconds(std::atol(value));
        } else if (option == "--seed") {
            settings.seed = static_cast<std::uint64_t>(std::atoll(value));
        } else if (option == "--loss") {
            settings.loss = std::atof(value);
        } else if (option == "--dialers") {
            settings.dialers = static_cast<std::size_t>(std::atol(value));
        } else {
            return std::nullopt;
        }
    }
    return argc % 2 == 1 && settings.time.count() > 0 ? std::optional(settings) : std::nullopt;
}

}  // namespace

int main(int argc, char** argv) {
    const auto settings = parse(argc, argv);
    if (!settings) {
        std::fprintf(stderr, "usage: webrtc_soak [--seconds N] [--seed N] [--loss PERCENT] [--dialers N]\n");
        return 2;
    }
    asio::io_context io(1);
    Soak soak(io, *settings);
    bool has_ended = false;
    asio::co_spawn(io, soak.run(), [&](std::exception_ptr failure) {
        if (failure) {
            std::rethrow_exception(failure);
        }
        has_ended = true;
    });
    io.run();
    return has_ended && soak.is_good() ? 0 : 1;
}
