// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/commands/commands.hpp"
#include "tools/options.hpp"
#include "tools/repeat.hpp"

#include <libp2p/protocols/echo.hpp>

#include <array>
#include <memory>

namespace libp2p::tools {
namespace {

struct StreamsOptions {
    CommonOptions common;
    std::string address;
    std::uint64_t count = 1000;
    std::uint64_t parallel = 1;
};

using Clock = std::chrono::steady_clock;
using Octets = std::array<std::uint8_t, 1024>;

constexpr Octets kQuestion = [] {
    Octets octets{};
    for (std::size_t i = 0; i < octets.size(); ++i) {
        octets[i] = static_cast<std::uint8_t>((i * 31 + 7) % 251);
    }
    return octets;
}();

/// Open, negotiate, send 1 KiB, read it back to the end.
awaitable<result<std::chrono::nanoseconds>> one_stream(
    Session& session, const PeerId& peer, const std::vector<ProtocolId>& protocols
) {
    const auto start = Clock::now();
    OpenStreamOptions open;
    open.timeout = session.options().timeout;
    open.allow_limited = true;
    auto opened = co_await session.host().open_stream(peer, protocols, open);
    if (!opened) {
        co_return opened.error();
    }
    auto& stream = **opened;
    stream.expires_after(session.options().timeout);
    auto sent = co_await libp2p::write(stream, kQuestion);
    if (!sent) {
        co_return sent.error();
    }
    auto closed = co_await stream.close_write();
    if (!closed) {
        co_return closed.error();
    }
    Octets answer;
    auto got = co_await read_exactly(stream, answer);
    if (!got) {
        co_return got.error();
    }
    std::uint8_t more = 0;
    auto end = co_await stream.read_some(std::span(&more, 1));
    if (end || answer != kQuestion) {
        co_return Error(Errc::protocol_violation, "other octets came back than were sent");
    }
    if (end.error() != asio::error::make_error_code(asio::error::eof)) {
        co_return end.error();
    }
    co_return Clock::now() - start;
}

awaitable<result<void>> open_streams(Session& session, const StreamsOptions& options, Multiaddr address) {
    auto peer = co_await session.connect(address);
    if (!peer) {
        co_return peer.error();
    }
    const std::vector<ProtocolId> protocols{echo::kProtocol};
    Repetition streams("streams", options.count, options.parallel);
    const Repetition::Turn turn = [&](std::uint64_t) { return one_stream(session, *peer, protocols); };
    co_await streams.run(turn);
    co_return streams.finish(session.output());
}

int streams_command(const StreamsOptions& options) {
    auto address = parse_peer_address(options.address);
    if (!address) {
        return fail(options.common, address.error());
    }
    return run_session(options.common, [&](Session& session) { return open_streams(session, options, *address); });
}

}  // namespace

void add_streams_command(CLI::App& program, Action& chosen) {
    auto options = std::make_shared<StreamsOptions>();
    auto* command = program.add_subcommand("streams", "Measure streams: open one, echo 1 KiB, close it");
    add_address(*command, options->address);
    add_count_option(*command, "-n,--count", options->count, kMaxCount, "Streams to open (default 1000)");
    add_count_option(*command, "--parallel", options->parallel, kMaxParallel, "How many at once (default 1)");
    add_common_options(*command, options->common);
    command->callback([options, &chosen] { chosen = [options] { return streams_command(*options); }; });
}

}  // namespace libp2p::tools
