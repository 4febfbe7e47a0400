// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "tools/dial_story.hpp"
#include "tools/session.hpp"

#include <libp2p/log.hpp>

#include <chrono>
#include <string>

namespace libp2p::tools {

/// Prints what a dial logs as its story while this exists, from construction on: a line a step, or an object
/// {"event":"step",…} with `Output::is_json`. There can be one at a time in a process, since there is one log; what the
/// user wants to have logged still goes to stderr.
class StoryTeller {
public:
    StoryTeller(const Output& output, const CommonOptions& options, const PeerId& peer);
    StoryTeller(const StoryTeller&) = delete;
    StoryTeller& operator=(const StoryTeller&) = delete;
    ~StoryTeller();

    /// The dial has ended, now.
    void connected() noexcept { ended_ = Clock::now(); }

    /// Ends the story: {"event":"path","path":"direct",…}. Not to be called twice.
    void conclude(const ConnectionInfo& connection);
    void conclude(const Error& error);

private:
    using Clock = std::chrono::steady_clock;

    void hear(const LogEvent& event);
    void print(std::chrono::nanoseconds since, const DialStep& step) const;
    void conclude(const DialVerdict& verdict, nlohmann::ordered_json details);

    const Output& output_;
    LogFilter wanted_;  ///< by the user
    DialStory story_;
    Clock::time_point begun_ = Clock::now();
    Clock::time_point ended_ = begun_;
    bool is_over_ = false;
};

/// `text` behind `head`, in lines of at most `width` characters where its words allow that; those after the first are
/// indented as far as `head` reaches.
std::string wrapped(std::string head, std::string_view text, std::size_t width);

}  // namespace libp2p::tools
