// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/progress_bar.hpp"

#include "tools/text.hpp"

#include <algorithm>
#include <cstdio>

namespace libp2p::tools {
namespace {

constexpr std::size_t kWidth = 30;

std::string format_remaining(double seconds) {
    const auto whole = static_cast<std::uint64_t>(std::min(seconds, 359'999.0));
    const auto two = [](std::uint64_t number) { return (number < 10 ? "0" : "") + std::to_string(number); };
    auto text = std::to_string(whole / 60 % 60) + ":" + two(whole % 60);
    if (whole >= 3600) {
        text = std::to_string(whole / 3600) + ":" + two(whole / 60 % 60) + ":" + two(whole % 60);
    }
    return text;
}

}  // namespace

ProgressBar::~ProgressBar() {
    if (drawn_) {
        std::fputs("\r\x1b[K", stdout);
        std::fflush(stdout);
    }
}

void ProgressBar::update(std::uint64_t done) {
    if (!shown_) {
        return;
    }
    const auto now = Clock::now();
    if (now < next_) {
        return;
    }
    next_ = now + kRedraw;
    drawn_ = true;
    const auto line = "\r" + draw_progress(done, total_, now - start_) + "\x1b[K";
    std::fputs(line.c_str(), stdout);
    std::fflush(stdout);
}

std::string draw_progress(std::uint64_t done, std::uint64_t total, std::chrono::nanoseconds elapsed) {
    const auto share = total > 0 ? std::min(static_cast<double>(done) / static_cast<double>(total), 1.0) : 1.0;
    const auto filled = static_cast<std::size_t>(share * static_cast<double>(kWidth));
    std::string bar(filled, '=');
    if (filled < kWidth) {
        bar += '>';
        bar.resize(kWidth, ' ');
    }
    auto percent = std::to_string(static_cast<int>(share * 100));
    percent.insert(0, 3 - percent.size(), ' ');
    auto text = "[" + bar + "] " + percent + " %  " + format_size(done) + " of " + format_size(total) + "  " +
                format_rate(done, elapsed);
    if (done > 0 && done < total) {
        text += "  " + format_remaining(to_seconds(elapsed) * (1 - share) / share) + " left";
    }
    return text;
}

}  // namespace libp2p::tools
