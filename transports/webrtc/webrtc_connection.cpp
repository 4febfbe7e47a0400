// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/webrtc_connection.hpp"

#include "transports/webrtc/webrtc_stream.hpp"

#include <boost/asio/error.hpp>

#include <utility>

namespace libp2p::webrtc {
namespace {

Error aborted() noexcept {
    return asio::error::make_error_code(asio::error::operation_aborted);
}

/// Whatever `run` or `close` ends by, the session does not go on without it.
class EndOnExit {
public:
    explicit EndOnExit(std::shared_ptr<WebRtcCore> core) noexcept : core_(std::move(core)) {}
    EndOnExit(const EndOnExit&) = delete;
    EndOnExit& operator=(const EndOnExit&) = delete;
    ~EndOnExit() { core_->end(aborted()); }

private:
    std::shared_ptr<WebRtcCore> core_;  // an executor that is destroyed takes frame and connection down in any order
};

}  // namespace

WebRtcConnection::WebRtcConnection(std::shared_ptr<WebRtcCore> core, std::shared_ptr<const ConnectionInfo> info)
    : Connection(std::move(info)), core_(std::move(core)) {}

WebRtcConnection::~WebRtcConnection() {
    abort(ConnectionErrorCode::none);
}

awaitable<Error> WebRtcConnection::run() {
    auto core = core_;
    EndOnExit guard(core);
    error_code interrupted;
    while (!interrupted && !core->session.has_ended()) {
        interrupted = co_await core->changed.wait();
    }
    core->end(aborted());
    co_return core->session.error();
}

awaitable<result<std::unique_ptr<Stream>>> WebRtcConnection::open_stream() {
    auto core = core_;
    auto info = shared_info();
    error_code interrupted;
    while (!interrupted && !core->session.can_open()) {
        interrupted = co_await core->openers.wait();
    }
    if (interrupted) {
        core->flush();  // the next one in line may have to be woken in our place
        co_return interrupted;
    }
    auto channel = core->session.open();
    if (!channel) {
        core->flush();
        co_return channel.error();
    }
    auto stream = std::make_unique<WebRtcStream>(core, **channel, std::move(info));
    core->flush();
    co_return std::unique_ptr<Stream>(std::move(stream));
}

awaitable<result<std::unique_ptr<Stream>>> WebRtcConnection::accept_stream() {
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
    co_return std::make_unique<WebRtcStream>(core, *core->session.accept(), std::move(info));
}

awaitable<result<void>> WebRtcConnection::close(ConnectionErrorCode code) {
    auto core = core_;
    EndOnExit guard(core);  // cancelled: there is no second, longer goodbye
    core->session.close();
    core->flush();
    while (!core->session.has_ended()) {
        auto interrupted = co_await core->changed.wait();
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

void WebRtcConnection::abort(ConnectionErrorCode) noexcept {
    core_->end(aborted());
}

}  // namespace libp2p::webrtc
