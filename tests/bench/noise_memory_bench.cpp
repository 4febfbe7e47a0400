// SPDX-License-Identifier: MIT OR Apache-2.0

// What a Noise channel costs without a network: both ends in one thread, over a pipe in memory. Octets are sealed,
// copied into the pipe, copied out of it and opened; so half the speed of the cipher alone is what can be hoped for.
// Then handshakes, both sides of each.

#include "libp2p/crypto/chacha20_poly1305.hpp"
#include "security/noise/noise_channel.hpp"
#include "security/noise/noise_protocol.hpp"

#include <libp2p/waiter.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string_view>

namespace {

using namespace libp2p;

/// Seconds of processor time that this process took. There is one thread, and it never waits: what else runs on the
/// machine does not count.
double now() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// One direction: a buffer of fixed size.
struct Pipe {
    Pipe(const asio::any_io_executor& executor, std::size_t size)
        : octets(size), readable(executor), writable(executor) {}

    Bytes octets;
    std::size_t begin = 0;
    std::size_t end = 0;
    Waiter readable;
    Waiter writable;
};

class PipeStream final : public ByteStream, public Readable {
public:
    PipeStream(asio::any_io_executor executor, std::shared_ptr<Pipe> in, std::shared_ptr<Pipe> out)
        : executor_(std::move(executor)), in_(std::move(in)), out_(std::move(out)) {}

    std::size_t try_read_some(MutableByteView into, error_code& ec) noexcept override {
        const auto count = std::min(into.size(), in_->end - in_->begin);
        if (count == 0) {
            ec = asio::error::would_block;
            return 0;
        }
        std::memcpy(into.data(), in_->octets.data() + in_->begin, count);
        in_->begin += count;
        if (in_->begin == in_->end) {
            in_->begin = in_->end = 0;
            in_->writable.notify();
        }
        return count;
    }

    awaitable<result<void>> wait_readable() override {
        if (in_->begin == in_->end) {
            auto interrupted = co_await in_->readable.wait();
            if (interrupted) {
                co_return interrupted;
            }
        }
        co_return ok();
    }

    awaitable<result<std::size_t>> read_some(MutableByteView into) override {
        for (;;) {
            error_code ec;
            const auto count = try_read_some(into, ec);
            if (!ec) {
                co_return count;
            }
            auto ready = co_await wait_readable();
            if (!ready) {
                co_return ready.error();
            }
        }
    }

    awaitable<result<void>> write(std::span<const ByteView> buffers) override {
        for (auto buffer : buffers) {
            while (!buffer.empty()) {
                const auto count = std::min(buffer.size(), out_->octets.size() - out_->end);
                if (count == 0) {
                    auto interrupted = co_await out_->writable.wait();
                    if (interrupted) {
                        co_return interrupted;
                    }
                    continue;
                }
                std::memcpy(out_->octets.data() + out_->end, buffer.data(), count);
                out_->end += count;
                out_->readable.notify();
                buffer = buffer.subspan(count);
            }
        }
        co_return ok();
    }

