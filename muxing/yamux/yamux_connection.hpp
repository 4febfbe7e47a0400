// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "muxing/yamux/yamux_core.hpp"

#include <libp2p/connection.hpp>
#include <libp2p/security.hpp>

#include <memory>

namespace libp2p::yamux {

/// A secured channel with yamux on it. One coroutine reads, one writes, one watches the time.
class YamuxConnection final : public Connection {
public:
    YamuxConnection(
        std::unique_ptr<SecureChannel> channel,
        std::shared_ptr<const ConnectionInfo> info,
        std::shared_ptr<Budget> budget,
        const Limits& limits,
        const Timeouts& timeouts
    );
    ~YamuxConnection() override;

    awaitable<Error> run() override;
    awaitable<result<std::unique_ptr<Stream>>> open_stream() override;
    bool can_open_stream() const noexcept override { return core_->can_open(); }
    awaitable<result<std::unique_ptr<Stream>>> accept_stream() override;
    awaitable<result<void>> close(ConnectionErrorCode code) override;
    void abort(ConnectionErrorCode code) noexcept override;
    ConnectionErrorCode remote_error() const noexcept override {
        return static_cast<ConnectionErrorCode>(core_->session.remote_goodbye().value_or(0));
    }
    std::size_t stream_count() const noexcept override { return core_->session.open_count(); }
    std::chrono::nanoseconds round_trip() const noexcept override { return core_->session.round_trip(); }

private:
    class EndOnExit;
    class Landing;

    awaitable<void> read_loop();
    awaitable<void> write_loop();
    awaitable<void> time_loop();
    awaitable<void> take(MutableByteView chunk);
    awaitable<result<std::size_t>> send_flight();

    std::unique_ptr<SecureChannel> channel_;
    std::shared_ptr<YamuxCore> core_;  // shared: see YamuxCore
    bool running_ = false;
};

}  // namespace libp2p::yamux
