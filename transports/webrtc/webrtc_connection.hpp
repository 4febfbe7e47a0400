// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/webrtc/webrtc_core.hpp"

#include <libp2p/connection.hpp>

#include <memory>

namespace libp2p::webrtc {

/// A connection whose streams are data channels. A socket feeds its session and timers drive it; `run` waits for the
/// end.
class WebRtcConnection final : public Connection {
public:
    /// `core`: open, and its remote proven.
    WebRtcConnection(std::shared_ptr<WebRtcCore> core, std::shared_ptr<const ConnectionInfo> info);
    ~WebRtcConnection() override;

    awaitable<Error> run() override;
    awaitable<result<std::unique_ptr<Stream>>> open_stream() override;
    bool can_open_stream() const noexcept override { return core_->session.can_open() && core_->openers.empty(); }
    awaitable<result<std::unique_ptr<Stream>>> accept_stream() override;
    awaitable<result<void>> close(ConnectionErrorCode code) override;
    void abort(ConnectionErrorCode code) noexcept override;
    std::size_t stream_count() const noexcept override { return core_->session.open_count(); }
    std::chrono::nanoseconds round_trip() const noexcept override { return core_->session.round_trip(); }

private:
    std::shared_ptr<WebRtcCore> core_;  // shared: see WebRtcCore
};

}  // namespace libp2p::webrtc
