// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/limits.hpp>
#include <libp2p/muxer.hpp>

namespace libp2p::yamux {

class YamuxMuxer final : public Muxer {
public:
    YamuxMuxer(const Limits& limits, const Timeouts& timeouts) : limits_(limits), timeouts_(timeouts) {}

    const ProtocolId& id() const noexcept override;
    std::unique_ptr<Connection> mux(
        std::unique_ptr<SecureChannel> channel,
        std::shared_ptr<const ConnectionInfo> info,
        std::shared_ptr<Budget> budget
    ) override;

private:
    Limits limits_;
    Timeouts timeouts_;
};

}  // namespace libp2p::yamux
