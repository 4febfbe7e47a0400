// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/log.hpp"

#include <boost/system/errc.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace libp2p {
namespace {

constexpr std::array<std::string_view, 6> kLevelNames{"trace", "debug", "info", "warning", "error", "off"};

std::optional<LogLevel> level_named(std::string_view name) noexcept {
    const auto found = std::find(kLevelNames.begin(), kLevelNames.end(), name);
    if (found == kLevelNames.end()) {
        return std::nullopt;
    }
    return static_cast<LogLevel>(found - kLevelNames.begin());
}

void write_to_stderr(const LogEvent& event) {
    auto line = to_line(event);
    line.push_back('\n');
    std::fwrite(line.data(), 1, line.size(), stderr);  // one call, so that lines of several threads do not mix
}

/// What the whole process shares, hosts on other threads included: the one place here with a lock. Never destroyed, as
/// destructors of other globals may log.
struct Registry {
    static Registry& instance() {
        static auto& registry = *new Registry;
        return registry;
    }

    using Levels = std::map<std::string, std::atomic<LogLevel>, std::less<>>;

    std::mutex mutex;
    LogFilter filter;
    Levels levels;  // one for each subsystem in the program
    std::shared_ptr<const LogSink> sink = std::make_shared<const LogSink>(write_to_stderr);
};

/// Finds the subsystem, or adds it.
Registry::Levels::value_type& entry_of(std::string_view subsystem) {
    auto& registry = Registry::instance();
    const std::lock_guard lock(registry.mutex);
    auto found = registry.levels.find(subsystem);
    if (found == registry.levels.end()) {
        found = registry.levels.try_emplace(std::string(subsystem), registry.filter.level_of(subsystem)).first;
    }
    return *found;
}

template <class Number, class... Format>
void append_number(std::string& to, Number number, Format... format) {
    std::array<char, 400> text;  // fixed notation of the largest double
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number, format...).ptr;
    to.append(text.data(), end);
}

/// Whether `text` can stand in a line as it is.
bool is_plain(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return c > ' ' && c < '\x7f' && c != '"' && c != '=' && c != '\\';
    });
}

void append_escaped(std::string& to, std::string_view text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const auto printed = text.substr(0, kMaxLogValueSize);
    if (is_plain(printed) && printed.size() == text.size()) {
        to += printed;
        return;
    }
    to.push_back('"');
    for (const char c : printed) {
        const auto octet = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            to.push_back('\\');
            to.push_back(c);
        } else if (c == '\n') {
            to += "\\n";
        } else if (octet >= 0x20 && octet < 0x7f) {
            to.push_back(c);
        } else {
            to += "\\x";
            to.push_back(kHex[octet >> 4]);
            to.push_back(kHex[octet & 15]);
        }
    }
    to.push_back('"');
    if (printed.size() < text.size()) {
        to += "...(";
        append_number(to, text.size() - printed.size());
        to += " more)";
    }
}

void append_time(std::string& to, std::chrono::system_clock::time_point time) {
    using namespace std::chrono;
    const auto second = floor<seconds>(time);
    const auto micros = duration_cast<microseconds>(time - second).count();
    const std::time_t calendar = system_clock::to_time_t(second);
    std::tm parts{};
    gmtime_r(&calendar, &parts);
    std::array<char, 64> text{};
    auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    to.append(text.data(), size);
    const auto written = std::snprintf(text.data(), text.size(), ".%06dZ", static_cast<int>(micros));
    to.append(text.data(), static_cast<std::size_t>(written));
}

Error bad_filter(std::string_view what, std::string_view item) {
    std::string text = "log filter: ";
    text += what;
    text += " in ";
    append_escaped(text, item);
    text +=
        R"(; write levels like "info" or "swarm=debug,yamux=trace,info" with trace, debug, info, warning, error or off)";
    return Error(boost::system::errc::make_error_code(boost::system::errc::invalid_argument), std::move(text));
}

bool is_subsystem_name(std::string_view name) noexcept {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
               c == '.' || c == '/';
    });
}

std::string_view trimmed(std::string_view text) noexcept {
    const auto first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

}  // namespace

std::string_view to_string(LogLevel level) noexcept {
    return kLevelNames[static_cast<std::size_t>(level)];
}

// --- LogValue ------------------------------------------------------------------------------------------------------

void LogValue::append_bool(const LogValue& self, std::string& to) {
    to += self.integer_ != 0 ? "true" : "false";
}

void LogValue::append_text(const LogValue& self, std::string& to) {
    to += self.text_;
}

void LogValue::append_signed(const LogValue& self, std::string& to) {
    append_number(to, self.integer_);
}

