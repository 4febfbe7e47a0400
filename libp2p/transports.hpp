// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/transport.hpp>

#include <chrono>
#include <memory>

namespace libp2p {

/// `/ip4|ip6/ADDRESS/tcp/PORT`. Port 0 lets the system choose. `/ip6/::` listens on IPv6 only: for both families listen
/// on `/ip4/0.0.0.0/tcp/P` too.
std::unique_ptr<Transport> make_tcp_transport(TransportServices& services);

/// Hosts of one process reach each other at `/memory/N`. Every host that shares a `MemoryNetwork` sees its addresses.
class MemoryNetwork;

/// A network of its own; `latency` is the time an octet takes one way.
std::shared_ptr<MemoryNetwork> make_memory_network(std::chrono::steady_clock::duration latency = {});

/// `/memory/N`; listening on `/memory/0` picks a free number.
std::unique_ptr<Transport> make_memory_transport(TransportServices& services, std::shared_ptr<MemoryNetwork> network);

}  // namespace libp2p
