// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/log.hpp"

#include <boost/system/errc.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace libp2p {
namespace {

using namespace std::chrono_literals;

/// Catches the lines of the process, and leaves it as it was.
class LogTest : public testing::Test {
protected:
    LogTest() {
        set_log_sink([this](const LogEvent& event) { lines_.push_back(to_line(event)); });
        set_log_filter(filter("trace"));
    }
    ~LogTest() override {
        set_log_sink(nullptr);
        set_log_filter({});
    }

    static LogFilter filter(std::string_view text) { return LogFilter::parse(text).value(); }

    /// The last line without its time.
    std::string last() const { return lines_.empty() ? "" : lines_.back().substr(lines_.back().find(' ') + 1); }

    std::vector<std::string> lines_;
};

struct Named {
    std::string to_string() const { return "a name"; }
};

TEST_F(LogTest, WritesOneEventALine) {
    const Logger log("swarm");
    log.debug("dial.failed", {{"peer", "12D3KooW"}, {"tries", 3}});
    EXPECT_EQ(last(), "debug swarm dial.failed peer=12D3KooW tries=3");
    log.info("plain");
    EXPECT_EQ(last(), "info swarm plain");
    log.trace("a");
    log.warning("b");
    log.error("c");
    EXPECT_EQ(last(), "error swarm c");
    EXPECT_EQ(lines_.size(), 5u);
}

TEST_F(LogTest, StampsLinesWithUtcTime) {
    const LogEvent event{
        std::chrono::system_clock::time_point(1'767'323'045s + 678'901us), LogLevel::info, "s", "e", {}
    };
    EXPECT_EQ(to_line(event), "2026-01-02T03:04:05.678901Z info s e");
    const LogEvent before{std::chrono::system_clock::time_point(-1us), LogLevel::info, "s", "e", {}};
    EXPECT_EQ(to_line(before), "1969-12-31T23:59:59.999999Z info s e");
}

TEST_F(LogTest, PrintsEachKindOfValue) {
    const Logger log("test");
    const Error error(Errc::limit_exceeded, "system: full");
    const std::string text = "text";
    log.info(
        "e",
        {{"a", true},
         {"b", -1},
         {"c", std::numeric_limits<std::uint64_t>::max()},
         {"d", std::numeric_limits<std::int64_t>::min()},
         {"e", 0.5},
         {"f", text},
         {"g", std::string_view("view")},
         {"h", static_cast<const char*>(nullptr)},
         {"i", error},
         {"j", 1500us},
         {"k", Named()},
         {"l", [] { return std::string("made late"); }},
         {"m", std::uint8_t{7}}}
    );
    EXPECT_EQ(
        last(),
        "info test e a=true b=-1 c=18446744073709551615 d=-9223372036854775808 e=0.5 f=text g=view h=(null) "
        "i=\"resource limit exceeded: system: full\" j=1.500ms k=\"a name\" l=\"made late\" m=7"
    );
    log.info("e", {{"a", 999ms}, {"b", 1s}, {"c", 1h}, {"d", -90s}});
    EXPECT_EQ(last(), "info test e a=999.000ms b=1.000s c=3600.000s d=-90.000s");
    log.info("e", {{"code", make_error_code(Errc::gated)}, {"empty", ""}});
    EXPECT_EQ(last(), "info test e code=\"refused by the connection gater\" empty=\"\"");
}

TEST_F(LogTest, CallsAFunctionOnlyWhenTheLevelIsOn) {
    const Logger log("test");
    int calls = 0;
    const auto costly = [&calls] { return ++calls; };
    set_log_filter(filter("info"));
    log.debug("e", {{"value", costly}});
    EXPECT_EQ(calls, 0);
    log.info("e", {{"value", costly}});
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(last(), "info test e value=1");
}

TEST_F(LogTest, HostileTextCanNeitherForgeALineNorReachTheTerminal) {
    const Logger log("test");
    log.info("e", {{"agent", "x\n2026-01-01T00:00:00.000000Z error swarm forged"}});
    EXPECT_EQ(last(), R"(info test e agent="x\n2026-01-01T00:00:00.000000Z error swarm forged")");
    log.info("e", {{"agent", "a peer=someone"}});
    EXPECT_EQ(last(), R"(info test e agent="a peer=someone")");
    log.info("e", {{"agent", "\" peer=\"x"}, {"path", "a\\b"}});
    EXPECT_EQ(last(), R"(info test e agent="\" peer=\"x" path="a\\b")");
    log.info("e", {{"agent", "\x1b[2J\r\t\x7f\x9b"}});
    EXPECT_EQ(last(), R"(info test e agent="\x1b[2J\x0d\x09\x7f\x9b")");
    log.info("e", {{"agent", std::string_view("a\0b", 3)}});
    EXPECT_EQ(last(), R"(info test e agent="a\x00b")");
    log.info("e", {{"agent", "\xe2\x80\xae"}});  // turns the direction of text
    EXPECT_EQ(last(), R"(info test e agent="\xe2\x80\xae")");
    log.info("bad event", {{"bad=key", 1}});
    EXPECT_EQ(last(), R"(info test "bad event" "bad=key"=1)");
    for (int octet = 0; octet < 256; ++octet) {
        log.info("e", {{"agent", std::string(2, static_cast<char>(octet))}});
        for (const char c : lines_.back()) {
            ASSERT_TRUE(c >= ' ' && c < '\x7f') << octet;
        }
    }
}

TEST_F(LogTest, CutsValuesAtTheirBound) {
    const Logger log("test");
    for (std::size_t size : {kMaxLogValueSize - 1, kMaxLogValueSize, kMaxLogValueSize + 1, 10 * kMaxLogValueSize}) {
        log.info("e", {{"v", std::string(size, 'x')}});
        if (size <= kMaxLogValueSize) {
            EXPECT_EQ(last(), "info test e v=" + std::string(size, 'x'));
        } else {
            EXPECT_EQ(
                last(),
                "info test e v=\"" + std::string(kMaxLogValueSize, 'x') + "\"...(" +
                    std::to_string(size - kMaxLogValueSize) + " more)"
            );
        }
    }
}

TEST_F(LogTest, LevelsApplyBySubsystem) {
    const Logger swarm("swarm");
    set_log_filter(filter("swarm=debug,yamux=off,warning"));
    const Logger yamux("yamux");
    const Logger other("other");
    EXPECT_FALSE(swarm.is_on(LogLevel::trace));
    EXPECT_TRUE(swarm.is_on(LogLevel::debug));
    EXPECT_FALSE(yamux.is_on(LogLevel::error));
    EXPECT_FALSE(other.is_on(LogLevel::info));
    EXPECT_TRUE(other.is_on(LogLevel::warning));
    set_log_filter({});
    EXPECT_FALSE(swarm.is_on(LogLevel::info)) << "a logger that exists follows";
    EXPECT_TRUE(yamux.is_on(LogLevel::warning));
}

TEST_F(LogTest, ASinkMayLogReplaceItselfOrThrow) {
    const Logger log("test");
    int calls = 0;
    set_log_sink([&](const LogEvent&) {
        if (++calls == 1) {
            log.info("nested");
            set_log_sink([&](const LogEvent&) {
                calls += 100;
                throw std::runtime_error("sink");
            });
        }
    });
    log.info("first");
    EXPECT_EQ(calls, 2);
    log.info("second");
    EXPECT_EQ(calls, 102);
}

TEST_F(LogTest, MayBeUsedFromSeveralThreads) {
    std::atomic<int> events = 0;
    set_log_sink([&](const LogEvent&) { ++events; });
    const auto work = [] {
        const Logger log("threads");
        for (int i = 0; i < 1000; ++i) {
            log.info("e", {{"i", i}});
        }
    };
    std::thread one(work);
    std::thread two(work);
    for (int i = 0; i < 100; ++i) {
        set_log_filter(filter("info"));
    }
    one.join();
    two.join();
    EXPECT_EQ(events, 2000);
}

struct FilterCase {
    std::string_view text;
    std::string_view problem;  // part of the message; empty where the text is right
};

TEST(LogFilter, ReadsTheDocumentedForm) {
    const auto parsed = LogFilter::parse("swarm=debug,yamux=trace,info");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->level, LogLevel::info);
    EXPECT_EQ(parsed->level_of("swarm"), LogLevel::debug);
    EXPECT_EQ(parsed->level_of("yamux"), LogLevel::trace);
    EXPECT_EQ(parsed->level_of("noise"), LogLevel::info);
    EXPECT_EQ(LogFilter::parse("")->level, LogLevel::warning);
    EXPECT_EQ(LogFilter::parse("a=off")->level, LogLevel::warning);
    EXPECT_EQ(LogFilter::parse("info,error")->level, LogLevel::error) << "what is said last counts";
    EXPECT_EQ(LogFilter::parse("a=info, a = trace ")->level_of("a"), LogLevel::trace);
    for (auto level :
         {LogLevel::trace, LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error, LogLevel::off}) {
        EXPECT_EQ(LogFilter::parse(to_string(level))->level, level);
    }
}

TEST(LogFilter, SaysWhatIsWrongWhere) {
    const std::vector<FilterCase> cases{
        {"loud", "unknown level in loud"},
        {"swarm=loud", R"(unknown level in "swarm=loud")"},
        {"swarm=", R"(a level is missing in "swarm=")"},
        {"=info", R"(a subsystem is missing in "=info")"},
        {"info,", R"(a level is missing in "")"},
        {",info", R"(a level is missing in "")"},
        {",", "a level is missing"},
        {"swarm=debug=info", R"(unknown level in "swarm=debug=info")"},
        {"INFO", "unknown level in INFO"},
        {"a b=info", R"(not a subsystem name in "a b=info")"},
        {"a\n=info", R"(not a subsystem name in "a\n=info")"},
        {"info;debug", "unknown level"},
    };
    for (const auto& test : cases) {
        const auto parsed = LogFilter::parse(test.text);
        ASSERT_FALSE(parsed) << test.text;
        EXPECT_EQ(parsed.error().code(), boost::system::errc::invalid_argument);
        EXPECT_NE(parsed.error().detail().find(test.problem), std::string_view::npos) << parsed.error().detail();
        EXPECT_NE(parsed.error().detail().find("swarm=debug,yamux=trace,info"), std::string_view::npos);
    }
}

TEST(LogFilter, ReadsNoMoreThanItsBound) {
    EXPECT_TRUE(LogFilter::parse("info" + std::string(kMaxLogFilterSize - 4, ' ')));
    EXPECT_FALSE(LogFilter::parse("info" + std::string(kMaxLogFilterSize - 3, ' ')));
    EXPECT_FALSE(LogFilter::parse(std::string(1 << 20, ',')));
}

TEST_F(LogTest, TakesTheFilterFromTheEnvironment) {
    const Logger log("env");
    ::setenv("LIBP2P_LOG", "env=error", 1);
    EXPECT_TRUE(set_log_filter_from_environment());
    EXPECT_FALSE(log.is_on(LogLevel::warning));
    ::setenv("LIBP2P_LOG", "nonsense", 1);
    const auto refused = set_log_filter_from_environment();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().detail().substr(0, 22), "LIBP2P_LOG: log filter");
    EXPECT_FALSE(log.is_on(LogLevel::warning)) << "a wrong text changes nothing";
    ::unsetenv("LIBP2P_LOG");
    EXPECT_TRUE(set_log_filter_from_environment());
    EXPECT_FALSE(log.is_on(LogLevel::warning));
}

TEST(Log, WritesToStderrByDefault) {
    testing::internal::CaptureStderr();
    const Logger log("default");
    log.warning("seen", {{"n", 1}});
    log.info("unseen");
    const auto text = testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find(" warning default seen n=1\n"), std::string::npos);
    EXPECT_EQ(text.find("unseen"), std::string::npos);
}

}  // namespace
}  // namespace libp2p