    awaitable<result<void>> close_write() override { co_return ok(); }
    void abort() noexcept override {}
    asio::any_io_executor executor() const noexcept override { return executor_; }

private:
    asio::any_io_executor executor_;
    std::shared_ptr<Pipe> in_;
    std::shared_ptr<Pipe> out_;
};

std::pair<std::unique_ptr<ByteStream>, std::unique_ptr<ByteStream>> make_pipes(
    asio::io_context& context, std::size_t size
) {
    auto there = std::make_shared<Pipe>(context.get_executor(), size);
    auto back = std::make_shared<Pipe>(context.get_executor(), size);
    return {
        std::make_unique<PipeStream>(context.get_executor(), back, there),
        std::make_unique<PipeStream>(context.get_executor(), there, back)
    };
}

void must(const std::exception_ptr& failure) {
    if (failure) {
        std::rethrow_exception(failure);
    }
}

template <class First, class Second>
void run_both(asio::io_context& context, First first, Second second) {
    asio::co_spawn(context, std::move(first), must);
    asio::co_spawn(context, std::move(second), must);
    context.restart();
    context.run();
}

struct Channels {
    std::unique_ptr<SecureChannel> dialer;
    std::unique_ptr<SecureChannel> listener;
};

Channels connect(
    asio::io_context& context,
    noise::NoiseProtocol& dialer,
    noise::NoiseProtocol& listener,
    const PeerId& expected,
    std::size_t pipe_size
) {
    auto [left, right] = make_pipes(context, pipe_size);
    Channels channels;
    auto dial = [&, &raw = left]() -> awaitable<void> {
        SecurityOptions options(Direction::outbound, expected, {"/yamux/1.0.0"});
        auto channel = co_await dialer.secure(std::move(raw), std::move(options));
        channels.dialer = std::move(channel.value());
    };
    auto listen = [&, &raw = right]() -> awaitable<void> {
        SecurityOptions options(Direction::inbound, std::nullopt, {"/yamux/1.0.0"});
        auto channel = co_await listener.secure(std::move(raw), std::move(options));
        channels.listener = std::move(channel.value());
    };
    run_both(context, dial, listen);
    return channels;
}

/// MB/s of `total` octets, written `frame` at a time behind a header of 12 octets, as a muxer does.
double channel_speed(asio::io_context& context, Channels& channels, std::size_t total, std::size_t frame) {
    const Bytes header(12, 1);
    const Bytes body(frame, 2);
    const std::size_t per_write = std::max<std::size_t>(1, (256U << 10U) / frame);
    std::vector<ByteView> buffers;
    for (std::size_t i = 0; i < per_write; ++i) {
        buffers.emplace_back(header);
        buffers.emplace_back(body);
    }
    const auto octets_per_write = per_write * (frame + header.size());
    const auto writes = std::max<std::size_t>(1, total / octets_per_write);
    const auto start = now();
    auto send = [&]() -> awaitable<void> {
        for (std::size_t i = 0; i < writes; ++i) {
            auto written = co_await channels.dialer->write(buffers);
            written.value();
        }
    };
    auto receive = [&]() -> awaitable<void> {
        for (std::size_t got = 0; got < writes * octets_per_write;) {
            auto chunk = co_await channels.listener->read_chunk();
            got += chunk.value().size();
        }
    };
    run_both(context, send, receive);
    return static_cast<double>(writes * octets_per_write) / 1e6 / (now() - start);
}

/// MB/s of the cipher alone: each octet sealed and opened.
double cipher_speed(std::size_t total, std::size_t message) {
    const crypto::Secret32 key;
    const crypto::ChaCha20Poly1305 cipher(key);
    const Bytes text(message, 2);
    Bytes sealed(message + noise::kTagSize);
    const auto start = now();
    std::uint64_t counter = 0;
    for (std::size_t done = 0; done < total; done += message, ++counter) {
        cipher.seal(counter, {}, text, sealed);
        if (!cipher.open_in_place(counter, {}, sealed)) {
            std::abort();
        }
    }
    return static_cast<double>(counter * message) / 1e6 / (now() - start);
}

}  // namespace

int main(int argc, char** argv) {
    const bool json = argc > 1 && std::string_view(argv[1]) == "--json";
    constexpr std::size_t kTotal = 512U << 20U;
    asio::io_context context(1);
    const auto dialer_id = Identity::generate();
    const auto listener_id = Identity::generate();
    noise::NoiseProtocol dialer(dialer_id);
    noise::NoiseProtocol listener(listener_id);

    constexpr int kHandshakes = 2000;
    const auto start = now();
    for (int i = 0; i < kHandshakes; ++i) {
        connect(context, dialer, listener, listener_id.peer_id(), 1024);
    }
    const auto handshakes = kHandshakes / (now() - start);
    auto channels = connect(context, dialer, listener, listener_id.peer_id(), 1U << 20U);
    if (!json) {
        std::printf("handshakes, both sides: %.0f a second, %.0f us each\n", handshakes, 1e6 / handshakes);
        std::printf("%10s %16s %16s %8s\n", "frame", "channel MB/s", "cipher MB/s", "ratio");
    }
    for (std::size_t frame : {100UL, 1024UL, 16'384UL, 65'507UL, 262'144UL}) {
        const auto total = frame < 1000 ? kTotal / 8 : kTotal;
        double channel = 0;
        double cipher = 0;
        for (int round = 0; round < 3; ++round) {
            channel = std::max(channel, channel_speed(context, channels, total, frame));
            cipher = std::max(cipher, cipher_speed(total, std::min(frame, noise::kMaxPlaintext)));
        }
        const auto* format = json ? "{\"frame\":%zu,\"channel_mb_s\":%.0f,\"cipher_mb_s\":%.0f,\"ratio\":%.2f}\n"
                                  : "%10zu %16.0f %16.0f %8.2f\n";
        std::printf(format, frame, channel, cipher, channel / cipher);
    }
    if (json) {
        std::printf("{\"handshakes_per_second\":%.0f}\n", handshakes);
    }
    std::printf(
        "%s%zu%s\n",
        json ? "{\"channel_octets\":" : "a channel object takes ",
        sizeof(noise::NoiseChannel),
        json ? "}" : " octets"
    );
}
