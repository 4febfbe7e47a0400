// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/webrtc/webrtc_core.hpp"

#include <boost/asio/error.hpp>

#include <memory>
#include <utility>

namespace libp2p::webrtc {

/// Whatever a handshake ends by, its session does not go on without it.
class EndUnlessDone {
public:
    explicit EndUnlessDone(std::shared_ptr<WebRtcCore> core) noexcept : core_(std::move(core)) {}
    EndUnlessDone(const EndUnlessDone&) = delete;
    EndUnlessDone& operator=(const EndUnlessDone&) = delete;
    ~EndUnlessDone() {
        if (core_) {
            core_->end(asio::error::make_error_code(asio::error::operation_aborted));
        }
    }

    void done() noexcept { core_.reset(); }

private:
    std::shared_ptr<WebRtcCore> core_;  // shared with who drives the handshake
};

}  // namespace libp2p::webrtc
