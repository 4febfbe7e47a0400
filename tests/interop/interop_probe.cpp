// SPDX-License-Identifier: MIT OR Apache-2.0
// What tests/interop needs beyond the p2p program: transfers whose every octet is checked, resets, half-closed streams,
// and libp2p's unified-testing contract (when IS_DIALER is set). Same command line and output as the small peers beside
// it.
#include "tests/interop/unified_testing.hpp"
#include "tools/options.hpp"
#include "tools/serve.hpp"

#include <libp2p/protocols/echo.hpp>
#include <libp2p/protocols/perf.hpp>
#include <libp2p/tasks.hpp>
#include <libp2p/timeout.hpp>
#include <libp2p/waiter.hpp>

#include <boost/asio/steady_timer.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>
#include <optional>

namespace libp2p::interop {
namespace {

using tools::CommonOptions;
using tools::Session;
using Json = nlohmann::ordered_json;

constexpr auto kResetProtocol = "/interop/reset/1.0.0";
constexpr std::size_t kBlockSize = 256 * 1024;

struct ProbeOptions {
    CommonOptions common;
    std::string address;
    std::uint64_t bytes = 1024 * 1024;
    std::uint64_t in_flight = 0;  // octets of an echo that are not back yet; 0: any number
    std::vector<std::string> listen{"/ip4/127.0.0.1/tcp/0"};
};

/// Octet i of every transfer is (i·31 + 7) mod 251, so one table serves every place in it.
class Pattern {
public:
    Pattern() : table_(kBlockSize + kPeriod) {
        for (std::size_t i = 0; i < table_.size(); ++i) {
            table_[i] = static_cast<std::uint8_t>((i * 31 + 7) % kPeriod);
        }
    }

    ByteView at(std::uint64_t offset, std::size_t size) const {
        return ByteView(table_).subspan(static_cast<std::size_t>(offset % kPeriod), size);
    }

private:
    static constexpr std::size_t kPeriod = 251;

    Bytes table_;
};

const Pattern& pattern() {
    static const Pattern instance;
    return instance;
}

bool is_eof(const Error& error) {
    return error == asio::error::make_error_code(asio::error::eof);
}

awaitable<result<std::unique_ptr<Stream>>> open(Session& session, std::string address, std::string protocol) {
    auto target = tools::parse_peer_address(address);
    if (!target) {
        co_return target.error();
    }
    auto peer = co_await session.connect(*target);
    if (!peer) {
        co_return peer.error();
    }
    auto stream = co_await session.host().open_stream(*peer, std::move(protocol));
    if (stream) {
        (*stream)->expires_after(session.options().timeout);
    }
    co_return stream;
}

/// How far an echo has come back, and who waits for that.
struct Progress {
    explicit Progress(asio::any_io_executor executor) noexcept : changed(std::move(executor)) {}

