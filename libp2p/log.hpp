// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/error.hpp>

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace libp2p {

enum class LogLevel : std::uint8_t { trace, debug, info, warning, error, off };

std::string_view to_string(LogLevel level) noexcept;

/// Something to log, borrowed: numbers, texts, errors, durations, whatever has `to_string()`, or a function that
/// returns one of these and is called only when somebody listens. Becomes text when the sink asks for it.
class LogValue {
public:
    LogValue(bool value) noexcept : integer_(value ? 1 : 0), append_(append_bool) {}  // NOLINT(google-explicit-*)
    LogValue(std::string_view text) noexcept : text_(text), append_(append_text) {}   // NOLINT(google-explicit-*)
    LogValue(const std::string& text) noexcept : LogValue(std::string_view(text)) {}  // NOLINT(google-explicit-*)
    LogValue(const char* text) noexcept                                               // NOLINT(google-explicit-*)
        : LogValue(std::string_view(text != nullptr ? text : "(null)")) {}

    template <std::signed_integral T>
    LogValue(T value) noexcept : integer_(value), append_(append_signed) {}  // NOLINT(google-explicit-*)

    template <std::unsigned_integral T>
    LogValue(T value) noexcept  // NOLINT(google-explicit-*)
        : integer_(static_cast<std::int64_t>(value)), append_(append_unsigned) {}

    LogValue(double value) noexcept : real_(value), append_(append_real) {}  // NOLINT(google-explicit-*)

    template <class Rep, class Period>
    LogValue(std::chrono::duration<Rep, Period> value) noexcept  // NOLINT(google-explicit-*)
        : real_(std::chrono::duration<double, std::milli>(value).count()), append_(append_milliseconds) {}

    LogValue(const Error& error) noexcept  // NOLINT(google-explicit-*)
        : object_(&error), append_(append_error) {}
    LogValue(const error_code& code) noexcept  // NOLINT(google-explicit-*)
        : object_(&code), append_(append_code) {}

    template <class T>
        requires requires(const T& value) {
            { value.to_string() } -> std::convertible_to<std::string>;
        }
    LogValue(const T& value) noexcept  // NOLINT(google-explicit-*)
        : object_(&value), append_([](const LogValue& self, std::string& to) {
              to += static_cast<const T*>(self.object_)->to_string();
          }) {}

    template <std::invocable F>
    LogValue(const F& make) noexcept  // NOLINT(google-explicit-*)
        : object_(&make), append_([](const LogValue& self, std::string& to) {
              const auto made = (*static_cast<const F*>(self.object_))();
              LogValue(made).append_to(to);
          }) {}

    /// The text as it is: whoever prints it has to escape it.
    void append_to(std::string& to) const { append_(*this, to); }

private:
    using Append = void (*)(const LogValue& self, std::string& to);

    static void append_bool(const LogValue& self, std::string& to);
    static void append_text(const LogValue& self, std::string& to);
    static void append_signed(const LogValue& self, std::string& to);
    static void append_unsigned(const LogValue& self, std::string& to);
    static void append_real(const LogValue& self, std::string& to);
    static void append_milliseconds(const LogValue& self, std::string& to);
    static void append_error(const LogValue& self, std::string& to);
    static void append_code(const LogValue& self, std::string& to);

    union {
        const void* object_;
        std::string_view text_;
        std::int64_t integer_;
        double real_;
    };
    Append append_;
};

struct LogField {
    std::string_view key;
    LogValue value;
};

/// One event as the sink sees it. Everything is borrowed until the sink returns.
struct LogEvent {
    std::chrono::system_clock::time_point time;
    LogLevel level;
    std::string_view subsystem;
    std::string_view name;
    std::span<const LogField> fields;
};

/// Longest value that `to_line` prints, in octets; what is left out is counted.
inline constexpr std::size_t kMaxLogValueSize = 2048;

/// "2026-01-02T03:04:05.678901Z debug swarm dial.failed peer=12D3… error="…"", without a line end. Values with anything
/// but plain ASCII are quoted and escaped: what a peer sends can neither begin a line, nor look like another field, nor
/// reach the terminal.
std::string to_line(const LogEvent& event);

/// Called from the thread that logs; with hosts on several threads, from several at once. What it throws is dropped.
using LogSink = std::function<void(const LogEvent&)>;

/// Sends all events of the process to `sink`; an empty one brings back the default, lines on stderr.
void set_log_sink(LogSink sink);

/// Which events are logged: a level for everything, and others for single subsystems.
struct LogFilter {
    LogLevel level = LogLevel::warning;
    std::map<std::string, LogLevel, std::less<>> subsystems;

    /// Reads "swarm=debug,yamux=trace,info": what is left unsaid stays at `warning`, what is said twice counts as said
    /// last. Fails with `invalid_argument` and says what is wrong where.
    static result<LogFilter> parse(std::string_view text);

    LogLevel level_of(std::string_view subsystem) const noexcept;
};

/// Longest text that `LogFilter::parse` reads.
inline constexpr std::size_t kMaxLogFilterSize = 4096;

/// From now on for the whole process, loggers that were made before included. Thread-safe.
void set_log_filter(LogFilter filter);

/// Takes the filter from the environment variable LIBP2P_LOG, if it is set.
result<void> set_log_filter_from_environment();

/// Logs the events of one subsystem. Meant for a constant in a source file:
///
///     const Logger log("swarm");
///     log.debug("dial.failed", {{"peer", peer}, {"error", error}});
///
/// Costs one load while the level is off. Must not stand in one statement with `co_await`. Thread-safe.
class Logger {
public:
    explicit Logger(std::string_view subsystem);

    bool is_on(LogLevel level) const noexcept { return level >= level_.load(std::memory_order_relaxed); }

    void trace(std::string_view event, std::initializer_list<LogField> fields = {}) const noexcept {
        write_if_on(LogLevel::trace, event, fields);
    }
    void debug(std::string_view event, std::initializer_list<LogField> fields = {}) const noexcept {
        write_if_on(LogLevel::debug, event, fields);
    }
    void info(std::string_view event, std::initializer_list<LogField> fields = {}) const noexcept {
        write_if_on(LogLevel::info, event, fields);
    }
    void warning(std::string_view event, std::initializer_list<LogField> fields = {}) const noexcept {
        write_if_on(LogLevel::warning, event, fields);
    }
    void error(std::string_view event, std::initializer_list<LogField> fields = {}) const noexcept {
        write_if_on(LogLevel::error, event, fields);
    }

private:
    void write_if_on(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) const noexcept {
        if (is_on(level)) [[unlikely]] {
            write(level, event, std::span(fields.begin(), fields.size()));
        }
    }
    void write(LogLevel level, std::string_view event, std::span<const LogField> fields) const noexcept;

    std::string_view subsystem_;  // kept by the process for good, like the level
    const std::atomic<LogLevel>& level_;
};

}  // namespace libp2p
