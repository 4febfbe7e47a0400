// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/commands/commands.hpp"
#include "tools/options.hpp"
#include "tools/progress_bar.hpp"
#include "tools/statistics.hpp"
#include "tools/text.hpp"

#include <libp2p/protocols/perf.hpp>
#include <libp2p/tasks.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>
#include <optional>

namespace libp2p::tools {
namespace {

struct PerfOptions {
    CommonOptions common;
    std::string address;
    std::uint64_t upload = 0;
    std::uint64_t download = 0;
    std::uint64_t streams = 1;
};

constexpr std::uint64_t kDefaultSize = 64 * 1024 * 1024;
constexpr std::uint64_t kMaxStreams = 4096;

/// The streams of one run, and what they have moved.
struct Transfer {
    Transfer(Session& owner, std::uint64_t up, std::uint64_t down, std::uint64_t streams)
        : session(owner),
          upload(up),
          download(down),
          bar(owner.output().is_terminal() && !owner.output().is_json(), (up + down) * streams) {}

    Session& session;
    std::uint64_t upload;    ///< of each stream
    std::uint64_t download;  ///< likewise
    ProgressBar bar;
    std::uint64_t moved = 0;
    std::vector<perf::Measurement> measured;
    std::optional<Error> failure;  ///< the first one
};

awaitable<result<std::unique_ptr<Stream>>> open_perf_stream(Session& session, PeerId peer) {
    OpenStreamOptions open;
    open.timeout = session.options().timeout;
    open.allow_limited = true;
    std::vector<ProtocolId> protocols;
    protocols.emplace_back(perf::kProtocol);
    protocols.emplace_back(perf::kLitep2pProtocol);
    auto stream = co_await session.host().open_stream(std::move(peer), std::move(protocols), open);
    co_return stream;
}

awaitable<void> run_stream(Transfer& transfer, std::unique_ptr<Stream> stream) {
    const auto timeout = transfer.session.options().timeout;
    std::uint64_t counted = 0;
    const perf::Progress progress = [&](std::uint64_t uploaded, std::uint64_t downloaded) {
        stream->expires_after(timeout);  // it bounds silence, not the transfer
        transfer.moved += uploaded + downloaded - counted;
        counted = uploaded + downloaded;
        transfer.bar.update(transfer.moved);
    };
    stream->expires_after(timeout);
    auto measured = co_await perf::measure(*stream, transfer.upload, transfer.download, progress);
    if (measured) {
        transfer.measured.push_back(*measured);
    } else if (!transfer.failure) {
        transfer.failure = measured.error();
    }
}

/// All streams began at the same time: together they upload until the last one has, and download from the first answer
/// on.
perf::Measurement together(const std::vector<perf::Measurement>& parts) {
    perf::Measurement sum;
    auto first_answer = std::chrono::nanoseconds::max();
    auto end = std::chrono::nanoseconds::zero();
    for (const auto& part : parts) {
        sum.upload_bytes += part.upload_bytes;
        sum.download_bytes += part.download_bytes;
        sum.upload = std::max(sum.upload, part.upload);
        first_answer = std::min(first_answer, part.upload);
        end = std::max(end, part.upload + part.download);
    }
    sum.download = end - first_answer;
    return sum;
}

double fairness(const std::vector<perf::Measurement>& parts) {
    std::vector<double> rates;
    for (const auto& part : parts) {
        const auto seconds = to_seconds(part.upload + part.download);
        rates.push_back(seconds > 0 ? static_cast<double>(part.upload_bytes + part.download_bytes) / seconds : 0);
    }
    return jain_index(rates);
}

std::string format_transfer(std::uint64_t octets, std::chrono::nanoseconds time) {
    return format_size(octets) + " in " + format_ms(time) + " ms, " + format_rate(octets, time);
}

void print_measured(const Output& output, const std::vector<perf::Measurement>& parts) {
    const auto sum = together(parts);
    nlohmann::ordered_json json;
    json["upload_bytes"] = sum.upload_bytes;
    json["upload_seconds"] = to_seconds(sum.upload);
    json["download_bytes"] = sum.download_bytes;
    json["download_seconds"] = to_seconds(sum.download);
    // A direction that nobody asked for is not worth a line.
    std::string text;
    if (sum.upload_bytes > 0 || sum.download_bytes == 0) {
        text = "upload    " + format_transfer(sum.upload_bytes, sum.upload);
    }
    if (sum.download_bytes > 0) {
        text += (text.empty() ? "" : "\n") + ("download  " + format_transfer(sum.download_bytes, sum.download));
    }
    if (parts.size() > 1) {
        json["streams"] = parts.size();
        json["jain"] = fairness(parts);
        text += "\nstreams   " + std::to_string(parts.size()) + ", Jain's index " + format_ratio(fairness(parts));
    }
    output.print(json, text);
}

awaitable<result<void>> measure_peer(Session& session, const PerfOptions& options, Multiaddr address) {
    auto peer = co_await session.connect(address);
    if (!peer) {
        co_return peer.error();
    }
    // All streams stand before the first one sends.
    std::vector<std::unique_ptr<Stream>> streams;
    for (std::uint64_t i = 0; i < options.streams; ++i) {
        auto stream = co_await open_perf_stream(session, *peer);
        if (!stream) {
            co_return stream.error();
        }
        streams.push_back(std::move(*stream));
    }
    std::vector<perf::Measurement> measured;
    {
        Transfer transfer(session, options.upload, options.download, options.streams);
        auto body = [&](TaskScope& tasks) -> awaitable<void> {
            for (auto& stream : streams) {
                tasks.spawn(run_stream(transfer, std::move(stream)));
            }
            co_await tasks.join();
        };
        co_await with_tasks(body);
        if (transfer.failure) {
            co_return *transfer.failure;
        }
        if (transfer.measured.size() < streams.size()) {
            co_return asio::error::make_error_code(asio::error::operation_aborted);  // a signal came
        }
        measured = std::move(transfer.measured);
    }
    print_measured(session.output(), measured);
    co_return ok();
}

int perf_command(const PerfOptions& options) {
    auto address = parse_peer_address(options.address);
    if (!address) {
        return fail(options.common, address.error());
    }
    return run_session(options.common, [&](Session& session) { return measure_peer(session, options, *address); });
}

}  // namespace

void add_perf_command(CLI::App& program, Action& chosen) {
    auto options = std::make_shared<PerfOptions>();
    auto* command = program.add_subcommand("perf", "Measure throughput: upload, then download");
    add_address(*command, options->address);
    auto* upload = add_size_option(*command, "--upload", options->upload, "Send this much on each stream");
    auto* download = add_size_option(
        *command, "--download", options->download, "Ask for this much on each stream (neither: 64MiB each way)"
    );
    add_count_option(*command, "--streams", options->streams, kMaxStreams, "How many streams at once (default 1)");
    add_common_options(*command, options->common);
    command->callback([=, &chosen] {
        if (upload->empty() && download->empty()) {
            options->upload = options->download = kDefaultSize;
        }
        chosen = [options] { return perf_command(*options); };
    });
}

}  // namespace libp2p::tools
