// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/commands/commands.hpp"
#include "tools/options.hpp"
#include "tools/statistics.hpp"
#include "tools/text.hpp"

#include <libp2p/protocols/ping.hpp>

#include <boost/asio/steady_timer.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>

namespace libp2p::tools {
namespace {

struct PingOptions {
    CommonOptions common;
    std::string address;
    std::uint64_t count = 10;
    std::chrono::milliseconds interval{0};
};

/// Counts pings, and prints the summary when the command ends, whatever ends it.
class PingSummary {
public:
    PingSummary(const Output& output, const PeerId& peer, std::uint64_t count)
        : output_(output), peer_(peer.to_string()), times_(static_cast<std::size_t>(std::min(count, kReserved))) {}
    PingSummary(const PingSummary&) = delete;
    PingSummary& operator=(const PingSummary&) = delete;
    ~PingSummary() { print(); }

    void on_sent() { ++sent_; }

    void on_answer(std::chrono::nanoseconds time) {
        times_.add(time);
        nlohmann::ordered_json json;
        json["event"] = "ping";
        json["rtt_ms"] = to_ms(time);
        output_.print(
            json,
            std::to_string(ping::kSize) + " octets from " + peer_ + ": seq=" + std::to_string(sent_) +
                " time=" + format_ms(time) + " ms"
        );
    }

private:
    static constexpr std::uint64_t kReserved = 100'000;

    void print() const {
        nlohmann::ordered_json json;
        json["event"] = "summary";
        json["sent"] = sent_;
        json["received"] = times_.count();
        json["min_ms"] = to_ms(times_.min());
        json["median_ms"] = to_ms(times_.median());
        json["max_ms"] = to_ms(times_.max());
        auto text = "--- " + peer_ + " ---\n" + std::to_string(sent_) + " sent, " + std::to_string(times_.count()) +
                    " answered";
        if (times_.count() > 0) {
            text += "; round trip min/median/max = " + format_ms(times_.min()) + "/" + format_ms(times_.median()) +
                    "/" + format_ms(times_.max()) + " ms";
        }
        output_.print(json, text);
    }

    const Output& output_;
    std::string peer_;
    Durations times_;
    std::uint64_t sent_ = 0;
};

/// One long-lived stream, opened again when the peer ends it: some do after a pause.
class Pinger {
public:
    Pinger(Session& session, PeerId peer) : session_(session), peer_(std::move(peer)) {}

    awaitable<result<std::chrono::nanoseconds>> ping() {
        const bool reused = stream_ != nullptr;
        auto time = co_await ping_once();
        if (!time && reused && session_.host().is_connected(peer_)) {
            stream_.reset();
            time = co_await ping_once();
        }
        co_return time;
    }

    awaitable<void> close() {
        if (stream_) {
            auto closed = co_await stream_->close_write();
            (void)closed;  // a courtesy
        }
    }

private:
    awaitable<result<std::chrono::nanoseconds>> ping_once() {
        const auto timeout = session_.options().timeout;
        if (!stream_) {
            OpenStreamOptions open;
            open.timeout = timeout;
            open.allow_limited = true;
            auto stream = co_await session_.host().open_stream(peer_, ProtocolId(ping::kProtocol), open);
            if (!stream) {
                co_return stream.error();
            }
            stream_ = std::move(*stream);
        }
        stream_->expires_after(timeout);
        auto time = co_await ping::ping(*stream_);
        co_return time;
    }

    Session& session_;
    PeerId peer_;
    std::unique_ptr<Stream> stream_;
};

awaitable<result<void>> ping_peer(Session& session, const PingOptions& options, Multiaddr address) {
    auto peer = co_await session.connect(address);
    if (!peer) {
        co_return peer.error();
    }
    if (!session.output().is_json()) {
        session.output().print({}, "PING " + address.to_string());
    }
    Pinger pinger(session, *peer);
    PingSummary summary(session.output(), *peer, options.count);
    asio::steady_timer pause(session.host().executor());
    for (std::uint64_t i = 0; i < options.count; ++i) {
        if (i > 0 && options.interval.count() > 0) {
            pause.expires_after(options.interval);
            auto [ec] = co_await pause.async_wait(as_result);
            if (ec) {
                co_return ec;
            }
        }
        summary.on_sent();
        auto time = co_await pinger.ping();
        if (!time) {
            co_return time.error();
        }
        summary.on_answer(*time);
    }
    co_await pinger.close();
    co_return ok();
}

int ping_command(const PingOptions& options) {
    auto address = parse_peer_address(options.address);
    if (!address) {
        return fail(options.common, address.error());
    }
    return run_session(options.common, [&](Session& session) { return ping_peer(session, options, *address); });
}

}  // namespace

void add_ping_command(CLI::App& program, Action& chosen) {
    auto options = std::make_shared<PingOptions>();
    auto* command = program.add_subcommand("ping", "Measure round trips to a peer");
    add_address(*command, options->address);
    add_count_option(*command, "-n,--count", options->count, kMaxCount, "How many pings (default 10)");
    add_duration_option(*command, "--interval", options->interval, "Pause between two pings (default none)");
    add_common_options(*command, options->common);
    command->callback([options, &chosen] { chosen = [options] { return ping_command(*options); }; });
}

}  // namespace libp2p::tools
