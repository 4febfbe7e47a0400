// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "tools/dial_verdict.hpp"

#include <libp2p/log.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace libp2p::tools {

/// One thing that happened while a dial was under way.
struct DialStep {
    std::string_view topic;  ///< "address", "dial", "relay", "signal", "server", "ours", "theirs", "check", "pair", …
    std::string text;        ///< for people; ids and hashes are shortened
    nlohmann::ordered_json details;  ///< the same for programs: an object, with ids and hashes in full
};

/// Makes steps of what a dial logs (subsystems swarm, relay, webrtc and rendezvous, level debug), and keeps what
/// decides the verdict. Sans-io.
class DialStory {
public:
    /// What is kept of candidates, and of addresses that were told once: a remote may send many.
    static constexpr std::size_t kMaxKept = 256;

    /// The dial of that peer.
    explicit DialStory(std::string peer) : peer_(std::move(peer)) {}

    /// `since` counts from the beginning of the dial. Empty where the event is no part of its story.
    std::optional<DialStep> hear(std::chrono::nanoseconds since, const LogEvent& event);

    const DialFacts& facts() const noexcept { return facts_; }

private:
    class Fields;

    std::optional<DialStep> hear_dial(std::chrono::nanoseconds since, std::string_view name, const Fields& fields);
    std::optional<DialStep> hear_connection(std::string_view name, const Fields& fields);
    std::optional<DialStep> hear_relay(std::string_view name, const Fields& fields) const;
    std::optional<DialStep> hear_signalling(std::string_view name, const Fields& fields);
    std::optional<DialStep> hear_ice(std::string_view name, const Fields& fields);
    std::optional<DialStep> hear_candidate(const Fields& fields);
    std::optional<DialStep> hear_attempt(std::chrono::nanoseconds since, std::string_view name, const Fields& fields);
    ArrangedDial& arranged();

    std::string peer_;
    std::set<std::string> told_;  // addresses; at most kMaxKept
    bool has_won_ = false;
    bool has_released_ = false;
    DialFacts facts_;
};

/// `text` with every id and hash in it cut down to its last six characters: "…2Xo4fe". They are long, and differ at
/// their end.
std::string shortened(std::string_view text);

}  // namespace libp2p::tools
