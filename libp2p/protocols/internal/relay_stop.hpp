// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/host_services.hpp>
#include <libp2p/protocols/relay_service.hpp>

#include <memory>

namespace libp2p::relay {

/// Asks `destination`, over a connection that stands, to take a circuit from `source` (relay/circuit-v2, "Stop
/// Protocol"). The stream that is returned carries the circuit, and has a deadline: `limits.connect_timeout` from the
/// request. Fails with `Errc::refused_by_remote` when the destination says no, `Errc::protocol_violation` when what it
/// says is no answer, else as opening, writing and reading a stream do.
awaitable<result<std::unique_ptr<Stream>>> ask_for_circuit(
    HostServices& services, const RelayLimits& limits, PeerId source, PeerId destination
);

}  // namespace libp2p::relay
