// SPDX-License-Identifier: MIT OR Apache-2.0

// The text of LIBP2P_LOG, which whoever starts a program writes. What is read says the same when it is written out and
// read again; what is refused is refused with words that are safe to print. The same text as a value in a log line can
// neither end the line nor hide in it.

#include <libp2p/log.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

bool is_printable(std::string_view text) {
    for (const char c : text) {
        if (c < ' ' || c > '~') {
            return false;
        }
    }
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace libp2p;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto filter = LogFilter::parse(text);
    if (filter) {
        std::string again(to_string(filter->level));
        for (const auto& [subsystem, level] : filter->subsystems) {
            again.append(",").append(subsystem).append("=").append(to_string(level));
        }
        if (again.size() <= kMaxLogFilterSize) {
            const auto second = LogFilter::parse(again);
            require(second.has_value());
            require(second->level == filter->level && second->subsystems == filter->subsystems);
        }
    } else {
        require(is_printable(filter.error().message()));
    }
    const LogField field{"value", text};
    const auto line = to_line(LogEvent{{}, LogLevel::info, "fuzz", "event", {&field, 1}});
    require(is_printable(line));
    require(line.size() < 4 * kMaxLogValueSize + 200);
    return 0;
}