void LogValue::append_unsigned(const LogValue& self, std::string& to) {
    append_number(to, static_cast<std::uint64_t>(self.integer_));
}

void LogValue::append_real(const LogValue& self, std::string& to) {
    append_number(to, self.real_);
}

void LogValue::append_milliseconds(const LogValue& self, std::string& to) {
    const bool is_short = std::abs(self.real_) < 1000;
    append_number(to, is_short ? self.real_ : self.real_ / 1000, std::chars_format::fixed, 3);
    to += is_short ? "ms" : "s";
}

void LogValue::append_error(const LogValue& self, std::string& to) {
    to += static_cast<const Error*>(self.object_)->message();
}

void LogValue::append_code(const LogValue& self, std::string& to) {
    to += static_cast<const error_code*>(self.object_)->message();
}

// --- events ----------------------------------------------------------------------------------------------------------

std::string to_line(const LogEvent& event) {
    std::string line;
    append_time(line, event.time);
    line.push_back(' ');
    line += to_string(event.level);
    line.push_back(' ');
    append_escaped(line, event.subsystem);
    line.push_back(' ');
    append_escaped(line, event.name);
    std::string value;
    for (const auto& field : event.fields) {
        line.push_back(' ');
        append_escaped(line, field.key);
        line.push_back('=');
        value.clear();
        field.value.append_to(value);
        append_escaped(line, value);
    }
    return line;
}

void set_log_sink(LogSink sink) {
    auto& registry = Registry::instance();
    auto shared = std::make_shared<const LogSink>(sink ? std::move(sink) : LogSink(write_to_stderr));
    const std::lock_guard lock(registry.mutex);
    registry.sink.swap(shared);
}

Logger::Logger(std::string_view subsystem)
    : subsystem_(entry_of(subsystem).first), level_(entry_of(subsystem).second) {}

void Logger::write(LogLevel level, std::string_view event, std::span<const LogField> fields) const noexcept {
    try {
        auto& registry = Registry::instance();
        std::shared_ptr<const LogSink> sink;  // a copy: the sink may log, or be replaced, while it runs
        {
            const std::lock_guard lock(registry.mutex);
            sink = registry.sink;
        }
        (*sink)(LogEvent{std::chrono::system_clock::now(), level, subsystem_, event, fields});
    } catch (...) {
        // Logging must not change what a program does, also when memory is short: the event is lost.
    }
}

// --- filter ----------------------------------------------------------------------------------------------------------

result<LogFilter> LogFilter::parse(std::string_view text) {
    LogFilter filter;
    if (text.size() > kMaxLogFilterSize) {
        return bad_filter("more than " + std::to_string(kMaxLogFilterSize) + " characters", text.substr(0, 20));
    }
    if (trimmed(text).empty()) {
        return filter;
    }
    for (bool more = true; more;) {
        const auto comma = text.find(',');
        const auto item = trimmed(text.substr(0, comma));
        more = comma != std::string_view::npos;
        text.remove_prefix(more ? comma + 1 : text.size());
        const auto equals = item.find('=');
        const auto name = trimmed(item.substr(0, equals));
        const auto level_name = equals == std::string_view::npos ? item : trimmed(item.substr(equals + 1));
        const auto level = level_named(level_name);
        if (!level) {
            return bad_filter(level_name.empty() ? "a level is missing" : "unknown level", item);
        }
        if (equals == std::string_view::npos) {
            filter.level = *level;
        } else if (is_subsystem_name(name)) {
            filter.subsystems.insert_or_assign(std::string(name), *level);
        } else {
            return bad_filter(name.empty() ? "a subsystem is missing" : "not a subsystem name", item);
        }
    }
    return filter;
}

LogLevel LogFilter::level_of(std::string_view subsystem) const noexcept {
    const auto found = subsystems.find(subsystem);
    return found == subsystems.end() ? level : found->second;
}

void set_log_filter(LogFilter filter) {
    auto& registry = Registry::instance();
    const std::lock_guard lock(registry.mutex);
    registry.filter = std::move(filter);
    for (auto& [subsystem, level] : registry.levels) {
        level.store(registry.filter.level_of(subsystem), std::memory_order_relaxed);
    }
}

result<void> set_log_filter_from_environment() {
    const char* const text = std::getenv("LIBP2P_LOG");
    if (text == nullptr) {
        return ok();
    }
    auto filter = LogFilter::parse(text);
    if (!filter) {
        return filter.error().with_context("LIBP2P_LOG");
    }
    set_log_filter(std::move(*filter));
    return ok();
}

}  // namespace libp2p
