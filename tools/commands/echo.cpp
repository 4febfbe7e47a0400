// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/commands/commands.hpp"
#include "tools/options.hpp"
#include "tools/standard_io.hpp"

#include <libp2p/protocols/echo.hpp>
#include <libp2p/tasks.hpp>

#include <memory>
#include <optional>

namespace libp2p::tools {
namespace {

struct EchoOptions {
    CommonOptions common;
    std::string address;
};

constexpr std::size_t kBufferSize = 64 * 1024;

bool is_eof(const Error& error) noexcept {
    return error == asio::error::make_error_code(asio::error::eof);
}

/// stdin to the peer and back to stdout. The deadline of the stream runs only while the peer owes something.
class Copy {
public:
    Copy(Stream& stream, std::chrono::milliseconds timeout)
        : stream_(stream), timeout_(timeout), input_(stream.executor()), output_(stream.executor()) {}

    awaitable<result<void>> run() {
        auto sending = [&](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(send());
            co_await receive();
        };
        co_await with_tasks(sending);
        if (failure_) {
            co_return *failure_;
        }
        co_return ok();
    }

private:
    awaitable<void> send() {
        Bytes buffer(kBufferSize);
        for (;;) {
            auto got = co_await input_.read_some(buffer);
            if (!got && is_eof(got.error())) {
                break;
            }
            if (!got) {
                fail(got.error().with_context("stdin"));
                co_return;
            }
            sent_ += *got;
            watch();
            auto written = co_await libp2p::write(stream_, ByteView(buffer).first(*got));
            if (!written) {
                fail(written.error());
                co_return;
            }
        }
        finished_ = true;
        watch();
        auto closed = co_await stream_.close_write();
        if (!closed) {
            fail(closed.error());
        }
    }

    awaitable<void> receive() {
        Bytes buffer(kBufferSize);
        for (;;) {
            auto got = co_await stream_.read_some(buffer);
            if (!got) {
                on_end(got.error());
                co_return;
            }
            received_ += *got;
            stream_.expires_never();  // stdout may be slow; that is not the peer's fault
            auto written = co_await output_.write(ByteView(buffer).first(*got));
            if (!written) {
                fail(written.error().with_context("stdout"));
                co_return;
            }
            watch();
        }
    }

    void watch() {
        if (finished_ || received_ < sent_) {
            stream_.expires_after(timeout_);
        } else {
            stream_.expires_never();
        }
    }

    void on_end(const Error& error) {
        if (!is_eof(error)) {
            fail(error);
        } else if (received_ != sent_ || !finished_) {
            fail(Error(
                Errc::protocol_violation,
                "the peer ended the stream after " + std::to_string(received_) + " of " + std::to_string(sent_) +
                    " octets"
            ));
        }
    }

    void fail(const Error& error) {
        if (!failure_) {
            failure_ = error;
        }
        stream_.abort();
    }

    Stream& stream_;
    std::chrono::milliseconds timeout_;
    StandardInput input_;
    StandardOutput output_;
    std::uint64_t sent_ = 0;
    std::uint64_t received_ = 0;
    bool finished_ = false;
    std::optional<Error> failure_;  ///< the first one; the other direction fails after it
};

awaitable<result<void>> echo_through(Session& session, Multiaddr address) {
    auto peer = co_await session.connect(address);
    if (!peer) {
        co_return peer.error();
    }
    OpenStreamOptions open;
    open.timeout = session.options().timeout;
    open.allow_limited = true;
    auto stream = co_await session.host().open_stream(*peer, ProtocolId(echo::kProtocol), open);
    if (!stream) {
        co_return stream.error();
    }
    Copy copy(**stream, session.options().timeout);
    co_return co_await copy.run();
}

int echo_command(const EchoOptions& options) {
    auto address = parse_peer_address(options.address);
    if (!address) {
        return fail(options.common, address.error());
    }
    return run_session(options.common, [&](Session& session) { return echo_through(session, *address); });
}

}  // namespace

void add_echo_command(CLI::App& program, Action& chosen) {
    auto options = std::make_shared<EchoOptions>();
    auto* command = program.add_subcommand("echo", "Copy stdin through a peer to stdout");
    add_address(*command, options->address);
    add_common_options(*command, options->common);
    command->callback([options, &chosen] { chosen = [options] { return echo_command(*options); }; });
}

}  // namespace libp2p::tools
