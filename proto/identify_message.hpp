// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace libp2p::identify {

/// Largest message that is accepted.
inline constexpr std::size_t kMaxReceivedMessageSize = 8 * 1024;

/// Largest message that is sent: some implementations read no more.
inline constexpr std::size_t kMaxSentMessageSize = 4096;

/// What one message carries, field by field and not interpreted. Absent fields of a push mean "as before".
struct Message {
    using Octets = std::vector<std::uint8_t>;

    std::optional<Octets> public_key;      ///< a PublicKey message
    std::vector<Octets> listen_addresses;  ///< multiaddrs
    std::vector<std::string> protocols;
    std::optional<Octets> observed_address;  ///< a multiaddr
    std::optional<std::string> protocol_version;
    std::optional<std::string> agent_version;
    std::optional<Octets> signed_peer_record;  ///< a signed envelope

    friend bool operator==(const Message&, const Message&) = default;
};

/// The message without its length prefix.
Message::Octets encode(const Message& message);

/// The length of `encode(message)`.
std::size_t encoded_size(const Message& message);

/// Empty for octets that are not such a message, and for more than `kMaxReceivedMessageSize` of them. Unknown fields
/// are skipped.
std::optional<Message> decode(std::span<const std::uint8_t> octets);

}  // namespace libp2p::identify
