// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/story_teller.hpp"

#include "tools/text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string_view>
#include <utility>

namespace libp2p::tools {
namespace {

using Json = nlohmann::ordered_json;

/// Of a line.
constexpr std::size_t kWidth = 100;

/// What tells of a dial.
constexpr std::array<std::string_view, 4> kSubsystems{"swarm", "relay", "webrtc", "rendezvous"};

/// What the user wants to read of the log; it was checked before.
LogFilter filter_of(const CommonOptions& options) {
    const char* environment = std::getenv("LIBP2P_LOG");
    const std::string text = options.log.empty() && environment != nullptr ? environment : options.log;
    auto filter = LogFilter::parse(text);
    return filter ? std::move(*filter) : LogFilter();
}

/// In characters: what is behind the first octet of one in UTF-8 does not count.
std::size_t width_of(std::string_view text) noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
    }));
}

double rounded_seconds(std::chrono::nanoseconds time) noexcept {
    return std::round(to_seconds(time) * 1e6) / 1e6;
}

std::string head_of(std::chrono::nanoseconds since, std::string_view topic) {
    std::array<char, 64> head{};
    (void)std::snprintf(
        head.data(), head.size(), "%8.3f s  %-8.*s ", to_seconds(since), static_cast<int>(topic.size()), topic.data()
    );
    return head.data();
}

}  // namespace

StoryTeller::StoryTeller(const Output& output, const CommonOptions& options, const PeerId& peer)
    : output_(output), wanted_(filter_of(options)), story_(peer.to_string()) {
    auto filter = wanted_;
    for (const auto subsystem : kSubsystems) {
        filter.subsystems[std::string(subsystem)] = std::min(wanted_.level_of(subsystem), LogLevel::debug);
    }
    set_log_sink([this](const LogEvent& event) { hear(event); });
    set_log_filter(std::move(filter));
}

StoryTeller::~StoryTeller() {
    set_log_sink({});
    set_log_filter(wanted_);
}

void StoryTeller::hear(const LogEvent& event) {
    if (event.level >= wanted_.level_of(event.subsystem)) {
        std::cerr << to_line(event) + "\n";
    }
    if (is_over_) {
        return;
    }
    const auto since = Clock::now() - begun_;
    if (const auto step = story_.hear(since, event)) {
        print(since, *step);
    }
}

void StoryTeller::print(std::chrono::nanoseconds since, const DialStep& step) const {
    Json json{{"event", "step"}, {"seconds", rounded_seconds(since)}, {"step", step.topic}};
    json.update(step.details);
    output_.print(json, wrapped(head_of(since, step.topic), step.text, kWidth));
}

void StoryTeller::conclude(const ConnectionInfo& connection) {
    const auto remote = connection.remote_address.to_string();
    const DialledConnection dialled{connection.transport, shortened(remote), connection.limited};
    Json details{{"transport", connection.transport}, {"remote", remote}, {"limited", connection.limited}};
    if (const auto& pair = story_.facts().pair; pair && connection.transport == "webrtc") {
        details["local_candidate"] = pair->local.place;
        details["remote_candidate"] = pair->remote.place;
    }
    conclude(verdict_on(story_.facts(), dialled, ended_ - begun_), std::move(details));
}

void StoryTeller::conclude(const Error& error) {
    ended_ = Clock::now();
    conclude(verdict_on(story_.facts(), shortened(printable(error.message()))), Json::object());
}

void StoryTeller::conclude(const DialVerdict& verdict, Json details) {
    is_over_ = true;
    Json json{{"event", "path"}, {"seconds", rounded_seconds(ended_ - begun_)}, {"path", name_of(verdict.path)}};
    json.update(details);
    json["words"] = verdict.words;
    std::array<char, 48> time{};
    (void)std::snprintf(time.data(), time.size(), "; the dial took %.3f s", to_seconds(ended_ - begun_));
    output_.print(json, wrapped(head_of(Clock::now() - begun_, "path"), verdict.words + time.data(), kWidth));
}

std::string wrapped(std::string head, std::string_view text, std::size_t width) {
    const std::string indent(width_of(head), ' ');
    auto used = indent.size();
    bool is_first = true;  // on its line
    std::string out = std::move(head);
    while (!text.empty()) {
        const auto size = std::min(text.find(' ', 1), text.size());
        auto word = text.substr(0, size);
        text.remove_prefix(size);
        if (!is_first && used + width_of(word) > width) {
            out += "\n" + indent;
            used = indent.size();
            word.remove_prefix(std::min(word.find_first_not_of(' '), word.size()));
        }
        out += word;
        used += width_of(word);
        is_first = false;
    }
    return out;
}

}  // namespace libp2p::tools
