// SPDX-License-Identifier: MIT OR Apache-2.0
// Sends a file from one peer to another, both behind NATs: a relay introduces them, WebRTC carries the octets. What is
// interrupted goes on where it was, after a lost connection by itself and after a crash when it is run again.
//
//     13_send_file receive DIR --relay ADDRESS [--stun HOST:PORT] [--loopback]
//     13_send_file send FILE ADDRESS [--stun HOST:PORT] [--loopback] [--rate MB_PER_SECOND]
#include "examples/file_receiver.hpp"

#include <libp2p/host.hpp>
#include <libp2p/key_file.hpp>
#include <libp2p/muxers.hpp>
#include <libp2p/private_webrtc.hpp>
#include <libp2p/protocols/ping.hpp>
#include <libp2p/security_protocols.hpp>
#include <libp2p/transports.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <unistd.h>

#include <cstdio>
#include <stdexcept>

namespace {

using namespace example;

struct Options {
    bool is_sender = false;
    std::filesystem::path path;  ///< of the file, or of the folder
    std::string address;         ///< of the receiver, or of the relay
    double rate = 0;             ///< 10^6 octets a second at most; 0: as many as go
    PrivateWebRtcOptions webrtc;
};

/// How often a sender tries again without an octet of progress.
constexpr int kAttempts = 8;

/// How far a file is, in one line of the terminal.
class Progress {
public:
    explicit Progress(std::uint64_t size) : size_(size) {}

    void show(std::uint64_t done) {
        const auto part = size_ == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(size_);
        const auto filled = static_cast<std::size_t>(part * kWidth);
        if (isatty(STDERR_FILENO) == 0 || (filled == shown_ && done != size_)) {
            return;
        }
        shown_ = filled;
        const std::string bar = std::string(filled, '#') + std::string(kWidth - filled, '.');
        const auto megabytes = static_cast<double>(done) / 1e6;
        std::fprintf(stderr, "\r[%s] %3.0f %%  %.1f MB ", bar.c_str(), part * 100, megabytes);
    }

private:
    static constexpr std::size_t kWidth = 40;

