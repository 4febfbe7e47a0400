// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/output.hpp"

#include "tools/error_report.hpp"

#include <nlohmann/json.hpp>
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace libp2p::tools {
namespace {

void put_line(std::FILE* file, std::string line) {
    line += '\n';
    std::fwrite(line.data(), 1, line.size(), file);
    std::fflush(file);
}

std::string to_line(const nlohmann::ordered_json& object) {
    // What peers tell of themselves need not be UTF-8.
    return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

/// A pipe counts as writable while it has room for PIPE_BUF octets. One whose reader is gone does too: the write tells.
bool is_stdout_writable() noexcept {
    pollfd out{STDOUT_FILENO, POLLOUT, 0};
    return poll(&out, 1, 0) != 0;
}

}  // namespace

bool Output::is_terminal() const noexcept {
    return isatty(STDOUT_FILENO) == 1;
}

void Output::print(const nlohmann::ordered_json& object, std::string_view line) const {
    if (json_) {
        put_line(stdout, to_line(object));
    } else if (!line.empty()) {
        put_line(stdout, std::string(line));
    }
}

void Output::print(const Error& error) const {
    if (json_) {
        put_line(stdout, to_line(error_as_json(error)));
    } else {
        put_line(stderr, error_as_text(error));
    }
}

EventOutput::~EventOutput() {
    tell_lost();
}

void EventOutput::print(const nlohmann::ordered_json& object, std::string_view line) {
    // Asked again after the first line: there may be no room for a second one.
    if (tell_lost() && is_stdout_writable()) {
        output_.print(object, line);
    } else {
        ++lost_;
    }
}

/// False when some were lost and it cannot be told now.
bool EventOutput::tell_lost() {
    if (lost_ == 0) {
        return true;
    }
    if (!is_stdout_writable()) {
        return false;
    }
    nlohmann::ordered_json json;
    json["event"] = "lost";
    json["count"] = lost_;
    output_.print(json, "lost          " + std::to_string(lost_) + " events that nobody read in time");
    lost_ = 0;
    return true;
}

}  // namespace libp2p::tools
