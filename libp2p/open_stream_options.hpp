// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <chrono>

namespace libp2p {

struct OpenStreamOptions {
    std::chrono::milliseconds timeout{0};  ///< dial and negotiation together; 0 takes the host's timeouts
    bool allow_limited = false;            ///< accept a relayed connection that is under a limit
    bool dial = true;                      ///< dial known addresses when there is no connection
};

}  // namespace libp2p
