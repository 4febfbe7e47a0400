// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/dns/resolver.hpp"

#include "tests/unit/libp2p/dns/dns_server.hpp"

#include <libp2p/timeout.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <optional>
#include <set>

namespace libp2p::dns {
namespace {

using namespace std::chrono_literals;
using test::DnsMessage;
using test::DnsQuestion;
using test::DnsServer;

using Texts = std::vector<std::string>;

std::vector<Bytes> silence(const DnsQuestion&) {
    return {};
}

/// 192.0.2.1 and 2001:db8::1 for every name.
std::vector<Bytes> one_of_each(const DnsQuestion& question) {
    DnsMessage message(question.message);
    if (question.type == DnsMessage::kA) {
        message.a(1);
    } else if (question.type == DnsMessage::kAaaa) {
        message.aaaa(1);
    } else {
        message.txt("text");
    }
    return {message.bytes()};
}

std::size_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

class ResolverTest : public testing::Test {
protected:
    /// Addresses of "example.test", as text and sorted; or the error.
    result<Texts> lookup(
        Family family,
        DnsServer::Answer answer,
        std::string name = "example.test",
        std::chrono::milliseconds timeout = 2s
    ) {
        DnsServer server(io_, std::move(answer));
        Resolver resolver(io_.get_executor(), timeout, server.address());
        result<Texts> texts = Errc::shut_down;
        auto body = [&]() -> awaitable<void> {
            auto found = co_await resolver.addresses(name, family);
            if (!found) {
                texts = found.error();
                co_return;
            }
            std::set<std::string> sorted;
            for (const auto& address : *found) {
                sorted.insert(address.to_string());
            }
            texts = Texts(sorted.begin(), sorted.end());
        };
        test::run(io_, body());
        asked_ = server.asked();
        return texts;
    }

    result<Texts> lookup_texts(DnsServer::Answer answer, std::chrono::milliseconds timeout = 2s) {
        DnsServer server(io_, std::move(answer));
        Resolver resolver(io_.get_executor(), timeout, server.address());
        result<Texts> texts = Errc::shut_down;
        auto body = [&]() -> awaitable<void> { texts = co_await resolver.texts("example.test"); };
        test::run(io_, body());
        return texts;
    }

