// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/error.hpp>

#include <nlohmann/json_fwd.hpp>

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

}  // namespace libp2p::tools
