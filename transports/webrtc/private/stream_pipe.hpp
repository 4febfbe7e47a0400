// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/protocol_id.hpp>
#include <libp2p/signalling.hpp>
#include <libp2p/stream.hpp>

#include <memory>

namespace libp2p::webrtc {

/// The protocol of a signalling stream (libp2p specs, webrtc).
inline const ProtocolId kSignallingProtocol{"/webrtc-signaling/0.0.1"};

/// A pipe that is a stream of a connection whose remote is proven.
class StreamPipe final : public SignallingPipe {
public:
    explicit StreamPipe(std::unique_ptr<Stream> stream);

    const SignallingRemote& remote() const noexcept override { return remote_; }
    awaitable<result<void>> send(SignallingMessage message) override;
    awaitable<result<SignallingMessage>> receive() override;
    awaitable<result<void>> close() override;
    void abort() noexcept override { stream_->abort(); }

private:
    std::unique_ptr<Stream> stream_;
    SignallingRemote remote_;
};

}  // namespace libp2p::webrtc