    asio::io_context io_{1};
    Texts asked_;
};

TEST_F(ResolverTest, FindsAddressesOfTheFamilyThatIsWanted) {
    EXPECT_EQ(lookup(Family::v4, one_of_each).value(), (Texts{"192.0.2.1"}));
    EXPECT_EQ(lookup(Family::v6, one_of_each).value(), (Texts{"2001:db8::1"}));
    EXPECT_EQ(lookup(Family::any, one_of_each).value(), (Texts{"192.0.2.1", "2001:db8::1"}));
}

TEST_F(ResolverTest, FindsWhatThereIsWhenOneFamilyIsMissing) {
    const auto only_v4 = [](const DnsQuestion& question) {
        DnsMessage message(question.message);
        if (question.type == DnsMessage::kA) {
            message.a(9);
        }
        return std::vector<Bytes>{message.bytes()};
    };
    EXPECT_EQ(lookup(Family::any, only_v4).value(), (Texts{"192.0.2.9"}));
    EXPECT_EQ(lookup(Family::v6, only_v4).error(), make_error_code(asio::error::no_data));
}

TEST_F(ResolverTest, FollowsAChainOfCanonicalNames) {
    const auto chain = [](const DnsQuestion& question) {
        DnsMessage message(question.message);
        message.record(DnsMessage::kCname, DnsMessage::name("one.test"));
        message.record(DnsMessage::name("one.test"), DnsMessage::kCname, DnsMessage::name("two.test"));
        message.record(DnsMessage::name("two.test"), DnsMessage::kA, {192, 0, 2, 7});
        return std::vector<Bytes>{message.bytes()};
    };
    EXPECT_EQ(lookup(Family::v4, chain).value(), (Texts{"192.0.2.7"}));
}

TEST_F(ResolverTest, AChainThatLeadsInACircleEndsWithoutData) {
    const auto circle = [](const DnsQuestion& question) {
        DnsMessage message(question.message);
        for (int i = 0; i < 50; ++i) {
            message.record(DnsMessage::name("one.test"), DnsMessage::kCname, DnsMessage::name("two.test"));
            message.record(DnsMessage::name("two.test"), DnsMessage::kCname, DnsMessage::name("one.test"));
        }
        return std::vector<Bytes>{message.bytes()};
    };
    EXPECT_FALSE(lookup(Family::v4, circle));
}

TEST_F(ResolverTest, ReadsTextsInOneAndInSeveralPieces) {
    const auto texts = [](const DnsQuestion& question) {
        DnsMessage message(question.message);
        message.txt("short").txt(std::string(300, 'x')).txt("in three", 3).txt("");
        return std::vector<Bytes>{message.bytes()};
    };
    auto found = lookup_texts(texts);
    ASSERT_TRUE(found) << found.error();
    EXPECT_EQ(*found, (Texts{"short", std::string(300, 'x'), "in three", ""}));
}

TEST_F(ResolverTest, NamesTheNameAndTheCauseOfAFailure) {
    const auto no_such_name = [](const DnsQuestion& question) {
        return std::vector<Bytes>{DnsMessage(question.message).error(3).bytes()};
    };
    const auto server_fails = [](const DnsQuestion& question) {
        return std::vector<Bytes>{DnsMessage(question.message).error(2).bytes()};
    };
    auto missing = lookup(Family::v4, no_such_name);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error(), make_error_code(asio::error::host_not_found));
    EXPECT_NE(missing.error().detail().find("example.test"), std::string_view::npos);
    EXPECT_EQ(lookup_texts(no_such_name).error(), make_error_code(asio::error::host_not_found));
    EXPECT_EQ(lookup(Family::v4, server_fails).error(), make_error_code(asio::error::host_not_found_try_again));
}

TEST_F(ResolverTest, TimesOutWhenNobodyAnswers) {
    const auto start = Clock::now();
    auto nothing = lookup(Family::any, silence, "example.test", 200ms);
    ASSERT_FALSE(nothing);
    EXPECT_EQ(nothing.error(), make_error_code(asio::error::timed_out));
    EXPECT_NE(nothing.error().detail().find("example.test"), std::string_view::npos);
    EXPECT_GE(asked_.size(), 2u) << "asks again meanwhile";
    EXPECT_LT(Clock::now() - start, 2s);
    EXPECT_EQ(lookup(Family::any, silence, "example.test", 0ms).error(), make_error_code(asio::error::timed_out));
    EXPECT_EQ(lookup(Family::any, silence, "example.test", 1ms).error(), make_error_code(asio::error::timed_out));
}

TEST_F(ResolverTest, AsksAgainWhenTheFirstQuestionIsLost) {
    int questions = 0;
    const auto second_time = [&](const DnsQuestion& question) {
        return ++questions == 1 ? std::vector<Bytes>() : one_of_each(question);
    };
    EXPECT_EQ(lookup(Family::v4, second_time, "example.test", 2100ms).value(), (Texts{"192.0.2.1"}));
}

TEST_F(ResolverTest, IgnoresAnswersWithAnotherIdOrQuestion) {
    const auto forged = [](const DnsQuestion& question) {
        return std::vector<Bytes>{
            DnsMessage(question.message).id(1).a(66).bytes(),
            DnsMessage(question.message).question(1).a(66).bytes(),
            DnsMessage(question.message).a(1).bytes()
        };
    };
    EXPECT_EQ(lookup(Family::v4, forged).value(), (Texts{"192.0.2.1"}));
}

TEST_F(ResolverTest, AsksOverTcpWhenTheAnswerWasCut) {
    const auto cut = [](const DnsQuestion& question) {
        DnsMessage message(question.message);
        if (!question.is_tcp) {
            return std::vector<Bytes>{message.truncated().bytes()};
        }
        for (std::uint8_t i = 1; i <= 60; ++i) {
            message.a(i);
        }
        return std::vector<Bytes>{message.bytes()};
    };
    EXPECT_EQ(lookup(Family::v4, cut)->size(), 60u);
}

TEST_F(ResolverTest, TakesNoMoreAnswersThanItsBound) {
    for (std::size_t count : {kMaxAnswers - 1, kMaxAnswers, kMaxAnswers + 1, std::size_t{3000}}) {
        const auto many = [count](const DnsQuestion& question) {
            DnsMessage message(question.message);
            if (!question.is_tcp) {
                return std::vector<Bytes>{message.truncated().bytes()};
            }
            for (std::size_t i = 0; i < count; ++i) {
                if (question.type == DnsMessage::kTxt) {
                    message.txt("x");
                } else {
                    message.record(
                        DnsMessage::kA, {192, 0, static_cast<std::uint8_t>(i / 256), static_cast<std::uint8_t>(i)}
                    );
                }
            }
            return std::vector<Bytes>{message.bytes()};
        };
        EXPECT_EQ(lookup(Family::v4, many)->size(), std::min(count, kMaxAnswers)) << count;
        EXPECT_EQ(lookup_texts(many)->size(), std::min(count, kMaxAnswers)) << count;
    }
}

TEST_F(ResolverTest, SurvivesAnswersThatAreCutAnywhere) {
    for (std::size_t size = 0;; ++size) {
        bool complete = false;
        const auto cut = [&](const DnsQuestion& question) {
            DnsMessage message(question.message);
            message.txt("text");
            complete = size >= message.bytes().size();
            message.bytes().resize(std::min(size, message.bytes().size()));
            return std::vector<Bytes>{message.bytes()};
        };
        auto found = lookup_texts(cut, 40ms);
        if (complete) {
            EXPECT_TRUE(lookup_texts(cut, 10s));
            break;
        }
        EXPECT_FALSE(found) << size;
    }
}

TEST_F(ResolverTest, SurvivesHostileAnswers) {
    const std::vector<std::function<void(DnsMessage&)>> spoil{
        [](DnsMessage& m) { m.record({0xc0, 0x2a}, DnsMessage::kTxt, {1, 'x'}); },  // a pointer to itself, about
        [](DnsMessage& m) { m.record(DnsMessage::kCname, {0xc0, 0x0c}); },          // a circle of pointers
        [](DnsMessage& m) { m.record({0xff, 0xff}, DnsMessage::kTxt, {1, 'x'}); },  // a pointer past the end
        [](DnsMessage& m) { m.record(DnsMessage::kTxt, {255, 'x'}); },              // a text past the end
        [](DnsMessage& m) { m.record(DnsMessage::kTxt, {}); },                      // no text
        [](DnsMessage& m) { m.record(DnsMessage::kA, {1, 2, 3}); },                 // an address too short
        [](DnsMessage& m) { m.record(DnsMessage::kA, Bytes(200, 1)); },             // and too long
        [](DnsMessage& m) { m.record(DnsMessage::kAaaa, {1, 2, 3, 4}); },
        [](DnsMessage& m) { m.bytes()[6] = m.bytes()[7] = 0xff; },                    // records that are not there
        [](DnsMessage& m) { m.bytes()[4] = m.bytes()[5] = 0xff; },                    // questions that are not there
        [](DnsMessage& m) { m.bytes()[12] = 0xc0, m.bytes()[13] = 0x0c; },            // a question that is a circle
        [](DnsMessage& m) { m.record(Bytes(300, 63), DnsMessage::kTxt, {1, 'x'}); },  // a name too long
        [](DnsMessage& m) { m.bytes().resize(60'000); },
        [](DnsMessage& m) { m.bytes().assign(3, 0); },
        [](DnsMessage& m) { m.bytes().clear(); },
    };
    for (std::size_t i = 0; i < spoil.size(); ++i) {
        for (bool over_tcp : {false, true}) {
            const auto hostile = [&](const DnsQuestion& question) {
                DnsMessage message(question.message);
                if (over_tcp && !question.is_tcp) {
                    message.truncated();
                } else {
                    spoil[i](message);
                }
                return std::vector<Bytes>{message.bytes()};
            };
            SCOPED_TRACE(i);
            (void)lookup(Family::any, hostile, "example.test", 30ms);
            (void)lookup_texts(hostile, 30ms);
        }
    }
}

TEST_F(ResolverTest, FindsLocalhostWithoutAsking) {
    auto found = lookup(Family::v4, silence, "localhost");
    ASSERT_TRUE(found) << found.error();
    EXPECT_EQ(*found, (Texts{"127.0.0.1"}));
    EXPECT_TRUE(asked_.empty());
}

TEST_F(ResolverTest, RefusesWhatIsNoName) {
    for (const auto& name :
         {std::string(),
          std::string("a b"),
          std::string("a\0b", 3),
          std::string("a\nb"),
          std::string("\xc3\xa4.test"),
          std::string(kMaxNameSize + 1, 'a'),
          std::string(1 << 20, 'a')}) {
        EXPECT_EQ(lookup(Family::v4, one_of_each, name).error(), Errc::invalid_address) << name.size();
    }
    std::string longest;
    while (longest.size() < kMaxNameSize - 1) {
        longest += "a.";
    }
    longest += 'a';
    ASSERT_EQ(longest.size(), kMaxNameSize);
    EXPECT_TRUE(lookup(Family::v4, one_of_each, longest));
    EXPECT_FALSE(lookup(Family::v4, one_of_each, std::string(64, 'a') + ".test")) << "a label too long";
    EXPECT_FALSE(lookup(Family::v4, one_of_each, "a..test"));
}

TEST_F(ResolverTest, FailsCleanlyWhenTheServerListIsWrong) {
    Resolver resolver(io_.get_executor(), 1s, "not a server");
    auto body = [&]() -> awaitable<void> {
        auto found = co_await resolver.addresses("example.test", Family::v4);
        EXPECT_FALSE(found);
    };
    test::run(io_, body());
}

TEST_F(ResolverTest, ManyLookupsWaitForTheirTurn) {
    constexpr int kLookups = 3 * static_cast<int>(kMaxQueries);
    DnsServer server(io_, one_of_each);
    Resolver resolver(io_.get_executor(), 5s, server.address());
    int found = 0;
    const auto before = open_descriptors();
    auto lookup_one = [&]() -> awaitable<void> {
        auto addresses = co_await resolver.addresses("example.test", Family::v4);
        found += addresses ? 1 : 0;
    };
    for (int i = 0; i < kLookups; ++i) {
        asio::co_spawn(io_, lookup_one(), asio::detached);
    }
    while (found < kLookups && io_.run_one_for(2s) > 0) {
        EXPECT_LE(open_descriptors(), before + kMaxQueries + 2);
    }
    EXPECT_EQ(found, kLookups);
    EXPECT_EQ(open_descriptors(), before) << "nothing is left open";
}

TEST_F(ResolverTest, CancelEndsRunningAndWaitingLookups) {
    constexpr int kLookups = 2 * static_cast<int>(kMaxQueries);
    DnsServer server(io_, silence);
    std::optional<Resolver> resolver(std::in_place, io_.get_executor(), 60s, server.address());
    const auto before = open_descriptors();
    for (bool destroy : {false, true}) {
        int started = 0;
        int ended = 0;
        auto lookup_one = [&]() -> awaitable<void> {
            ++started;
            auto found = co_await resolver->addresses("example.test", Family::any);
            EXPECT_EQ(found.error(), make_error_code(asio::error::operation_aborted));
            ++ended;
        };
        for (int i = 0; i < kLookups; ++i) {
            asio::co_spawn(io_, lookup_one(), asio::detached);
        }
        io_.restart();
        while (started < kLookups) {
            io_.run_one();
        }
        io_.run_for(20ms);
        EXPECT_EQ(ended, 0);
        if (destroy) {
            resolver.reset();
        } else {
            resolver->cancel();
        }
        io_.restart();
        while (ended < kLookups && io_.run_one_for(2s) > 0) {
        }
        EXPECT_EQ(ended, kLookups);
        EXPECT_EQ(open_descriptors(), before);
    }
}

TEST_F(ResolverTest, MayBeCancelledAtAnyPoint) {
    DnsServer server(io_, [](const DnsQuestion& question) {
        DnsMessage message(question.message);
        if (!question.is_tcp) {
            message.truncated();
        } else if (question.type == DnsMessage::kA) {
            message.a(1);
        }
        return std::vector<Bytes>{message.bytes()};
    });
    Resolver resolver(io_.get_executor(), 5s, server.address());
    const auto before = open_descriptors();
    int completed = 0;
    for (int steps = 0; completed < 3; ++steps) {
        ASSERT_LT(steps, 2000);
        asio::cancellation_signal signal;
        bool ended = false;
        bool answered = false;
        auto body = [&]() -> awaitable<void> {
            auto found = co_await resolver.addresses("example.test", Family::any);
            answered = found.has_value();
        };
        auto done = asio::bind_cancellation_slot(signal.slot(), [&ended](std::exception_ptr) { ended = true; });
        asio::co_spawn(io_, body(), done);
        io_.restart();
        for (int i = 0; i < steps && !ended; ++i) {
            io_.run_one_for(100ms);
        }
        asio::post(io_, [&signal] { signal.emit(asio::cancellation_type::terminal); });
        const auto start = Clock::now();
        while (!ended) {
            ASSERT_GT(io_.run_one_for(1s), 0u) << steps;
        }
        EXPECT_LT(Clock::now() - start, 1s);
        completed += answered ? 1 : 0;
        io_.restart();
        io_.poll();  // what the server still has to do about closed connections
    }
    io_.run_for(20ms);
    EXPECT_LE(open_descriptors(), before);
}

TEST_F(ResolverTest, TheContextMayDieWithLookupsUnderWay) {
    const auto before = open_descriptors();
    for (int steps = 0; steps < 60; ++steps) {
        asio::io_context io(1);
        DnsServer server(io, steps % 2 == 0 ? silence : one_of_each);
        Resolver resolver(io.get_executor(), 5s, server.address());
        auto body = [&]() -> awaitable<void> { (void)co_await resolver.addresses("example.test", Family::any); };
        asio::co_spawn(io, body(), asio::detached);
        for (int i = 0; i < steps; ++i) {
            io.poll_one();
        }
    }
    EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace libp2p::dns