    std::uint64_t received = 0;
    bool has_ended = false;
    Waiter changed;
};

awaitable<result<void>> send_pattern(
    Stream& stream, std::uint64_t total, std::uint64_t in_flight, Progress& progress, std::chrono::milliseconds timeout
) {
    for (std::uint64_t sent = 0; sent < total;) {
        while (in_flight != 0 && sent - progress.received >= in_flight && !progress.has_ended) {
            auto interrupted = co_await progress.changed.wait();
            if (interrupted) {
                co_return interrupted;
            }
        }
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(total - sent, kBlockSize));
        auto written = co_await write(stream, pattern().at(sent, size));
        if (!written) {
            co_return written.error().with_context("after " + std::to_string(sent) + " octets sent");
        }
        stream.expires_after(timeout);
        sent += size;
    }
    co_return co_await stream.close_write();
}

awaitable<result<void>> receive_pattern(
    Stream& stream, std::uint64_t total, Progress& progress, std::chrono::milliseconds timeout
) {
    Bytes buffer(kBlockSize);
    auto& received = progress.received;
    for (;;) {
        auto got = co_await stream.read_some(buffer);
        if (!got && is_eof(got.error())) {
            break;
        }
        if (!got) {
            co_return got.error().with_context("after " + std::to_string(received) + " octets received");
        }
        const auto expected = pattern().at(received, *got);
        if (!std::equal(expected.begin(), expected.end(), buffer.begin())) {
            co_return Error(Errc::protocol_violation, "wrong octets after " + std::to_string(received));
        }
        received += *got;
        progress.changed.notify();
        stream.expires_after(timeout);
    }
    if (received != total) {
        co_return Error(
            Errc::protocol_violation, "sent " + std::to_string(total) + " octets, got " + std::to_string(received)
        );
    }
    co_return ok();
}

/// Sends the pattern through an echo, and checks what comes back meanwhile.
awaitable<result<void>> echo_pattern(
    Session& session, std::string address, std::uint64_t total, std::uint64_t in_flight
) {
    auto stream = co_await open(session, std::move(address), echo::kProtocol);
    if (!stream) {
        co_return stream.error();
    }
    const auto timeout = session.options().timeout;
    Progress progress(session.host().executor());
    result<void> sent = ok();
    result<void> received = ok();
    auto send = [&]() -> awaitable<void> {
        sent = co_await send_pattern(**stream, total, in_flight, progress, timeout);
        if (!sent) {
            (*stream)->abort();
        }
    };
    auto both = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(send());
        received = co_await receive_pattern(**stream, total, progress, timeout);
        progress.has_ended = true;
        progress.changed.notify();
        if (!received) {
            (*stream)->abort();
        }
        co_await tasks.join();
    };
    co_await with_tasks(both);
    co_return !received ? received : sent;
}

awaitable<result<void>> perf_echo(Session& session, const ProbeOptions& options) {
    const auto start = Clock::now();
    auto echoed = co_await echo_pattern(session, options.address, options.bytes, options.in_flight);
    if (!echoed) {
        co_return echoed.error();
    }
    Json json;
    json["event"] = "perf_echo";
    json["bytes"] = options.bytes;
    json["ok"] = true;
    json["seconds"] = std::chrono::duration<double>(Clock::now() - start).count();
    session.output().print(json, {});
    co_return ok();
}

