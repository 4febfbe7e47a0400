// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace libp2p::tools {

/// An attempt to arrange a direct path over a relay or a rendezvous server.
struct ArrangedDial {
    std::chrono::nanoseconds begun{0};  ///< since the dial began
    bool answered = false;              ///< the peer's description has come
    bool stun_asked = false;
    std::string failure;  ///< in words; empty while it goes on, and when it was given up
};

/// What a dial has met on its way, as far as it decides which path the connection takes.
struct DialFacts {
    struct Candidate {
        std::string type;   ///< "host", "srflx", "prflx", "relay"
        std::string place;  ///< "192.0.2.1:4001"; of mDNS, a name and a port
        bool contacted = true;
    };

    /// The two ends that ICE has chosen.
    struct Pair {
        Candidate local;
        Candidate remote;
    };

    std::size_t addresses = 0;  ///< that could be dialled
    std::optional<ArrangedDial> arranged;
    std::vector<Candidate> ours;
    std::vector<Candidate> theirs;
    std::optional<Pair> pair;
};

/// How a dial has ended.
struct DialVerdict {
    enum class Path {
        direct,
        turn,     ///< a TURN server passes the datagrams on
        relayed,  ///< a libp2p relay does
        none,
    };

    Path path;
    std::string words;  ///< for people: which path, and why
};

/// The connection that the dial has given.
struct DialledConnection {
    std::string transport;
    std::string remote;  ///< its address
    bool limited = false;
};

/// "direct", "turn", "relayed", "none"
const char* name_of(DialVerdict::Path path) noexcept;

/// After `time`. Pure.
DialVerdict verdict_on(const DialFacts& facts, const DialledConnection& connection, std::chrono::nanoseconds time);

/// The same for a dial that has failed, with `error`.
DialVerdict verdict_on(const DialFacts& facts, const std::string& error);

}  // namespace libp2p::tools
