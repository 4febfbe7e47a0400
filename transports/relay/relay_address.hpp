// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/multiaddr.hpp>

#include <optional>
#include <vector>

namespace libp2p::relay {

/// What stands in front of `/p2p-circuit`: a relay, and where it is.
struct RelayAddress {
    PeerId peer;
    std::optional<Multiaddr> address;  ///< without /p2p; empty for `/p2p/RELAY/p2p-circuit`: where it is known to be

    /// Reads `[ADDRESS]/p2p/RELAY/p2p-circuit` and nothing behind it. Empty for everything else, also for a relay that
    /// is reached over another one.
    static std::optional<RelayAddress> parse(const Multiaddr& address);

    /// As `parse` reads it.
    Multiaddr circuit() const;

    /// For a dial.
    std::vector<Multiaddr> dialable() const;

    friend bool operator==(const RelayAddress&, const RelayAddress&) = default;
};

/// The component `/p2p-circuit` alone.
const Multiaddr& circuit_component();

}  // namespace libp2p::relay
