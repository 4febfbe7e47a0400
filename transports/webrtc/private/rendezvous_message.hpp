// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace libp2p::webrtc {

/// Longest message to or from a rendezvous server that is read, in octets.
inline constexpr std::size_t kMaxRendezvousMessageSize = 64 * 1024;

/// Longest name of a peer in one, in characters.
inline constexpr std::size_t kMaxRendezvousName = 128;

/// One message of a rendezvous server, a JSON object in a text frame of a WebSocket: `type`, `to`, `from` and `data`.
/// The server passes offers, answers and candidates on as they are. The others are between it and a client:
///
///     server                                     client
///     {"type":"challenge","data":"…"}         →
///                                             ←  {"type":"register","from":"12D3…","data":{"key":"…","signature":"…"}}
///     {"type":"registered","to":"12D3…"}      →
///     {"type":"error","to":…,"data":"words"}  →
///
/// A server that sends no challenge passes messages on without knowing who is who; the peers prove themselves to each
/// other in any case.
struct RendezvousMessage {
    enum class Type : std::uint8_t { offer, answer, candidate, challenge, enrol, enrolled, error };

    Type type = Type::offer;
    std::string to;    ///< a peer id, in text
    std::string from;  ///< likewise
    std::string data;  ///< a text; where an object stands, its JSON

    friend bool operator==(const RendezvousMessage&, const RendezvousMessage&) = default;
};

/// Unknown members are skipped. Fails with `Errc::protocol_violation` for what is no such object, for a type that is
/// not known, and past a bound.
result<RendezvousMessage> parse_rendezvous_message(std::string_view text);

std::string to_json(const RendezvousMessage& message);

}  // namespace libp2p::webrtc
