// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/identify_info.hpp>
#include <libp2p/keys.hpp>
#include <libp2p/multiaddr.hpp>
#include <libp2p/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// identify (libp2p specs): one side tells the other its key, addresses, protocols and how it sees the other. A host
/// does this by itself; who asks, and when, is decided there.
namespace libp2p::identify {

inline constexpr auto kProtocol = "/ipfs/id/1.0.0";           ///< whoever accepts the stream tells
inline constexpr auto kPushProtocol = "/ipfs/id/push/1.0.0";  ///< whoever opens the stream tells

inline constexpr std::size_t kMaxMessages = 10;     ///< that one sender may split what it tells into
inline constexpr std::size_t kMaxProtocols = 1024;  ///< kept of one peer; later ones are left out
inline constexpr std::size_t kMaxAddresses = 500;   ///< kept of one peer; later ones are left out

/// What this host tells.
struct Snapshot {
    PublicKey key;
    std::vector<Multiaddr> addresses;   ///< best first: when not all fit the last ones are left out
    std::vector<ProtocolId> protocols;  ///< likewise
    std::string agent;
    std::string protocol_version;
    std::optional<Multiaddr> observed;  ///< where this host sees the one it tells
    Bytes signed_peer_record;           ///< an envelope; empty: none is sent
};

/// What a peer told. In a push, what is absent is as before.
struct Received {
    std::optional<std::string> agent;
    std::optional<std::string> protocol_version;
    std::optional<std::vector<ProtocolId>> protocols;
    std::optional<std::vector<Multiaddr>> addresses;  ///< without /p2p, each once; of the record where a valid one came
    bool certified = false;                           ///< the addresses are of a record that the peer signed
    std::uint64_t record_sequence = 0;                ///< of that record
    Bytes signed_peer_record;                         ///< that record in its envelope
    std::optional<Multiaddr> observed;                ///< where the peer sees us
};

/// Octets that the lists of what a peer told take in memory, about.
std::size_t memory_of(const std::vector<Multiaddr>& addresses, const std::vector<ProtocolId>& protocols) noexcept;

/// One message of at most 4096 octets, without its length prefix: some peers read no more. What does not fit is left
/// out: a record of more than 2 KiB, then addresses and protocols, last first, of whichever take more room.
Bytes encode(const Snapshot& snapshot);

/// Sends the message and closes this side. The stream's deadline applies.
awaitable<result<void>> send(Stream& stream, const Snapshot& snapshot);

/// Takes up to `kMaxMessages` messages of up to 8 KiB, until the remote's end, a reset or the stream's deadline. Fails
/// with `Errc::protocol_violation` on what is no such message, and when none came; with `Errc::peer_mismatch` when the
/// key in it is not the key of `connection`. A signed record that is not by that peer, or in a form unknown here, does
/// not count; nor do addresses that cannot be read. What is kept is charged to the stream until it is handed over;
/// fails with `Errc::limit_exceeded` where the budget refuses that.
awaitable<result<Received>> receive(Stream& stream, const ConnectionInfo& connection);

}  // namespace libp2p::identify