awaitable<result<void>> half_close(Session& session, const ProbeOptions& options) {
    auto echoed = co_await echo_pattern(session, options.address, 100'000, 0);
    if (!echoed) {
        co_return echoed.error();
    }
    Json json;
    json["event"] = "half_close";
    json["ok"] = true;
    session.output().print(json, {});
    co_return ok();
}

/// Sends one octet, and reports whether the remote's reset is seen.
awaitable<result<void>> expect_reset(Session& session, std::string address) {
    auto stream = co_await open(session, std::move(address), kResetProtocol);
    if (!stream) {
        co_return stream.error();
    }
    std::uint8_t octet = 1;
    auto sent = co_await write(**stream, std::span(&octet, 1));
    if (!sent) {
        co_return sent.error();
    }
    auto got = co_await (*stream)->read_some(std::span(&octet, 1));
    Json json;
    json["event"] = "reset";
    json["seen"] = !got && got.error() == Errc::stream_reset;
    json["how"] = got ? "an octet came" : got.error().message();
    session.output().print(json, {});
    co_return ok();
}

/// An echo that is reset from here once it has answered.
awaitable<result<void>> reset_echo(Session& session, std::string address) {
    auto stream = co_await open(session, std::move(address), echo::kProtocol);
    if (!stream) {
        co_return stream.error();
    }
    const auto question = pattern().at(0, 11);
    auto sent = co_await write(**stream, question);
    if (!sent) {
        co_return sent.error();
    }
    Bytes answer(question.size());
    auto got = co_await read_exactly(**stream, answer);
    if (!got) {
        co_return got.error();
    }
    if (!std::equal(answer.begin(), answer.end(), question.begin())) {
        co_return Error(Errc::protocol_violation, "other octets than were sent");
    }
    (*stream)->abort(StreamErrorCode::none);
    asio::steady_timer pause(session.host().executor(), std::chrono::milliseconds(300));
    auto [interrupted] = co_await pause.async_wait(as_result);  // the reset shall arrive before the connection ends
    if (interrupted) {
        co_return interrupted;
    }
    co_return ok();
}

awaitable<result<void>> reset(Session& session, const ProbeOptions& options) {
    auto seen = co_await expect_reset(session, options.address);
    if (!seen) {
        co_return seen.error();
    }
    co_return co_await reset_echo(session, options.address);
}

awaitable<void> serve_reset(std::unique_ptr<Stream> stream) {
    std::uint8_t octet = 0;
    auto got = co_await stream->read_some(std::span(&octet, 1));
    (void)got;
    stream->abort(StreamErrorCode::none);
}

awaitable<void> serve_echo(Session& session, std::unique_ptr<Stream> stream) {
    auto ended = co_await echo::serve_until_end(*stream);
    Json json;
    json["event"] = "echo_ended";
    json["reason"] = ended ? "eof" : "reset";
    session.output().print(json, {});
}

awaitable<result<void>> listen(Session& session, const ProbeOptions& options) {
    std::vector<Multiaddr> addresses;
    for (const auto& text : options.listen) {
        auto address = Multiaddr::parse(text);
        if (!address) {
            co_return address.error();
        }
        addresses.push_back(std::move(*address));
    }
    auto& host = session.host();
    host.handle(perf::kProtocol, perf::serve);
    host.handle(perf::kLitep2pProtocol, perf::serve_litep2p);
    host.handle(kResetProtocol, serve_reset);
    host.handle(echo::kProtocol, [&session](std::unique_ptr<Stream> stream) {
        return serve_echo(session, std::move(stream));
    });
    co_return co_await tools::listen_and_report(session, std::move(addresses));
}

using Probe = awaitable<result<void>> (*)(Session&, const ProbeOptions&);

CLI::App* add_probe(
    CLI::App& program,
    const std::string& name,
    const std::string& help,
    ProbeOptions& options,
    Probe probe,
    Probe& chosen
) {
    auto* command = program.add_subcommand(name, help);
    command->callback([&chosen, probe] { chosen = probe; });
    if (probe != listen) {
        tools::add_address(*command, options.address);
    }
    tools::add_common_options(*command, options.common);
    return command;
}

int run(int argc, char** argv) {
    CLI::App program("Checks another libp2p implementation, octet by octet", "interop_probe");
    program.require_subcommand(1);
    ProbeOptions options;
    Probe chosen = nullptr;
    auto* perf = add_probe(program, "perf-echo", "Echo a pattern and compare it", options, perf_echo, chosen);
    tools::add_size_option(*perf, "--bytes", options.bytes, "How much");
    tools::add_size_option(*perf, "--in-flight", options.in_flight, "How much may be under way");
    add_probe(program, "reset", "See a reset, and make one", options, reset, chosen);
    add_probe(program, "half-close", "Close the sending side and read on", options, half_close, chosen);
    auto* listener = add_probe(program, "listen", "p2p listen, and more to probe", options, listen, chosen);
    listener->add_option("--listen", options.listen, "Where to");
    CLI11_PARSE(program, argc, argv);
    options.common.json = true;
    return tools::run_session(options.common, [&](Session& session) { return chosen(session, options); });
}

}  // namespace
}  // namespace libp2p::interop

int main(int argc, char** argv) {
    try {
        if (libp2p::interop::unified::is_wanted()) {
            return libp2p::interop::unified::run();
        }
        return libp2p::interop::run(argc, argv);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "interop_probe: %s\n", failure.what());
        return 1;
    }
}
