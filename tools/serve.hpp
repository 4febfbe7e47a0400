// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "tools/session.hpp"

#include <functional>
#include <vector>

namespace libp2p::tools {

/// Registers ping, perf (both forms) and echo.
void serve_protocols(Host& host);

/// Listens on all of `addresses`, prints {"event":"listening",…}, calls `on_listening` where there is one, and then
/// prints who comes and goes, until it is cancelled.
awaitable<result<void>> listen_and_report(
    Session& session, std::vector<Multiaddr> addresses, std::function<void()> on_listening = {}
);

}  // namespace libp2p::tools
