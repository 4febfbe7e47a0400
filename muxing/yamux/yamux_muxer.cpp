// SPDX-License-Identifier: MIT OR Apache-2.0
#include "muxing/yamux/yamux_muxer.hpp"

#include "muxing/yamux/yamux_connection.hpp"

#include <libp2p/muxers.hpp>

namespace libp2p {

std::unique_ptr<Muxer> make_yamux(const Limits& limits, const Timeouts& timeouts) {
    return std::make_unique<yamux::YamuxMuxer>(limits, timeouts);
}

namespace yamux {

const ProtocolId& YamuxMuxer::id() const noexcept {
    static const ProtocolId id = "/yamux/1.0.0";
    return id;
}

std::unique_ptr<Connection> YamuxMuxer::mux(
    std::unique_ptr<SecureChannel> channel, std::shared_ptr<const ConnectionInfo> info, std::shared_ptr<Budget> budget
) {
    return std::make_unique<YamuxConnection>(
        std::move(channel), std::move(info), std::move(budget), limits_, timeouts_
    );
}

}  // namespace yamux
}  // namespace libp2p
