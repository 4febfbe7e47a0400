// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/dial_story.hpp"

#include "tools/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <utility>

namespace libp2p::tools {
namespace {

using Json = nlohmann::ordered_json;

/// Ids and hashes have more characters than this in a row, and hardly anything else has.
constexpr std::size_t kLongWord = 40;
constexpr std::size_t kShortWord = 6;

/// Columns of a candidate.
constexpr int kTypeWidth = 6;
constexpr int kPlaceWidth = 24;

bool is_word(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

std::string padded(std::string text, int width) {
    text.resize(std::max(text.size(), static_cast<std::size_t>(width)), ' ');
    return text;
}

std::string describe(const DialFacts::Candidate& candidate) {
    return padded(candidate.type, kTypeWidth) + printable(candidate.place);
}

bool is_arranged(std::string_view address) noexcept {
    return address.ends_with("/webrtc");
}

}  // namespace

std::string shortened(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto end = std::ranges::find_if(text, [](char c) { return !is_word(c); });
        const auto size = std::max<std::size_t>(static_cast<std::size_t>(end - text.begin()), 1);
        const auto word = text.substr(0, size);
        if (size >= kLongWord) {
            out += "…";
            out += word.substr(size - kShortWord);
        } else {
            out += word;
        }
        text.remove_prefix(size);
    }
    return out;
}

/// What an event says, by name.
class DialStory::Fields {
public:
    explicit Fields(const LogEvent& event) : event_(event) {}

    std::string text(std::string_view key) const {
        std::string value;
        for (const auto& field : event_.fields) {
            if (field.key == key) {
                field.value.append_to(value);
            }
        }
        return value;
    }

    /// For people.
    std::string words(std::string_view key) const { return shortened(printable(text(key))); }

    bool flag(std::string_view key) const { return text(key) == "true"; }

