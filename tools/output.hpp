// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/error.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string_view>

namespace libp2p::tools {

/// What the program says on stdout: lines for people, or one JSON object a line for programs. Each line is flushed.
class Output {
public:
    explicit Output(bool json) noexcept : json_(json) {}

    bool is_json() const noexcept { return json_; }

    /// True when a person watches.
    bool is_terminal() const noexcept;

    /// Prints `object`, or `line`, whichever is wanted. An empty line is not printed.
    void print(const nlohmann::ordered_json& object, std::string_view line) const;

    /// Prints a failure: JSON on stdout, text on stderr.
    void print(const Error& error) const;

private:
    bool json_;
};

/// The events of a command that serves others. Where nobody takes them from a pipe that is full, they are dropped and
/// counted, so that the network does not wait for a reader; when there is room again, {"event":"lost","count":N} comes
/// first.
class EventOutput {
public:
    explicit EventOutput(const Output& output) noexcept : output_(output) {}
    EventOutput(const EventOutput&) = delete;
    EventOutput& operator=(const EventOutput&) = delete;

    /// Tells what was lost last, if it can be told.
    ~EventOutput();

    /// Prints like `Output::print`. One event, as JSON or as a line, has to be shorter than PIPE_BUF.
    void print(const nlohmann::ordered_json& object, std::string_view line);

    /// Counts events that were lost before they came here.
    void lose(std::uint64_t count) noexcept { lost_ += count; }

private:
    bool tell_lost();

    const Output& output_;
    std::uint64_t lost_ = 0;
};

}  // namespace libp2p::tools
