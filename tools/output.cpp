// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/output.hpp"

#include "tools/error_report.hpp"

#include <nlohmann/json.hpp>
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

}  // namespace libp2p::tools