    std::int64_t number(std::string_view key) const {
        const auto digits = text(key);
        std::int64_t value = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
        return value;
    }

private:
    const LogEvent& event_;
};

ArrangedDial& DialStory::arranged() {
    if (!facts_.arranged) {
        facts_.arranged.emplace();
    }
    return *facts_.arranged;
}

std::optional<DialStep> DialStory::hear(std::chrono::nanoseconds since, const LogEvent& event) {
    const Fields fields(event);
    const auto name = event.name;
    if (event.subsystem == "relay") {
        return hear_relay(name, fields);
    }
    if (event.subsystem == "webrtc" || event.subsystem == "rendezvous") {
        return name.starts_with("ice.") ? hear_ice(name, fields) : hear_signalling(name, fields);
    }
    if (event.subsystem != "swarm") {
        return std::nullopt;
    }
    return name.starts_with("dial.") ? hear_dial(since, name, fields) : hear_connection(name, fields);
}

std::optional<DialStep> DialStory::hear_dial(
    std::chrono::nanoseconds since, std::string_view name, const Fields& fields
) {
    const auto address = fields.text("address");
    const auto words = fields.words("address");
    if (name == "dial.begun" || name == "dial.ended" || name == "dial.connected") {
        return hear_attempt(since, name, fields);
    }
    const bool is_target = fields.text("peer") == peer_;
    const auto* topic = is_target ? "address" : "relay";
    if (name == "dial.left_out") {
        const auto error = fields.text("error");
        return DialStep{
            topic, words + " left out: " + fields.words("error"), {{"address", address}, {"left_out", error}}
        };
    }
    if (name == "dial.looked_up") {
        const auto known = fields.text("name");
        return DialStep{topic, fields.words("name") + " is " + words, {{"name", known}, {"address", address}}};
    }
    // Those of a relay are told with its attempts; what is ranked again, with others, was told before.
    if (name != "dial.address" || !is_target || told_.size() >= kMaxKept || !told_.insert(address).second) {
        return std::nullopt;
    }
    ++facts_.addresses;
    const auto delay = std::chrono::milliseconds(fields.number("delay_ms"));
    std::array<char, 32> when{"at once"};
    if (delay.count() > 0) {
        (void)std::snprintf(when.data(), when.size(), "after %.2f s", to_seconds(delay));
    }
    return DialStep{topic, words + ", " + when.data(), {{"address", address}, {"delay_ms", delay.count()}}};
}

std::optional<DialStep> DialStory::hear_attempt(
    std::chrono::nanoseconds since, std::string_view name, const Fields& fields
) {
    const auto address = fields.text("address");
    const auto words = fields.words("address");
    const bool is_target = fields.text("peer") == peer_;
    // A circuit for signalling is dialled while what it is for is under way, beside the other attempts.
    const bool is_for_signalling = fields.flag("alone");
    const auto* topic = is_target && !is_for_signalling ? "dial" : "relay";
    Json details{{"address", address}, {"target", is_target}, {"for_signalling", is_for_signalling}};
    if (name == "dial.begun") {
        if (is_target && is_arranged(address)) {
            arranged().begun = since;
        }
        details["state"] = "begun";
        return DialStep{topic, words + (is_for_signalling ? ", for signalling" : ""), std::move(details)};
    }
    const auto time = fields.text("time");
    if (name == "dial.connected") {
        has_won_ = has_won_ || (is_target && !is_for_signalling);
        details["state"] = "connected";
        return DialStep{topic, words + " connected after " + time, std::move(details)};
    }
    const auto error = fields.text("error");
    const bool is_given_up = has_won_ && is_target && !is_for_signalling;
    if (is_target && is_arranged(address) && !is_given_up) {
        arranged().failure = fields.words("error");
    }
    details["state"] = is_given_up ? "given_up" : "failed";
    details["error"] = error;
    const auto how = is_given_up ? " given up after " + time + ": another one has connected"
                                 : " failed after " + time + ": " + fields.words("error");
    return DialStep{topic, words + how, std::move(details)};
}

std::optional<DialStep> DialStory::hear_connection(std::string_view name, const Fields& fields) {
    const auto remote = fields.text("remote");
    Json details{{"remote", remote}};
    if (fields.text("peer") != peer_) {
        return std::nullopt;
    }
    if (name == "connected" && fields.flag("inbound")) {
        details["state"] = "connected_by_peer";
        return DialStep{"dial", "the peer has connected to us, over " + fields.words("transport"), std::move(details)};
    }
    if (name == "relayed.released") {
        details["state"] = "released";
        has_released_ = true;
        return DialStep{
            "relay",
            "the relayed connection is released: a direct one stands, and it has no streams",
            std::move(details)
        };
    }
    if (name == "disconnected" && !std::exchange(has_released_, false)) {
        details["state"] = "disconnected";
        details["reason"] = fields.text("reason");
        return DialStep{"end", fields.words("remote") + ": " + fields.words("reason"), std::move(details)};
    }
    return std::nullopt;
}

std::optional<DialStep> DialStory::hear_relay(std::string_view name, const Fields& fields) const {
    if (fields.text("destination") != peer_) {
        return std::nullopt;
    }
    Json details{{"relay", fields.text("relay")}};
    if (name == "circuit.asked") {
        details["state"] = "asked";
        return DialStep{"relay", fields.words("relay") + " is asked for a circuit to the peer", std::move(details)};
    }
    if (name == "circuit.granted") {
        const bool is_limited = fields.flag("limited");
        details["state"] = "granted";
        details["limited"] = is_limited;
        const auto* limit = is_limited ? ", under a limit" : ", without a limit";
        return DialStep{"relay", fields.words("relay") + " opened the circuit" + limit, std::move(details)};
    }
    return std::nullopt;
}

std::optional<DialStep> DialStory::hear_signalling(std::string_view name, const Fields& fields) {
    if (name == "signalling.open") {
        const auto remote = fields.text("remote");
        const bool is_limited = fields.flag("limited");
        return DialStep{
            "signal", "over " + fields.words("remote"), {{"state", "open"}, {"remote", remote}, {"limited", is_limited}}
        };
    }
    const auto type = fields.text("type");
    if (name == "signalling.said") {
        return DialStep{"signal", type + " sent", {{"state", "sent"}, {"type", type}}};
    }
    if (name == "signalling.heard") {
        arranged().answered = true;
        return DialStep{"signal", type + " received", {{"state", "received"}, {"type", type}}};
    }
    if (name == "session.open") {
        const auto role = fields.text("dtls");
        return DialStep{"session", "DTLS and SCTP stand; we are the DTLS " + role, {{"dtls", role}}};
    }
    return std::nullopt;
}

std::optional<DialStep> DialStory::hear_ice(std::string_view name, const Fields& fields) {
    if (name == "ice.candidate") {
        return hear_candidate(fields);
    }
    if (name == "ice.server") {
        const auto kind = fields.text("kind");
        const auto server = fields.text("server");
        const bool is_found = fields.flag("found");
        arranged().stun_asked = arranged().stun_asked || is_found;
        return DialStep{
            "server",
            kind + " " + fields.words("server") + (is_found ? " is asked" : " left out: its name has no address"),
            {{"kind", kind}, {"server", server}, {"asked", is_found}}
        };
    }
    if (name == "ice.gathered") {
        return DialStep{"ours", "that is all", {{"state", "gathered"}}};
    }
    if (name == "ice.state") {
        const auto state = fields.text("state");
        const auto pairs = std::to_string(facts_.ours.size()) + " of ours with " +
                           std::to_string(std::ranges::count_if(facts_.theirs, &DialFacts::Candidate::contacted)) +
                           " of theirs";
        if (state == "connecting") {
            return DialStep{"check", "begins: " + pairs + " so far", {{"state", state}}};
        }
        if (state == "connected") {
            return DialStep{"check", "a pair has answered", {{"state", state}}};
        }
        if (state == "failed") {
            return DialStep{"check", "no pair answers: " + pairs, {{"state", state}}};
        }
        return std::nullopt;
    }
    if (name == "ice.selected") {
        facts_.pair = {
            {fields.text("local_type"), fields.text("local")}, {fields.text("remote_type"), fields.text("remote")}
        };
        const auto& [local, remote] = *facts_.pair;
        return DialStep{
            "pair",
            local.type + " " + printable(local.place) + " <-> " + remote.type + " " + printable(remote.place) +
                " chosen",
            {{"local_type", local.type}, {"local", local.place}, {"remote_type", remote.type}, {"remote", remote.place}}
        };
    }
    return std::nullopt;
}

std::optional<DialStep> DialStory::hear_candidate(const Fields& fields) {
    const bool is_ours = fields.text("from") == "local";
    DialFacts::Candidate candidate{fields.text("type"), fields.text("place")};
    candidate.contacted = is_ours || fields.flag("contacted");
    Json details{{"type", candidate.type}, {"place", candidate.place}};
    auto text = describe(candidate);
    if (!is_ours) {
        const auto verdict = fields.text("verdict");
        details["contacted"] = candidate.contacted;
        details["verdict"] = verdict;
        text =
            padded(std::move(text), kTypeWidth + kPlaceWidth) + (candidate.contacted ? " " : " left out: ") + verdict;
    }
    auto& kept = is_ours ? facts_.ours : facts_.theirs;
    if (kept.size() < kMaxKept) {
        kept.push_back(std::move(candidate));
    }
    return DialStep{is_ours ? "ours" : "theirs", std::move(text), std::move(details)};
}

}  // namespace libp2p::tools
