// SPDX-License-Identifier: MIT OR Apache-2.0
#include "muxing/yamux/yamux_connection.hpp"

#include "muxing/yamux/yamux_stream.hpp"

#include <libp2p/tasks.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <utility>

namespace libp2p::yamux {
namespace {

Error aborted() noexcept {
    return asio::error::make_error_code(asio::error::operation_aborted);
}

/// Lets others run now and then, when neither reading nor writing ever has to wait.
class Turn {
public:
    /// True when it is time to yield.
    bool is_over(std::size_t octets) noexcept {
        octets_ += octets;
        if (++rounds_ < kRounds && octets_ < kOctets) {
            return false;
        }
        rounds_ = 0;
        octets_ = 0;
        return true;
    }

private:
    static constexpr int kRounds = 16;
    static constexpr std::size_t kOctets = 1024 * 1024;

    int rounds_ = 0;
    std::size_t octets_ = 0;
};

awaitable<void> yield() {
    auto executor = co_await asio::this_coro::executor;
    co_await asio::post(executor, asio::use_awaitable);
}

}  // namespace

/// Whatever a loop ends by, the session does not go on without it.
class YamuxConnection::EndOnExit {
public:
    explicit EndOnExit(std::shared_ptr<YamuxCore> core) noexcept : core_(std::move(core)) {}
    EndOnExit(const EndOnExit&) = delete;
    EndOnExit& operator=(const EndOnExit&) = delete;
    ~EndOnExit() { core_->end(aborted()); }

private:
    std::shared_ptr<YamuxCore> core_;  // an executor that is destroyed takes loop and connection down in any order
};

/// Gives writers their memory back when a write of the channel is over, however that comes.
class YamuxConnection::Landing {
public:
    explicit Landing(std::shared_ptr<YamuxCore> core) noexcept : core_(std::move(core)) {}
    Landing(const Landing&) = delete;
    Landing& operator=(const Landing&) = delete;
    ~Landing() {
        core_->session.landed(core_->flight);
        core_->flush();
    }

private:
    std::shared_ptr<YamuxCore> core_;  // as above
};

YamuxConnection::YamuxConnection(
    std::unique_ptr<SecureChannel> channel,
    std::shared_ptr<const ConnectionInfo> info,
    std::shared_ptr<Budget> budget,
    const Limits& limits,
    const Timeouts& timeouts
)
    : Connection(std::move(info)),
      channel_(std::move(channel)),
      core_(
          std::make_shared<YamuxCore>(channel_->executor(), this->info().direction, limits, timeouts, std::move(budget))
      ) {}

YamuxConnection::~YamuxConnection() {
    abort(ConnectionErrorCode::none);
}

awaitable<Error> YamuxConnection::run() {
    running_ = true;
    auto core = core_;
    {
        EndOnExit guard(core);
        auto body = [this](TaskScope& tasks) -> awaitable<void> {
            tasks.spawn(read_loop());
            tasks.spawn(write_loop());
            tasks.spawn(time_loop());
            error_code interrupted;
            while (!interrupted && !core_->session.has_ended()) {
                interrupted = co_await core_->ended.wait();
            }
        };
        co_await with_tasks(body);
    }
    channel_->abort();
    co_return core->session.error();
}

awaitable<result<std::unique_ptr<Stream>>> YamuxConnection::open_stream() {
    auto core = core_;
    auto info = shared_info();
    if (!core->can_open()) {
        Opener place(*core);
        auto interrupted = co_await place.waiter.wait();
        if (interrupted) {
            co_return interrupted;
        }
    }
    auto stream = std::make_unique<YamuxStream>(core, Direction::outbound, std::move(info));
    auto state = core->session.open(Clock::now());
    if (state) {
        stream->attach(**state);
    }
    core->flush();
    if (!state) {
        co_return state.error();
    }
    co_return std::unique_ptr<Stream>(std::move(stream));
}

awaitable<result<std::unique_ptr<Stream>>> YamuxConnection::accept_stream() {
    auto core = core_;
    auto info = shared_info();
    while (!core->session.has_accept()) {
        if (!core->session.takes_streams()) {
            co_return Errc::connection_closed;
        }
        auto interrupted = co_await core->accepted.wait();
        if (interrupted) {
            co_return interrupted;
        }
    }
    auto stream = std::make_unique<YamuxStream>(core, Direction::inbound, std::move(info));
    stream->attach(*core->session.accept(Clock::now()));
    core->flush();
    co_return std::unique_ptr<Stream>(std::move(stream));
}

awaitable<result<void>> YamuxConnection::close(ConnectionErrorCode code) {
    auto core = core_;
    if (!running_) {
        abort(code);
    }
    EndOnExit guard(core);  // cancelled: there is no second, longer goodbye
    core->session.close(code, Clock::now());
    core->flush();
    while (!core->session.has_ended()) {
        auto interrupted = co_await core->ended.wait();
        if (interrupted) {
            abort(code);
            co_return interrupted;
        }
    }
    if (core->session.error() == aborted()) {
        co_return ok();
    }
    co_return core->session.error();
}

void YamuxConnection::abort(ConnectionErrorCode) noexcept {
    core_->end(aborted());
    channel_->abort();
}

awaitable<void> YamuxConnection::read_loop() {
    EndOnExit guard(core_);
    Turn turn;
    for (;;) {
        auto chunk = co_await channel_->read_chunk();
        if (!chunk) {
            if (chunk.error() == asio::error::make_error_code(asio::error::eof)) {
                core_->session.on_eof();
            }
            core_->end(chunk.error());
            co_return;
        }
        co_await take(*chunk);
        if (turn.is_over(chunk->size())) {
            co_await yield();
        }
    }
}

/// Feeds the session, letting readers run in between where that saves a copy. What breaks the rules is not looked at
/// any more, but read: our GoAway has to arrive before the connection is closed over unread octets.
awaitable<void> YamuxConnection::take(MutableByteView chunk) {
    ByteView rest = chunk;
    auto now = Clock::now();
    for (;;) {
        auto taken = core_->session.receive(rest, now);
        core_->flush();
        if (!taken || *taken == rest.size()) {
            co_return;
        }
        rest = rest.subspan(*taken);
        co_await yield();
        while (core_->session.is_held_up()) {
            auto interrupted = co_await core_->input.wait();
            if (interrupted) {
                co_return;
            }
        }
    }
}

awaitable<void> YamuxConnection::write_loop() {
    EndOnExit guard(core_);
    Turn turn;
    auto& session = core_->session;
    bool is_closed = false;
    while (!session.has_ended()) {
        if (!session.wants_write()) {
            if (session.has_said_goodbye() && !is_closed) {
                is_closed = true;
                (void)co_await channel_->close_write();
                continue;
            }
            core_->flight.shrink();
            auto interrupted = co_await core_->output.wait();
            if (interrupted) {
                co_return;
            }
            continue;
        }
        auto octets = co_await send_flight();
        if (!octets) {
            core_->end(octets.error());
            co_return;
        }
        if (turn.is_over(*octets)) {
            co_await yield();
        }
    }
}

awaitable<result<std::size_t>> YamuxConnection::send_flight() {
    Landing landing(core_);
    core_->session.fill(core_->flight, Clock::now());
    auto octets = core_->flight.octets();
    if (octets == 0) {
        co_return octets;
    }
    core_->flush();  // writers whose octets were copied
    auto written = co_await channel_->write(core_->flight.buffers());
    if (!written) {
        co_return written.error();
    }
    co_return octets;
}

awaitable<void> YamuxConnection::time_loop() {
    EndOnExit guard(core_);
    while (!core_->session.has_ended()) {
        core_->armed_for = core_->session.deadline();
        core_->timer.expires_at(core_->armed_for);
        (void)co_await core_->timer.async_wait(as_result);  // also ends when an earlier deadline came up
        core_->session.on_time(Clock::now());
        core_->flush();
    }
}

}  // namespace libp2p::yamux