    std::uint64_t size_;
    std::size_t shown_ = kWidth + 1;
};

/// The octets from `offset` on, no faster than `rate`. Counts in `done` what has gone.
awaitable<result<void>> write_from(
    Stream& stream, std::ifstream& file, std::uint64_t& done, double rate, Progress& progress
) {
    Bytes buffer(kChunk);
    asio::steady_timer pause(stream.executor());
    while (file.read(reinterpret_cast<char*>(buffer.data()), kChunk), file.gcount() > 0) {
        const auto octets = ByteView(buffer).first(static_cast<std::size_t>(file.gcount()));
        stream.expires_after(kSilence);
        auto written = co_await write(stream, octets);
        if (!written) {
            co_return written.error();
        }
        done += octets.size();
        progress.show(done);
        if (rate > 0) {
            pause.expires_after(std::chrono::microseconds(static_cast<std::int64_t>(kChunk / rate)));
            co_await pause.async_wait(asio::use_awaitable);
        }
    }
    co_return ok();
}

/// What the receiver has said in the end: nothing, when it has the file, or why it does not want it.
using Verdict = std::string;

/// One conversation. `done` is what the receiver has, as far as is known.
awaitable<result<Verdict>> send_once(
    Host& host,
    PeerId peer,
    std::vector<Multiaddr> addresses,
    const Options& options,
    FileOffer offer,
    std::uint64_t& done
) {
    auto connected = co_await host.connect(peer, std::move(addresses));
    if (!connected) {
        co_return connected.error();
    }
    auto stream = co_await host.open_stream(peer, ProtocolId(kSendFile));
    if (!stream) {
        co_return stream.error();
    }
    Json message;
    message["name"] = offer.name;
    message["size"] = offer.size;
    message["sha256"] = offer.sha256;
    auto said = co_await say(**stream, std::move(message));
    auto answer = co_await hear(**stream, kDecision);
    if (!said || !answer) {
        co_return said ? answer.error() : said.error();
    }
    if (answer->body.contains("refused")) {
        co_return "refused: " + text_of(answer->body, "refused");
    }
    const auto offset = number_of(answer->body, "offset");
    if (!offset || *offset > offer.size) {
        co_return violation("the receiver wants what is not there");
    }
    done = *offset;
    std::cout << "over " << (*stream)->connection().transport << ", from octet " << done << " on" << std::endl;
    std::ifstream file(options.path, std::ios::binary);
    file.seekg(static_cast<std::streamoff>(done));
    Progress progress(offer.size);
    auto written = co_await write_from(**stream, file, done, options.rate, progress);
    if (!written) {
        co_return written.error();
    }
    auto closed = co_await (*stream)->close_write();
    if (!closed) {
        co_return closed.error();
    }
    auto last = co_await hear(**stream);
    if (!last) {
        co_return last.error();
    }
    co_return last->body.contains("ok") ? Verdict() : "not taken: " + text_of(last->body, "error");
}

/// Where the receiver is: over WebRTC, or else over the relay alone, where that sets no limit.
std::vector<Multiaddr> addresses_of(const Multiaddr& address) {
    std::vector<Multiaddr> addresses{address};
    const auto relayed = address.decapsulate(Multiaddr::parse("/webrtc").value());
    if (address.has(Protocol::webrtc) && relayed) {
        addresses.push_back(*relayed);
    }
    return addresses;
}

/// Throws what went wrong.
awaitable<void> send_file(Host& host, const Options& options) {
    const auto address = Multiaddr::parse(options.address).value();
    const auto peer = address.peer();
    if (!peer) {
        throw std::invalid_argument(options.address + " does not end in /p2p/PEER");
    }
    Sha256 hash;
    const auto size = (co_await hash_file(options.path, hash)).value();
    const FileOffer offer{options.path.filename().string(), size, hash.finish()};
    const auto addresses = addresses_of(address);
    asio::steady_timer pause(host.executor());
    std::uint64_t done = 0;
    for (int attempt = 1;; ++attempt) {
        const auto before = done;
        auto verdict = co_await send_once(host, *peer, addresses, options, offer, done);
        if (verdict && verdict->empty()) {
            std::cout << "sent " << offer.name << ", sha256 " << offer.sha256 << std::endl;
            co_return;
        }
        if (verdict) {
            throw std::runtime_error(*verdict);
        }
        attempt = done > before ? 1 : attempt;
        if (attempt == kAttempts || verdict.error() == Errc::limited_connection) {
            throw boost::system::system_error(verdict.error().code(), verdict.error().message());
        }
        std::cout << "interrupted (" << verdict.error().message() << "), once more" << std::endl;
        co_await host.disconnect(*peer);
        pause.expires_after(std::chrono::seconds(attempt));
        co_await pause.async_wait(asio::use_awaitable);
    }
}

/// Until SIGINT or SIGTERM.
awaitable<void> receive_files(Host& host, const Options& options) {
    FileReceiver receiver(host.executor(), options.path);
    host.handle(ProtocolId(kSendFile), [&receiver](std::unique_ptr<Stream> stream) {
        return receiver.serve(std::move(stream));
    });
    const auto relay = Multiaddr::parse(options.address + "/p2p-circuit").value();
    (co_await host.listen(relay)).value();
    const auto arranged = Multiaddr::parse("/webrtc").value();
    (co_await host.listen(arranged)).value();
    for (const auto& address : host.addresses()) {
        if (address.has(Protocol::webrtc)) {
            std::cout << "send to " << address << std::endl;
        }
    }
    asio::signal_set stop(host.executor(), SIGINT, SIGTERM);
    co_await stop.async_wait(asio::use_awaitable);
    co_await host.close();  // before the receiver goes
}

/// A receiver keeps its key in its folder, and with it its address.
Identity identity_for(const Options& options) {
    if (options.is_sender) {
        return Identity::generate();
    }
    const auto file = options.path / ".send_file.key";
    if (!std::filesystem::exists(file)) {
        save_identity(Identity::generate(), file).value();
    }
    return load_identity(file).value();
}

awaitable<void> run(Host& host, const Options& options, int& exit_code) {
    try {
        auto task = options.is_sender ? send_file(host, options) : receive_files(host, options);
        co_await std::move(task);
        exit_code = 0;
    } catch (const std::exception& failure) {
        std::cerr << "send_file: " << failure.what() << std::endl;
    }
    co_await host.close();
}

Options parse(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    Options options;
    options.is_sender = !words.empty() && words[0] == "send";
    std::vector<std::string> plain;
    for (std::size_t i = 1; i < words.size(); ++i) {
        const bool has_value = i + 1 < words.size();
        if (words[i] == "--loopback") {
            options.webrtc.loopback = true;
        } else if (words[i] == "--stun" && has_value) {
            options.webrtc.stun_servers.push_back(words[++i]);
        } else if (words[i] == "--relay" && has_value && !options.is_sender) {
            options.address = words[++i];
        } else if (words[i] == "--rate" && has_value) {
            options.rate = std::stod(words[++i]);
        } else {
            plain.push_back(words[i]);
        }
    }
    if (options.is_sender && plain.size() == 2) {
        options.address = plain[1];
    }
    if (plain.size() != (options.is_sender ? 2U : 1U) || options.address.empty()) {
        throw std::invalid_argument("13_send_file receive DIR --relay ADDRESS | send FILE ADDRESS");
    }
    options.path = plain[0];
    return options;
}

}  // namespace

int main(int argc, char** argv) {
    int exit_code = 1;
    try {
        const auto options = parse(argc, argv);
        const auto identity = identity_for(options);
        asio::io_context io;
        Host host(io.get_executor(), identity);
        auto& services = host.services();
        host.add_security(make_noise(identity));
        host.add_muxer(make_yamux(services.limits(), services.timeouts()));
        host.add_transport(make_tcp_transport(services));
        host.add_transport(make_websocket_transport(services));
        host.add_transport(make_webrtc_direct_transport(services));
        host.add_transport(make_relay_transport(services));
        host.add_transport(make_private_webrtc_transport(services, options.webrtc));
        host.handle(ping::kProtocol, ping::serve);
        auto done = [](const std::exception_ptr& failure) {
            if (failure) {
                std::rethrow_exception(failure);
            }
        };
        asio::co_spawn(io, run(host, options, exit_code), done);
        io.run();
    } catch (const std::exception& failure) {
        std::cerr << "send_file: " << failure.what() << std::endl;
    }
    return exit_code;
}
