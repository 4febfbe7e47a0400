// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace libp2p {

/// What one scope of the budget tree may hold at a time. `connections` and `streams` bound both directions together.
struct ScopeLimits {
    std::uint32_t connections_inbound;
    std::uint32_t connections_outbound;
    std::uint32_t connections;
    std::uint32_t streams_inbound;
    std::uint32_t streams_outbound;
    std::uint32_t streams;
    std::uint32_t descriptors;
    std::size_t memory;  ///< octets
};

inline constexpr std::size_t kKiB = 1024;
inline constexpr std::size_t kMiB = 1024 * kKiB;

/// Every limit of a host, with its default. The names here are the settings that refusals mention
/// ("limits.peer.streams_inbound"). docs/limits.md explains how to choose them.
struct Limits {
    /// The whole host.
    ScopeLimits system{1024, 1024, 2048, 32'768, 32'768, 65'536, 2048, 1024 * kMiB};
    /// Connections whose remote is not proven yet, and streams whose protocol is not agreed yet.
    ScopeLimits transient{256, 256, 512, 4096, 4096, 8192, 512, 256 * kMiB};
    /// All connections with one peer together.
    ScopeLimits peer{8, 8, 16, 8192, 8192, 16'384, 16, 256 * kMiB};
    /// One connection.
    ScopeLimits connection{1, 1, 1, 8192, 8192, 16'384, 1, 256 * kMiB};
    /// One stream.
    ScopeLimits stream{0, 0, 0, 1, 1, 1, 0, 16 * kMiB};

    /// Charged for a connection from accept or dial on: socket, handshake and session state.
    std::size_t connection_memory = 16 * kKiB;
    /// Charged for a stream while it exists: its object, coroutine frames and queue entries.
    std::size_t stream_memory = 2 * kKiB;

    /// Inbound connections from one address or network at a time; loopback and relayed connections are not counted.
    /// Peers behind one NAT share an address: raise these where many are expected. A connection that is still being
    /// upgraded gives way to a newer one of its network, so silent ones cannot keep others out.
    std::uint32_t connections_per_ipv4 = 8;      ///< one IPv4 address
    std::uint32_t connections_per_ipv6_56 = 8;   ///< one IPv6 network of 56 bits, what a household gets
    std::uint32_t connections_per_ipv6_48 = 64;  ///< one IPv6 network of 48 bits, what a site gets

    /// Largest receive window a stream may grow to, and the sum of what all streams of a connection may grow by.
    std::size_t stream_window = 16 * kMiB;
    std::size_t connection_window_growth = 64 * kMiB;

    /// Inbound streams of a connection that wait to be accepted, and as many whose protocol is not agreed yet. The
    /// muxer resets those past it.
    std::uint32_t accept_backlog = 256;

    std::uint32_t dials = 160;                   ///< sockets that connect at the same time
    std::uint32_t dials_per_peer = 8;            ///< addresses of one peer dialled at the same time
    std::uint32_t addresses_per_dial = 100;      ///< after resolving names
    std::uint32_t known_peers = 4096;            ///< peers in the peer store
    std::size_t known_peers_memory = 32 * kMiB;  ///< octets of all that the peer store knows of them
    std::uint32_t addresses_per_peer = 64;       ///< addresses kept of one peer
    std::uint32_t protocols_per_peer = 1024;     ///< protocol names kept of one peer
    std::uint32_t subscriptions = 64;            ///< event subscriptions
};

/// How long each stage may take.
struct Timeouts {
    std::chrono::milliseconds dial{15'000};              ///< a whole dial, all addresses of the peer
    std::chrono::milliseconds dial_attempt{5'000};       ///< one address, when others wait for their turn
    std::chrono::milliseconds upgrade{10'000};           ///< inbound: from accept to a multiplexed connection
    std::chrono::milliseconds negotiate_stream{10'000};  ///< from stream open to an agreed protocol
    std::chrono::milliseconds identify{5'000};           ///< one identify exchange
    std::chrono::milliseconds close{1'000};              ///< a polite close, before the rest is aborted
    std::chrono::milliseconds keep_alive{30'000};        ///< between pings of an idle connection; 0 switches them off
    std::chrono::milliseconds write{20'000};             ///< a connection that accepts no byte for so long is cut
    std::chrono::milliseconds resolve{5'000};            ///< one name
    std::chrono::milliseconds release_relayed{5'000};    ///< a relayed connection once a direct one stands, at least
};

}  // namespace libp2p
